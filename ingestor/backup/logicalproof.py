"""Restores a logical backup into embedded stores of its own, bucket by bucket, and compares each series and day."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from ingestor.backup.days import read_buckets
from ingestor.backup.doors import doors_of_folder
from ingestor.backup.logicalrestore import LogicalRestore
from ingestor.backup.record import BackupError
from ingestor.backup.verify import Proof


async def prove_logical(folder: Path, *, on_bytes: Callable[[int], None]) -> Proof:
    """What comes back out of a backup. It needs room for its largest bucket where temporary files go.

    Args:
        folder: Of the backup.
        on_bytes: Called with how many more were restored.

    Raises:
        BackupError: It cannot be read.
    """
    counts: dict[str, int] = {}
    problems: list[str] = []
    for info in await asyncio.to_thread(read_buckets, folder):
        with TemporaryDirectory(prefix="ingestor-verify-") as scratch:
            try:
                async with doors_of_folder(Path(scratch)) as doors:
                    (restored,) = await LogicalRestore(doors, "verify", folder).run([info.name])
            except BackupError as error:
                problems.append(f"bucket {info.name}: {error}")
                continue
        counts[info.name] = restored.points
        problems += [f"bucket {info.name}: {problem}" for problem in restored.problems]
        on_bytes(restored.size)
    return Proof(counts, problems)
