"""Restores a backup of the embedded store into a folder of its own, bucket by bucket, and looks at what is there."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from ingestor.backup.embedded import count_points
from ingestor.backup.embeddedrestore import EmbeddedRestore, recorded_contents
from ingestor.backup.record import BackupError, demand_record
from ingestor.backup.verify import Proof
from ingestor.stores.sqlite import bucket_path

_NAMED = 5  # faults of a file


async def prove_embedded(folder: Path, *, on_bytes: Callable[[int], None]) -> Proof:
    """What comes back out of a backup. It needs room for its largest bucket where temporary files go.

    Args:
        folder: Of the backup.
        on_bytes: Called with how many more were restored.

    Raises:
        BackupError: It cannot be read.
    """
    record = await asyncio.to_thread(demand_record, folder)
    contents = await asyncio.to_thread(recorded_contents, folder, record)
    counts: dict[str, int] = {}
    problems: list[str] = []
    for bucket in record.buckets:
        with TemporaryDirectory(prefix="ingestor-verify-") as scratch:
            try:
                (restored,) = await EmbeddedRestore(Path(scratch), folder).run([bucket])
            except BackupError as error:
                problems.append(str(error))
                continue
            counts[bucket] = restored.points
            found = await asyncio.to_thread(_faults, bucket_path(Path(scratch), bucket), contents.get(bucket, {}))
            problems += [f"bucket {bucket}: {fault}" for fault in found]
            on_bytes(restored.size)
    return Proof(counts, problems)


def _faults(path: Path, recorded: Mapping[str, int]) -> Sequence[str]:
    """What SQLite finds wrong in a file, and what is not as it was counted."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_NAMED})") if row[0] != "ok"]
            counts = count_points(connection)
    except sqlite3.Error as error:
        return [f"it cannot be read: {error}"]
    return found if counts == recorded else [*found, f"it has points {counts}, and had {recorded}"]
