"""Gets readings into a store: `Writer` for scripts and notebooks, and the engine that it shares with the service."""

from ingestor.writer.door import Report, SetAside, Writer
from ingestor.writer.engine import SLOW_RETRY_SECS, BatchWriter, OnFault, Outcome
from ingestor.writer.sync import SyncWriter

__all__ = ["SLOW_RETRY_SECS", "BatchWriter", "OnFault", "Outcome", "Report", "SetAside", "SyncWriter", "Writer"]
