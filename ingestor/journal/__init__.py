"""The queue on disk: what is acknowledged to a broker is in here, and every store reads it at its own pace."""

from ingestor.journal.cursor import Cursor
from ingestor.journal.files import JournalFiles
from ingestor.journal.journal import Journal

__all__ = ["Cursor", "Journal", "JournalFiles"]
