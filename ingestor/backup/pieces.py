"""A file, piece by piece, without keeping the event loop waiting for a disk."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from ingestor.backup.record import BackupError

PIECE_BYTES = 2**20


async def pieces(path: Path) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, in pieces of at most 1 MiB.

    Raises:
        BackupError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            while data := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield data
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}") from error
