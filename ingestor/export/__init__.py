"""Writes what a store holds into files, in portions, so that it can be broken off and goes on where it was."""

from ingestor.export.formats import suffix_of
from ingestor.export.job import Export, Progress, Summary
from ingestor.export.rows import Choice, Rows, SourceRows
from ingestor.export.sqliterows import SqliteRows

__all__ = ["Choice", "Export", "Progress", "Rows", "SourceRows", "SqliteRows", "Summary", "suffix_of"]
