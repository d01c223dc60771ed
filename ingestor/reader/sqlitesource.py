"""The embedded store as a source: SQL in a thread, while the service goes on writing."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import unquote

import pyarrow as pa

from ingestor.errors import StoreMisconfiguredError
from ingestor.reader.question import Question, QuestionError
from ingestor.reader.source import FieldInfo
from ingestor.reader.sqlitefile import find, measurements, opened, span
from ingestor.reader.sqliterows import Answer

_OVERFLOW = "sum: the integers of a window are together more than 64 bits can tell: ask for mean, or shorter windows"

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
        return await self._ask(bucket, measurements)

    async def fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        """The fields of a measurement, with the units that the file knows."""

        def ask(connection: sqlite3.Connection) -> Sequence[FieldInfo]:
            place = find(connection, measurement)
            return place.fields if place else ()

        return await self._ask(bucket, ask)

    async def tags(self, bucket: str, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement, and their values."""

        def ask(connection: sqlite3.Connection) -> Mapping[str, Sequence[str]]:
            place = find(connection, measurement)
            return place.values if place else {}

        return await self._ask(bucket, ask)

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of its first and its last reading."""

        def ask(connection: sqlite3.Connection) -> tuple[int, int] | None:
            place = find(connection, measurement)
            return span(connection, place) if place else None

        return await self._ask(bucket, ask)

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
        with opened(self._directory, question.bucket) as connection:
            place = find(connection, question.measurement)
            if place is None:
                return
            try:
                yield from work(Answer(connection, question, place))
            except sqlite3.OperationalError as error:
                if str(error) != "integer overflow":
                    raise
                raise QuestionError(_OVERFLOW) from error

    async def _ask(self, bucket: str, ask: Callable[[sqlite3.Connection], Result]) -> Result:
        def work() -> Result:
            with opened(self._directory, bucket) as connection:
                return ask(connection)

        return await asyncio.to_thread(work)

    def _buckets(self) -> Sequence[str]:
        try:
            return sorted(unquote(path.name.removesuffix(".db")) for path in self._directory.glob("*.db"))
        except OSError as error:
            raise StoreMisconfiguredError(f"{self._directory} cannot be read: {error.strerror}") from error
