"""The directory of backups: which ones there are, which are too many, and a second directory with the same."""

import asyncio
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from ingestor.backup.draft import STAMP, Draft, sync_folder
from ingestor.backup.manifest import SUFFIX
from ingestor.backup.pieces import pieces
from ingestor.backup.record import FILE_NAME, BackupError, Record, read_record

_MADE: Final = re.compile(r"\d{8}T\d{6}Z-.+")
"""How a backup is called when it is made."""


class Found(NamedTuple):
    """A folder that is a backup, or looks like one.

    Attributes:
        folder: Where it is.
        record: What it is; None where another program made it, or the record cannot be read.
        fault: Why the record cannot be read.
    """

    folder: Path
    record: Record | None
    fault: str | None = None

    @property
    def begun(self) -> datetime | None:
        """When it was begun; of another program's, the newest time that a manifest has in its name."""
        if self.record:
            return self.record.begun
        names = sorted(path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        try:
            return datetime.strptime(names[-1], STAMP).replace(tzinfo=UTC)
        except (IndexError, ValueError):
            return None

    @property
    def size(self) -> int:
        """Bytes of all its files, as they are."""
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file() and file.name != FILE_NAME)

    @property
    def looks_good(self) -> bool:
        """Whether nothing is known to be wrong with it, and each file has its size."""
        if self.record is None or (self.record.verified and self.record.verified.problems):
            return False
        return not any(_size(self.folder / file.name) != file.size for file in self.record.files)


def find_backups(directory: Path) -> Sequence[Found]:
    """The backups in a directory, newest first: ours, and those of the command `influx`.

    Raises:
        BackupError: There is no such directory, or it cannot be read.
    """
    try:
        folders = [entry for entry in directory.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
        found = [_found(folder) for folder in folders if _is_backup(folder)]
    except OSError as error:
        raise BackupError(f"{directory} cannot be read: {error.strerror}") from error
    return sorted(found, key=lambda one: one.folder.name, reverse=True)


def too_many(found: Sequence[Found], like: Record, *, keep: int) -> Sequence[Found]:
    """What is older than the newest good ones of the same kind, store and buckets. The last good one never is.

    Args:
        found: Newest first. What has no record of ours, or was given another name, is nobody's business here.
        like: The one just made. What is dated later was made under a wrong clock: it neither counts nor goes.
        keep: How many good ones stay; at least 1.
    """
    ours = [one for one in found if _MADE.fullmatch(one.folder.name)]
    same = [one for one in ours if one.record and one.record.line == like.line and one.record.begun <= like.begun]
    good = [one for one in same if one.looks_good]
    return same[same.index(good[keep - 1]) + 1 :] if len(good) >= keep else []


async def rotate(directory: Path, like: Record, *, keep: int) -> Sequence[Path]:
    """Remove what is too many (see there); returns what was removed.

    Raises:
        BackupError: Something could not be removed.
    """
    found = await asyncio.to_thread(find_backups, directory)
    removed = []
    for one in too_many(found, like, keep=keep):
        try:
            await asyncio.to_thread(_remove, one.folder)
        except OSError as error:
            raise BackupError(f"{one.folder} is too many, and could not be removed: {error.strerror}") from error
        removed.append(one.folder)
    return removed


async def copy(folder: Path, directory: Path, *, on_bytes: Callable[[int], None] = lambda _: None) -> Path:
    """A copy of a backup in another directory, compared with its record while it is made; returns where it is.

    Args:
        folder: Of the backup; it has a record.
        directory: Where the copy goes, under the same name.
        on_bytes: Called with how many more are copied.

    Raises:
        BackupError: It cannot be made, or the backup is damaged.
    """
    record = read_record(folder)
    if record is None:
        raise BackupError(f"{folder} has no {FILE_NAME}")
    async with Draft(directory, folder.name) as draft:
        for file in record.files:
            async with aclosing(pieces(folder / file.name)) as source, draft.create(file.name) as new:
                async for piece in source:
                    await new.write(piece)
                    on_bytes(len(piece))
            if draft.files[-1] != file:
                raise BackupError(f"{folder / file.name} is not what was recorded of it: it was not copied")
        return await draft.finish(record)


def _found(folder: Path) -> Found:
    try:
        return Found(folder, read_record(folder))
    except BackupError as error:
        return Found(folder, None, str(error))


def _is_backup(folder: Path) -> bool:
    return any(entry.name == FILE_NAME or entry.suffix == SUFFIX for entry in folder.iterdir())


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _remove(folder: Path) -> None:
    """Take away its name first: half of a backup must not look like one."""
    part = folder.with_name(f".{folder.name}.part")
    folder.rename(part)
    sync_folder(folder.parent)
    shutil.rmtree(part)
