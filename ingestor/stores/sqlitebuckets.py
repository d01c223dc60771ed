"""The buckets of the embedded store: its files, seen, made, described and removed as commands do it."""

import asyncio
import errno
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import BucketInfo, FieldType, StoredPoint, Value
from ingestor.stores.bucketfile import BucketFile
from ingestor.stores.sqlite import bucket_path, may_pass

_BESIDE = ("", "-wal", "-shm")  # what SQLite calls the files of one database

# No measurement gets a view of this name: those that begin with points_ are taken for the file itself.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS points_retention (
    id INTEGER PRIMARY KEY CHECK (id = 1), description TEXT NOT NULL, retention_secs REAL
)
"""


class SqliteBuckets:
    """Sees and changes them, also while the service runs. Description and retention are kept in the bucket's file.

    For what its methods raise, see `ports.Buckets`. The retention is recorded here, and kept by `retention.Expiry`.

    Args:
        directory: The folder of the files; made when it is needed.
        busy_secs: How long to wait for another process that writes in a file.
    """

    def __init__(self, directory: Path, *, busy_secs: float = 5.0) -> None:
        self._directory = directory
        self._busy_secs = busy_secs

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass  # no file stays open from one call to the next

    async def list(self) -> Sequence[BucketInfo]:
        """One for each file, sorted by name."""
        return await asyncio.to_thread(self._list)

    async def create(self, bucket: BucketInfo) -> None:
        """Make the file, and note in it what it is for."""
        await asyncio.to_thread(self._create, bucket)

    async def change(self, bucket: BucketInfo) -> None:
        """Note another description and retention."""
        await asyncio.to_thread(self._change, bucket)

    async def remove(self, name: str) -> None:
        """Delete the file."""
        await asyncio.to_thread(self._remove, name)

    async def points(self, name: str) -> Sequence[StoredPoint]:
        """All that is in a small bucket."""
        return await asyncio.to_thread(self._points, name)

    def _list(self) -> Sequence[BucketInfo]:
        names = [unquote(path.name.removesuffix(".db")) for path in self._directory.glob("*.db")]
        return [self._info(name) for name in sorted(names)]

    def _info(self, name: str) -> BucketInfo:
        with self._open(name) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'points_retention'").fetchone():
                return BucketInfo(name)
            row = connection.execute("SELECT description, retention_secs FROM points_retention").fetchone()
        return BucketInfo(name, *row) if row else BucketInfo(name)

    def _create(self, bucket: BucketInfo) -> None:
        path = bucket_path(self._directory, bucket.name)
        with self._explained(bucket.name):
            if path.exists():
                raise BucketError(bucket.name, f"{path} is there already")
            self._directory.mkdir(parents=True, exist_ok=True)
            BucketFile(path).close()
        self._change(bucket)

    def _change(self, bucket: BucketInfo) -> None:
        with self._open(bucket.name) as connection, connection:
            connection.execute(_SCHEMA)
            connection.execute(
                "INSERT OR REPLACE INTO points_retention (id, description, retention_secs) VALUES (1, ?, ?)",
                (bucket.description or "", bucket.retention_secs),
            )

    def _remove(self, name: str) -> None:
        path = self._existing(name)
        with self._explained(name):
            for ending in _BESIDE:
                path.with_name(path.name + ending).unlink(missing_ok=True)

    def _points(self, name: str) -> Sequence[StoredPoint]:
        with self._open(name) as connection:
            measurements = connection.execute("SELECT id, name FROM measurements ORDER BY id").fetchall()
            return [point for number, measurement in measurements for point in _read(connection, number, measurement)]

    def _existing(self, name: str) -> Path:
        path = bucket_path(self._directory, name)
        with self._explained(name):
            if not path.exists():
                raise BucketError(name, f"there is no {path}")
        return path

    @contextmanager
    def _open(self, name: str) -> Iterator[sqlite3.Connection]:
        path = self._existing(name)
        with self._explained(name), closing(sqlite3.connect(path, timeout=self._busy_secs)) as connection:
            yield connection

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Put faults of the file into words."""
        path = bucket_path(self._directory, name)
        try:
            yield
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise BucketError(name, "its name is too long for a file") from error
            raise StoreMisconfiguredError(f"{path} cannot be used: {error.strerror}") from error
        except sqlite3.Error as error:
            if may_pass(error):
                raise StoreUnavailableError(f"{path}: {error}") from error
            raise BucketError(name, f"{path}: {error}") from error


def _read(connection: sqlite3.Connection, number: int, measurement: str) -> Iterator[StoredPoint]:
    fields = connection.execute(
        "SELECT id, name, type FROM fields WHERE measurement = ? ORDER BY id", (number,)
    ).fetchall()
    columns = "".join(f", p.f{field}" for field, _, _ in fields)
    rows = connection.execute(
        f"SELECT s.tags, p.time{columns} FROM points_{number} p"  # noqa: S608 - numbers
        " JOIN series s ON s.id = p.series ORDER BY s.id, p.time"
    )
    for tags, time_ns, *values in rows:
        stored = {
            name: _typed(value, FieldType(kind))
            for (_, name, kind), value in zip(fields, values, strict=True)
            if value is not None
        }
        yield StoredPoint(measurement, tuple(sorted(json.loads(tags).items())), time_ns, stored)


def _typed(value: Value, kind: FieldType) -> Value:
    """SQLite has no truth values."""
    return bool(value) if kind is FieldType.BOOL else value
