"""Stores what sensors publish over MQTT: validated, once, and never silently lost."""

__version__ = "0.1.0"
