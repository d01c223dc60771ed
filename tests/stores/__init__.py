"""Tests of each store's own behaviour."""
