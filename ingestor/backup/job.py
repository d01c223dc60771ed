"""One backup from beginning to end: made, copied to a second directory, and old ones removed."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ingestor.backup.folder import copy, rotate
from ingestor.backup.record import BackupError, Record


class Backup(NamedTuple):
    """A backup that is whole: where it is, and what it is."""

    folder: Path
    record: Record


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        backup: It is made, or there would be an error instead.
        copied: Where the copy is, where one was wanted and made.
        removed: The folders that were too many, in both directories.
        faults: What did not go as it was asked beside that.
    """

    backup: Backup
    copied: Path | None
    removed: Sequence[Path]
    faults: Sequence[str]


async def back_up(
    make: Callable[[Path], Awaitable[Backup]], directory: Path, *, keep: int, copy_to: Path | None = None
) -> Outcome:
    """Make one, and what belongs to it.

    Args:
        make: Makes it in a directory.
        directory: That one.
        keep: How many good ones of the same kind, store and buckets stay in each directory; at least 1.
        copy_to: The second directory.

    Raises:
        BackupError: It could not be made; nothing was copied or removed.
        StoreError: The same.
    """
    backup = await make(directory)
    copied: Path | None = None
    removed: list[Path] = []
    faults: list[str] = []
    if copy_to is not None:
        try:
            copied = await copy(backup.folder, copy_to)
        except BackupError as error:
            faults.append(f"no copy was made: {error}")
    for place in [directory, *([copy_to] if copy_to and copied else [])]:
        try:
            removed += await rotate(place, backup.record, keep=keep)
        except BackupError as error:
            faults.append(str(error))
    return Outcome(backup, copied, removed, faults)
