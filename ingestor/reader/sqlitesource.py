"""The embedded store as a source: SQL in a thread, while the service goes on writing."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, unquote

import pyarrow as pa

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.reader.question import Question, QuestionError
from ingestor.reader.source import FieldInfo
from ingestor.reader.sqliterows import Answer, find
from ingestor.stores.sqlite import bucket_path, may_pass

_BUSY_SECS = 5.0

Result = TypeVar("Result")


class SqliteSource:
    """Reads the files of a folder. For what its methods raise, see `Source`.

    Args:
        directory: The folder of the store.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass  # no file stays open from one call to the next

    async def buckets(self) -> Sequence[str]:
        """The names of its files, sorted."""
        return await asyncio.to_thread(self._buckets)

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""
        rows = await self._rows(bucket, "SELECT name FROM measurements ORDER BY name")
        return [name for (name,) in rows]

    async def fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        """The fields of a measurement, with the units that the file knows."""
        return await asyncio.to_thread(self._fields, bucket, measurement)

    async def tags(self, bucket: str, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement, and their values."""
        rows = await self._rows(
            bucket,
            "SELECT DISTINCT key, value FROM series JOIN measurements ON measurement = measurements.id,"
            " json_each(series.tags) WHERE name = ? ORDER BY key, value",
            measurement,
        )
        tags: dict[str, list[str]] = {}
        for key, value in rows:
            tags.setdefault(key, []).append(value)
        return tags

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of its first and its last reading."""
        return await asyncio.to_thread(self._span, bucket, measurement)

    async def stream(self, question: Question) -> AsyncGenerator[pa.RecordBatch, None]:
        """The answer; readings as they are come ordered by tags and time."""
        work = Answer.raw if question.every is None else Answer.windows
        async with aclosing(self._batches(question, work)) as batches:
            async for batch in batches:
                yield batch

    async def newest(self, question: Question) -> AsyncGenerator[pa.RecordBatch, None]:
        """The last reading of each field of each series."""
        async with aclosing(self._batches(question, Answer.newest)) as batches:
            async for batch in batches:
                yield batch

    async def _batches(
        self, question: Question, work: Callable[[Answer], Iterator[pa.RecordBatch]]
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """All that is done with the file is done in one thread, one batch ahead of nobody."""
        loop = asyncio.get_running_loop()
        batches = self._answer(question, work)
        with ThreadPoolExecutor(1, thread_name_prefix="sqlite-source") as thread:
            try:
                while (batch := await loop.run_in_executor(thread, next, batches, None)) is not None:
                    yield batch
            finally:
                thread.submit(batches.close)

    def _answer(
        self, question: Question, work: Callable[[Answer], Iterator[pa.RecordBatch]]
    ) -> Generator[pa.RecordBatch, None, None]:
        with self._open(question.bucket) as connection:
            place = find(connection, question.measurement)
            if place is not None:
                yield from work(Answer(connection, question, place))

    async def _rows(self, bucket: str, query: str, *values: object) -> list[tuple[str, ...]]:
        def work() -> list[tuple[str, ...]]:
            with self._open(bucket) as connection:
                return connection.execute(query, values).fetchall()

        return await asyncio.to_thread(work)

    def _buckets(self) -> Sequence[str]:
        try:
            return sorted(unquote(path.name.removesuffix(".db")) for path in self._directory.glob("*.db"))
        except OSError as error:
            raise StoreMisconfiguredError(f"{self._directory} cannot be read: {error.strerror}") from error

    def _fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        with self._open(bucket) as connection:
            place = find(connection, measurement)
        return place.fields if place else ()

    def _span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        with self._open(bucket) as connection:
            place = find(connection, measurement)
            if place is None:
                return None
            ends = [
                connection.execute(
                    f"SELECT {end}(time) FROM {place.table} WHERE series = ?",
                    (number,),
                ).fetchone()[0]
                for number in place.series
                for end in ("min", "max")
            ]
        times = [time for time in ends if time is not None]
        return (min(times), max(times)) if times else None

    @contextmanager
    def _open(self, bucket: str) -> Iterator[sqlite3.Connection]:
        path = bucket_path(self._directory, bucket)
        if not path.exists():
            raise BucketError(bucket, f"there is no bucket {bucket!r}: {path} is not there")
        try:
            with closing(_connect(path)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise _explained(error, bucket, path) from error


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; on a medium that cannot be written at all, nobody else does either."""
    beside_wal = path.with_name(f"{path.name}-wal").exists()
    still = "" if beside_wal or os.access(path.parent, os.W_OK) else "&immutable=1"
    address = f"file:{quote(str(path))}?mode=ro{still}"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECS, isolation_level=None, check_same_thread=False)


def _explained(error: sqlite3.Error, bucket: str, path: Path) -> StoreError | QuestionError:
    if str(error) == "integer overflow":
        return QuestionError(
            "sum: the integers of a window are together more than 64 bits can tell: ask for mean, or shorter windows"
        )
    if may_pass(error):
        return StoreUnavailableError(f"{path}: {error}")
    return BucketError(bucket, f"{path} cannot be read: {error}")
