"""Restores buckets of the embedded store from a backup of it, beside those that are there."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, closing
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ingestor.backup.draft import sync_folder
from ingestor.backup.embedded import CONTENTS, Contents, count_points
from ingestor.backup.pieces import pieces
from ingestor.backup.record import BackupError, Record, demand_record
from ingestor.backup.recorded import Restored, chosen_buckets, demand_whole, file_of
from ingestor.stores.sqlite import bucket_path

_CONTENTS: TypeAdapter[Contents] = TypeAdapter(dict[str, dict[str, int]])
_BESIDE = ("", "-wal", "-shm", "-journal")  # what SQLite would take for a part of the file


class EmbeddedRestore:
    """One restore into one store; the service may run.

    Args:
        place: The folder of the store; it is made where it is not there.
        folder: Of the backup.
        on_progress: Called with the share that is done, from 0 to 1, and with bytes read so far.
    """

    def __init__(
        self, place: Path, folder: Path, *, on_progress: Callable[[float, int], None] = lambda *_: None
    ) -> None:
        self._place = place
        self._folder = folder
        self._on_progress = on_progress
        self._total = self._done = 0

    async def run(self, buckets: Sequence[str] = (), new_bucket: str | None = None) -> Sequence[Restored]:
        """Do it; returns what is there now.

        Args:
            buckets: Only these; all if there is none.
            new_bucket: The name of the one bucket from now on.

        Raises:
            BackupError: It is refused or broke off, and the store is as it was.
        """
        record = await asyncio.to_thread(demand_record, self._folder)
        chosen = chosen_buckets(self._folder, record.buckets, buckets)
        pairs = [(name, new_bucket or name) for name in chosen]
        self._demand_room(pairs)
        files = [file_of(record, bucket_path(Path(), name).name) for name in chosen]
        self._total = 2 * sum(file.size for file in files)
        await demand_whole(self._folder, files, self._add)
        made: list[Path] = []
        restored = []
        try:
            for (name, to), file in zip(pairs, files, strict=True):
                target = bucket_path(self._place, to)
                await self._restore(self._folder / file.name, to, target)
                made.append(target)
                points = await asyncio.to_thread(_points, target)
                restored.append(Restored(name, to, sum(points.values()), file.size))
        except BaseException as error:
            for path in made:
                path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise BackupError(f"{error.filename or self._place}: {error.strerror}; nothing was restored") from error
            raise
        return restored

    def _demand_room(self, pairs: Sequence[tuple[str, str]]) -> None:
        for _, name in pairs:
            path = bucket_path(self._place, name)
            for ending in _BESIDE:
                if (there := path.with_name(path.name + ending)).exists():
                    raise _taken(name, there)

    async def _restore(self, source: Path, name: str, target: Path) -> None:
        """Copy the file under another name, and give it its own unless there is one by then."""
        part = target.with_name(f".{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                async with aclosing(pieces(source)) as all_of_it:
                    async for piece in all_of_it:
                        await asyncio.to_thread(file.write, piece)
                        self._add(len(piece))
                await asyncio.to_thread(_to_disk, file.fileno())
            try:
                os.link(part, target)
            except FileExistsError:
                raise _taken(name, target) from None
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)

    def _add(self, size: int) -> None:
        self._done += size
        self._on_progress(self._done / self._total if self._total else 1.0, self._done)


def recorded_contents(folder: Path, record: Record) -> Contents:
    """How many points each bucket had when the backup was made.

    Raises:
        BackupError: That cannot be read.
    """
    try:
        return _CONTENTS.validate_json((folder / file_of(record, CONTENTS).name).read_bytes())
    except OSError as error:
        raise BackupError(f"{folder / CONTENTS} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise BackupError(f"{folder / CONTENTS} is damaged") from error


def _taken(name: str, path: Path) -> BackupError:
    return BackupError(
        f"{path} is there already, and nothing was restored: say --bucket {name} --new-bucket NAME, or remove that "
        "one before"
    )


def _points(path: Path) -> Mapping[str, int]:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return count_points(connection)
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be read: {error}; nothing was restored") from error


def _to_disk(number: int) -> None:
    os.fsync(number)
