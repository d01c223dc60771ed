"""The files of a backup whose record tells all that is known of them, and buckets by name among them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ingestor.backup.record import BackupError, Record, StoredFile
from ingestor.backup.source import Needed, problem_of


class Restored(NamedTuple):
    """A bucket that is there again.

    Attributes:
        bucket: Its name in the backup.
        to: Its name now.
        points: How many it has.
        size: Bytes of the files that it came from.
        problems: What is not as it was.
    """

    bucket: str
    to: str
    points: int
    size: int
    problems: tuple[str, ...] = ()


async def demand_whole(folder: Path, files: Sequence[StoredFile], on_bytes: Callable[[int], None]) -> None:
    """Read all of these files, and see to it that they are as recorded.

    Args:
        folder: Of the backup.
        files: Those that matter.
        on_bytes: Called with how many more were read.

    Raises:
        BackupError: One is not; the text ends by saying that nothing was restored.
    """
    problems = await damages(folder, files, on_bytes)
    if problems:
        more = f", and {len(problems) - 1:,} more problems" if len(problems) > 1 else ""
        raise BackupError(f"{folder}: {problems[0]}{more}; nothing was restored")


async def damages(folder: Path, files: Sequence[StoredFile], on_bytes: Callable[[int], None]) -> Sequence[str]:
    """What is wrong with these files, each by its name; reads all of them."""
    problems = []
    for file in files:
        needed = Needed(file.name, file.size, file.sha256, None, 0)
        if problem := await problem_of(folder / file.name, needed, on_bytes):
            problems.append(f"{file.name} {problem}")
    return problems


def file_of(record: Record, name: str) -> StoredFile:
    """What is recorded of a file.

    Raises:
        BackupError: Nothing.
    """
    for file in record.files:
        if file.name == name:
            return file
    raise BackupError(f"the record names no file {name}, which it should have")


def chosen_buckets(folder: Path, there: Sequence[str], wanted: Sequence[str]) -> Sequence[str]:
    """The buckets that are meant: these, or all.

    Raises:
        BackupError: One of them is not in the backup, or there is none.
    """
    missing = [name for name in wanted if name not in there]
    if missing or not there:
        named = ", ".join(missing) or "at all"
        raise BackupError(f"{folder} has no bucket {named}; there is {', '.join(sorted(there)) or 'none'}")
    return [name for name in there if not wanted or name in wanted]
