"""Moves readings from any store to any other, and shows that they are the same there."""
