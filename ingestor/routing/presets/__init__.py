"""Families of devices that need no models and routes of their own; one family a file."""
