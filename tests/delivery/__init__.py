"""Tests of the way from the journal to a store."""
