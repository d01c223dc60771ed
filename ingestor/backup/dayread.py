"""Reads a day of a measurement from a store: its counts and hashes, and its readings as a Parquet file if wanted."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from ingestor.backup.days import SeriesPrint, number_of
from ingestor.errors import StoreUnavailableError
from ingestor.files.parquet import schema_of
from ingestor.files.table import Column, Layout
from ingestor.fingerprint import DAY_NS, Fingerprints
from ingestor.reader.question import Interval, Question
from ingestor.reader.source import FieldInfo, Source

_GROUP_ROWS = 250_000
_UTC = ZoneInfo("UTC")
_MONTH = 28  # days of a window in which days are looked for


class Kind(NamedTuple):
    """Readings of a bucket that have the same fields: those, by name."""

    bucket: str
    measurement: str
    fields: Sequence[FieldInfo]


class DayContent(NamedTuple):
    """What there is: readings, the fields that have a value, and counts and hashes of each series."""

    rows: int
    fields: tuple[FieldInfo, ...]
    series: tuple[SeriesPrint, ...]


async def days_of(source: Source, kind: Kind) -> Sequence[int]:
    """The days, counted from 1970, on which there may be readings: all of those weeks in which there are some.

    Raises:
        StoreError: The store cannot be read.
    """
    span = await source.span(kind.bucket, kind.measurement)
    if span is None:
        return []
    first, last = (time_ns // DAY_NS for time_ns in span)
    windows = Interval(_MONTH, "d")
    question = _question(kind, span[0], span[1] + 1, every=windows, functions=("count",))
    found: set[int] = set()
    async with aclosing(source.stream(question)) as batches:
        async for batch in batches:
            for time_ns in set(batch.column(0).cast(pa.int64()).to_pylist()):
                begin = time_ns // DAY_NS
                found.update(range(max(first, begin), min(last, begin + _MONTH) + 1))
    return sorted(found)


async def read_day(source: Source, kind: Kind, day: date, *, into: Path | None = None) -> DayContent | None:
    """What the store has of it on a day; None where that is nothing, and then there is no file.

    Raises:
        StoreError: The store cannot be read.
        FileError: The readings cannot stand in such a file.
        OSError: The file cannot be written.
    """
    prints = Fingerprints(kind.measurement, {field.name: field.type for field in kind.fields})
    begin_ns = number_of(day) * DAY_NS
    names = [field.name for field in kind.fields]
    used: set[str] = set()
    rows = 0

    def take(batch: pa.RecordBatch) -> None:
        nonlocal rows
        rows += batch.num_rows
        columns = batch.columns[batch.num_columns - len(names) :]
        used.update(name for name, column in zip(names, columns, strict=True) if column.null_count < batch.num_rows)
        prints.add(batch)
        if into is not None:
            file.add(batch)

    question = _question(kind, begin_ns, begin_ns + DAY_NS)
    async with _file(into, kind) as file, aclosing(source.stream(question)) as batches:
        async for batch in batches:
            if batch.schema.names[batch.num_columns - len(names) :] != names:
                raise StoreUnavailableError(
                    f"the fields of {kind.measurement} changed while they were read: start again"
                )
            if batch.num_rows:
                await asyncio.to_thread(take, batch)
    if not prints.found:
        return None
    series = sorted(SeriesPrint.of(place.tags, found) for place, found in prints.found.items())
    return DayContent(rows, tuple(field for field in kind.fields if field.name in used), tuple(series))


def _question(
    kind: Kind, start_ns: int, stop_ns: int, *, every: Interval | None = None, functions: tuple[str, ...] = ()
) -> Question:
    names = tuple(field.name for field in kind.fields)
    return Question(kind.bucket, kind.measurement, start_ns, stop_ns, _UTC, {}, names, every=every, functions=functions)


@asynccontextmanager
async def _file(path: Path | None, kind: Kind) -> AsyncIterator["_File"]:
    file = _File(path or Path(), kind)
    try:
        yield file
    finally:
        await asyncio.to_thread(file.close)


class _File:
    """A Parquet file of one measurement, made with the first readings.

    Whoever is cancelled closes it while a thread may still add to it.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self._path = path
        self._kind = kind
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._lock = threading.Lock()
        self._closed = False

    def add(self, batch: pa.RecordBatch) -> None:
        with self._lock:
            if not self._closed:
                self._add(batch)

    def _add(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            tags = tuple(batch.schema.names[1 : batch.num_columns - len(self._kind.fields)])
            schema = schema_of(Layout(self._kind.measurement, tags, tuple(Column(*one) for one in self._kind.fields)))
            self._path.touch(mode=0o600)
            self._writer = pq.ParquetWriter(self._path, schema, compression="zstd")
        columns = [column.cast(kind) for column, kind in zip(batch.columns, self._writer.schema.types, strict=True)]
        self._waiting.append(pa.RecordBatch.from_arrays(columns, schema=self._writer.schema))
        if sum(one.num_rows for one in self._waiting) >= _GROUP_ROWS:
            self._write()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._writer is not None:
                with self._writer:
                    self._write()

    def _write(self) -> None:
        if self._waiting and self._writer is not None:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting.clear()
