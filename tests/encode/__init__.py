"""Tests of what encodes points for stores."""
