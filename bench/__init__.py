"""Measurements against real processes; see README.md in this folder."""
