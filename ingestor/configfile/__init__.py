"""Reads the configuration: `config.yaml`, secret files and the environment into one `config.Config`."""

from ingestor.configfile.loader import load, located

__all__ = ["load", "located"]
