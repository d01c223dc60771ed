"""Reads files into a store: what can be stored is, and the rest is named with its reasons."""

from ingestor.importing.job import DEADLINE_SECS, Import, Progress, Summary
from ingestor.importing.sources import Options

__all__ = ["DEADLINE_SECS", "Import", "Options", "Progress", "Summary"]
