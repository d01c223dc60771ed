"""Whether a backup is what its record and its manifest say, read from the disk."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from ingestor.backup.record import FILE_NAME, INFLUXDB, BackupError, Record
from ingestor.backup.source import note_verified, open_source, problems_of

FILES: Final = "files"
"""How far this goes: each file has its size, its hash, and can be unpacked to its end."""


class Verdict(NamedTuple):
    """What a verification found.

    Attributes:
        record: What the backup is, with the verification noted; None where another program made it.
        files: How many were read.
        size: Bytes of them.
        problems: What is wrong.
    """

    record: Record | None
    files: int
    size: int
    problems: Sequence[str]


async def verify(
    folder: Path,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_progress: Callable[[float, int], None] = lambda *_: None,
) -> Verdict:
    """Read all of a backup, and note in its record what was found.

    Args:
        folder: Of the backup.
        now: The time.
        on_progress: Called with the share that was read, from 0 to 1, and bytes so far.

    Raises:
        BackupError: It is no backup, or cannot be looked at; or what was found cannot be noted.
    """
    source = await asyncio.to_thread(open_source, folder)
    if source.record and source.record.kind != INFLUXDB:
        raise BackupError(f"{folder / FILE_NAME} is of kind {source.record.kind}, which is not known here")
    needed = source.needed(source.manifest.buckets, metadata=True)
    needed = [*needed, *source.others(needed)]
    total, done = sum(one.size for one in needed), 0

    def add(size: int) -> None:
        nonlocal done
        done += size
        on_progress(done / total if total else 1.0, done)

    problems = await problems_of(source, needed, on_bytes=add)
    record = source.record
    if record:
        record = await asyncio.to_thread(note_verified, folder, record, at=now(), how=FILES, problems=problems)
    return Verdict(record, len(needed), total, problems)
