"""Backs the embedded store up while it is written: the file of each bucket as it was at one moment.

A batch of the writer is one transaction in the file of each bucket that it has points of, and batches come one after
another in the order of the journal. A copy shows what one transaction after the other made of a file, up to one of
them: it is what the store had of that bucket at one position of the journal. Several buckets are copied one after
another, each at a position of its own.
"""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from ingestor import __version__
from ingestor.backup.draft import Draft, free_name
from ingestor.backup.job import Backup
from ingestor.backup.record import SQLITE, BackupError, Record
from ingestor.backup.recorded import chosen_buckets
from ingestor.stores.sqlite import bucket_path

CONTENTS = "contents.json"
"""How many points each bucket had of each measurement, in the copy that was made."""

Contents = Mapping[str, Mapping[str, int]]

_BUSY_SECS = 10.0
_PAGES = 256  # of 4 KiB, between two looks at whether to go on


class EmbeddedBackup:
    """One backup of one store. It needs room for all of its files, and reads each of them once.

    Args:
        place: The folder of the store.
        store: Its name in the configuration.
        buckets: Only these; all if there is none.
        on_progress: Called with the share that is copied, from 0 to 1, and with bytes so far.
    """

    def __init__(
        self,
        place: Path,
        store: str,
        buckets: Sequence[str] = (),
        *,
        on_progress: Callable[[float, int], None] = lambda *_: None,
    ) -> None:
        self._place = place
        self._store = store
        self._wanted = buckets
        self._on_progress = on_progress
        self._total = self._done = 0

    async def run(self, directory: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Backup:
        """Make it, in a new folder of this directory.

        Raises:
            BackupError: A bucket is not there or cannot be read, or the disk does not take it.
        """
        begun = now()
        buckets = await asyncio.to_thread(self._choose)
        name, _ = free_name(directory, self._store, begun)
        contents: dict[str, Mapping[str, int]] = {}
        async with Draft(directory, name) as draft:
            for bucket in buckets:
                copy = bucket_path(draft.folder, bucket)
                contents[bucket] = await self._copy(bucket_path(self._place, bucket), copy)
                await draft.adopt(copy.name)
            async with draft.create(CONTENTS) as file:
                await file.write(f"{json.dumps(contents, indent=2, ensure_ascii=False)}\n".encode())
            record = Record(
                kind=SQLITE,
                store=self._store,
                version=__version__,
                begun=begun,
                ended=now(),
                whole=not self._wanted,
                buckets=tuple(buckets),
                files=tuple(draft.files),
            )
            return Backup(await draft.finish(record), record)

    def _choose(self) -> Sequence[str]:
        names = sorted(unquote(path.name.removesuffix(".db")) for path in self._place.glob("*.db"))
        chosen = chosen_buckets(self._place, names, self._wanted)
        self._total = sum(bucket_path(self._place, name).stat().st_size for name in chosen)
        return chosen

    async def _copy(self, source: Path, copy: Path) -> Mapping[str, int]:
        """Copy a file, and count what is in the copy. Cancelled, it ends before anything else goes on."""
        stop = threading.Event()
        work = asyncio.create_task(asyncio.to_thread(self._copy_in_thread, source, copy, stop))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            with suppress(BackupError, _StoppedError):
                await work
            raise

    def _copy_in_thread(self, source: Path, copy: Path, stop: threading.Event) -> Mapping[str, int]:
        try:
            copy.touch(mode=0o600)
            address = f"file:{quote(str(source.absolute()))}?mode=rw"
            with (
                closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECS, isolation_level=None)) as reading,
                closing(sqlite3.connect(copy, isolation_level=None)) as writing,
            ):
                # The copy is of this moment: while the transaction lasts nobody's writing begins the work anew.
                reading.execute("BEGIN")
                reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                writing.execute("PRAGMA journal_mode = OFF")  # half of a copy is of no use
                writing.execute("PRAGMA synchronous = OFF")
                reading.backup(writing, pages=_PAGES, progress=self._pace(stop))
                writing.execute("PRAGMA journal_mode = DELETE")  # one file, which others may open where it is
                return count_points(writing)
        except sqlite3.Error as error:
            raise BackupError(
                f"{source} cannot be copied to {copy.parent.parent}: {error}; of this backup nothing was kept"
            ) from error
        except OSError as error:
            raise BackupError(f"{copy}: {error.strerror}; of this backup nothing was kept") from error

    def _pace(self, stop: threading.Event) -> Callable[[int, int, int], None]:
        """Called between two pieces: waits as long as the last one took, so that half of the disk is the writer's."""
        before, began = self._done, time.monotonic()

        def step(_: int, remaining: int, total: int) -> None:
            nonlocal began
            self._done = before + (total - remaining) * 4096
            self._on_progress(min(1.0, self._done / max(1, self._total)), self._done)
            if stop.wait(time.monotonic() - began if remaining else 0):
                raise _StoppedError
            began = time.monotonic()

        return step


class _StoppedError(Exception):
    """Whoever wanted the copy does not any more."""


def count_points(connection: sqlite3.Connection) -> Mapping[str, int]:
    """How many points a bucket's file has of each measurement.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    names = connection.execute("SELECT id, name FROM measurements ORDER BY name").fetchall()
    return {
        name: int(connection.execute(f"SELECT count(*) FROM points_{number}").fetchone()[0])  # noqa: S608 - a number
        for number, name in names
    }
