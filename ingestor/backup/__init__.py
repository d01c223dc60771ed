"""Copies of all that a store holds, in dated folders that are whole or not there, and the way back."""
