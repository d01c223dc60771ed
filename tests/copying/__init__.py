"""Tests of moving readings from one store to another."""
