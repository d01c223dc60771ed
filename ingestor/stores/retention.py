"""Deletes from the embedded store what is older than its buckets keep, while the service writes.

SQLite lets one connection write at a time. So this deletes in transactions of a few milliseconds, and after each leaves
the file to others for at least as long: who writes waits for that moment at most. The room that becomes free is filled
by what comes; the file does not shrink. Series stay, also those that have no points any more: the service knows them by
their numbers.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from ingestor.errors import BucketError, StoreError, StoreUnavailableError
from ingestor.ports import BucketInfo
from ingestor.stores.sqlite import bucket_path, may_pass

_BUSY_SECS: Final = 10.0
_FIRST_NS: Final = -(2**63)  # of the times that there are
_ROWS: Final = 500  # of a series, in one statement
_PIECE_SECS: Final = 0.01
"""So long a transaction goes on to delete; what follows is its commit."""


class Expiry:
    """Deletes the expired points of buckets.

    Args:
        directory: The folder of the store.
        now_ns: What the clock says.
    """

    def __init__(self, directory: Path, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._directory = directory
        self._now_ns = now_ns

    async def run(self, buckets: Sequence[BucketInfo]) -> "Expired":
        """Delete what is too old in these buckets; of those that keep all, nothing.

        Cancelled, it ends after the transaction that it is in; what is deleted stays deleted.
        """
        expired = Expired()
        for bucket in buckets:
            if bucket.retention_secs is not None:
                oldest_ns = max(self._now_ns() - int(bucket.retention_secs * 10**9), _FIRST_NS)
                try:
                    expired.deleted[bucket.name] = await self._bucket(bucket.name, oldest_ns)
                except StoreError as error:
                    expired.faults[bucket.name] = str(error)
        return expired

    async def _bucket(self, name: str, oldest_ns: int) -> int:
        stop = threading.Event()
        work = asyncio.create_task(asyncio.to_thread(self._in_thread, name, oldest_ns, stop))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            with suppress(StoreError):
                await work
            raise

    def _in_thread(self, name: str, oldest_ns: int, stop: threading.Event) -> int:
        path = bucket_path(self._directory, name)
        try:
            address = f"{path.absolute().as_uri()}?mode=rw"
            connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECS, isolation_level=None)
            with closing(connection):
                return _Deletion(connection, oldest_ns, stop).run()
        except sqlite3.Error as error:
            if may_pass(error):
                raise StoreUnavailableError(f"{path}: {error}") from error
            raise BucketError(name, f"{path}: {error}") from error


class Expired:
    """What came of it.

    Attributes:
        deleted: How many points were deleted, by bucket.
        faults: Of the buckets in which it could not be done, why.
    """

    def __init__(self) -> None:
        self.deleted: dict[str, int] = {}
        self.faults: dict[str, str] = {}


class _Deletion:
    """Deletes from one file, piece by piece."""

    def __init__(self, connection: sqlite3.Connection, oldest_ns: int, stop: threading.Event) -> None:
        self._connection = connection
        self._oldest_ns = oldest_ns
        self._stop = stop
        self._deleted = 0

    def run(self) -> int:
        """All of it; how many points that were."""
        series = self._connection.execute("SELECT measurement, id FROM series ORDER BY measurement, id").fetchall()
        left = [place for place in reversed(series) if self._has_old(*place)]
        while left and not self._stop.is_set():
            began = time.monotonic()
            self._connection.execute("BEGIN IMMEDIATE")
            while left and time.monotonic() - began < _PIECE_SECS:
                count = self._delete(*left[-1])
                self._deleted += count
                if count < _ROWS:
                    left.pop()
            self._connection.execute("COMMIT")
            self._stop.wait(max(_PIECE_SECS, time.monotonic() - began))
        return self._deleted

    def _has_old(self, table: int, series: int) -> bool:
        query = f"SELECT 1 FROM points_{table} WHERE series = ? AND time < ? LIMIT 1"  # noqa: S608 - a number
        return self._connection.execute(query, (series, self._oldest_ns)).fetchone() is not None

    def _delete(self, table: int, series: int) -> int:
        times = f"SELECT time FROM points_{table} WHERE series = :series AND time < :oldest ORDER BY time LIMIT :rows"  # noqa: S608
        statement = f"DELETE FROM points_{table} WHERE series = :series AND time IN ({times})"  # noqa: S608
        values: Mapping[str, int] = {"series": series, "oldest": self._oldest_ns, "rows": _ROWS}
        return self._connection.execute(statement, values).rowcount
