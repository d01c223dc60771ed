"""What is stored, as Arrow tables: the door for scripts, notebooks, commands and pages."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self, Unpack
from zoneinfo import ZoneInfo

import pyarrow as pa

from ingestor.errors import BucketError
from ingestor.reader.aggregate import derive, fill, in_order
from ingestor.reader.gaps import Gaps
from ingestor.reader.question import Question, QuestionError, Where, column, parse_interval, parse_name, parse_zone
from ingestor.reader.shape import Column, columns, schema
from ingestor.reader.source import FieldInfo, Source
from ingestor.reader.sources import make_source, source_at
from ingestor.reader.window import edges, length_ns
from ingestor.reader.wish import Asked, Grouping, Span, Wish, check_arguments, store_function, understand
from ingestor.stores import choose

if TYPE_CHECKING:
    from ingestor.reader.sync import SyncReader

_BATCH_ROWS = 65_536


class Reader:
    """Gives back what is stored. Use it as an async context manager, or `sync()` where nothing is async.

    Every method may raise QuestionError (the question cannot be asked so), StoreUnavailableError,
    StoreMisconfiguredError and BucketError (no such bucket), in words for a person.

    Args:
        store: Where it is: `sqlite:FOLDER`, `influxdb://TOKEN@HOST:8086/ORG` (`influxdbs://` with TLS), or a source.
        zone: The time zone of windows, and of the times in answers, where a question names none.

    Raises:
        QuestionError: The address or the time zone cannot be used.
    """

    def __init__(self, store: str | Source, *, zone: str | ZoneInfo = "UTC") -> None:
        self._zone = parse_zone(zone)
        self._source = source_at(store) if isinstance(store, str) else store
        self._streams: set[AsyncGenerator[pa.RecordBatch, None]] = set()

    @classmethod
    def from_config(cls, path: Path | str | None = None, *, store: str | None = None) -> Self:
        """A reader of a store of the configuration, in its time zone. The service need not run.

        Args:
            path: The configuration file; None for `config.yaml` in the working directory.
            store: Which of its stores; not needed where there is only one.

        Raises:
            ConfigError: The configuration cannot be used, or it is not clear which store is meant.
        """
        from ingestor import configfile  # noqa: PLC0415 - an address needs no configuration, and it loads slowly

        config = configfile.load(None if path is None else Path(path), environ=os.environ)
        return cls(make_source(config, choose(config, store)), zone=config.timezone)

    def sync(self) -> "SyncReader":
        """The same for code that is not async, also inside of a notebook: `with Reader.from_config().sync() as r:`."""
        from ingestor.reader.sync import SyncReader  # noqa: PLC0415 - it knows us

        return SyncReader(self)

    async def __aenter__(self) -> Self:
        await self._source.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is still being read, and let go of the store."""
        try:
            while self._streams:
                await self._streams.pop().aclose()
        finally:
            await self._source.__aexit__(kind, error, trace)

    async def read(self, bucket: str, *, measurement: str | None = None, **wish: Unpack[Wish]) -> pa.Table:
        """One table: time, tags, and a column a field with its unit in the metadata; ordered by tags and time.

        Args:
            bucket: Where the readings are.
            measurement: Of which kind; not needed where the bucket holds only one.
            **wish: `last`, or `start` and `stop`: which time. `where`: tags and the values they may have, one or
                several. `fields`: which of them. `every`: the length of windows, of which the answer has a row each
                for a series; without it, the readings as they are come. `function`, or several `functions`: what is
                made of a window (mean). `fill`: what a window without readings gets: "none" (no row), "null",
                "previous", "linear", or a number. `zone`: where a day begins.
        """
        return await self._read(await self._resolved(self._understand(bucket, wish), measurement))

    async def read_all(self, bucket: str, **wish: Unpack[Wish]) -> Mapping[str, pa.Table]:
        """A table for each measurement of the bucket; with `fields`, for each that has one of them."""
        asked = self._understand(bucket, wish)
        tables = {}
        for measurement in await self._source.measurements(bucket):
            question = replace(asked.question, measurement=measurement)
            known = await self._source.fields(bucket, measurement)
            if question.fields is not None:
                question = replace(question, fields=_known(question.fields, known))
            resolved = _Resolved.of(question, asked.grouping, known)
            if question.fields != () and resolved.wanted():
                tables[measurement] = await self._read(resolved)
        return tables

    async def stream(
        self, bucket: str, *, measurement: str | None = None, **wish: Unpack[Wish]
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """The same as `read` in batches of at most about 100,000 rows, in memory that does not grow with the answer.

        Within a stretch of time rows are ordered by tags and time; stretches follow each other. What is filled, and
        differences and rates, are made of the whole answer, which is held for it.
        """
        resolved = await self._resolved(self._understand(bucket, wish), measurement)
        if resolved.is_plain:
            async with aclosing(self._source.stream(resolved.question)) as batches:
                self._streams.add(batches)
                try:
                    async for batch in batches:
                        yield _plain(batch)
                    if batches not in self._streams:
                        raise RuntimeError("the reader was left before all of its answer was read")
                finally:
                    self._streams.discard(batches)
            return
        for batch in (await self._read(resolved)).to_batches(max_chunksize=_BATCH_ROWS):
            yield batch

    async def buckets(self) -> Sequence[str]:
        """The names of all buckets, sorted."""
        return await self._source.buckets()

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""
        return await self._source.measurements(parse_name(bucket, of="bucket"))

    async def fields(self, bucket: str, measurement: str | None = None) -> Sequence[FieldInfo]:
        """The fields of a measurement, with their types and units, sorted by name."""
        return await self._source.fields(bucket, await self._measurement(bucket, measurement))

    async def tags(self, bucket: str, measurement: str | None = None) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement and the values that occur, sorted."""
        return await self._source.tags(bucket, await self._measurement(bucket, measurement))

    async def last(
        self,
        bucket: str,
        *,
        measurement: str | None = None,
        where: Where | None = None,
        fields: str | Iterable[str] | None = None,
        **span: Unpack[Span],
    ) -> pa.Table:
        """The newest value of every series, of all time or of the time that is named.

        A series has a row for each time at which one of its fields was read last: one, where it reports all at once.
        """
        asked = self._understand(bucket, _wish(span, where, fields), all_time=True)
        resolved = await self._resolved(asked, measurement)
        return await self._table(resolved, self._source.newest(resolved.question))

    async def gaps(
        self,
        bucket: str,
        expected: str,
        *,
        measurement: str | None = None,
        where: Where | None = None,
        fields: str | Iterable[str] | None = None,
        **span: Unpack[Span],
    ) -> pa.Table:
        """Where data is missing: tags, `from`, `to`, and how many readings are `missing`, ordered by tags and time.

        Args:
            bucket: Where the readings are.
            expected: How often a series should be read, `1m`. More than one and a half times that without a reading
                is a gap; so is the time from `start` to the first one, and from the last one to `stop`.
            measurement: Of which kind; not needed where the bucket holds only one.
            where: Tags and the values they may have.
            fields: Which fields count; None for any. A series without a reading in that time is not known.
            **span: `last`, or `start` and `stop`, and `zone`.
        """
        interval = parse_interval(expected, of="expected")
        asked = self._understand(bucket, _wish(span, where, fields))
        resolved = await self._resolved(asked, measurement)
        question = resolved.question
        gaps = Gaps(length_ns(interval), start_ns=question.start_ns, stop_ns=question.stop_ns, zone=question.zone)
        async for batch in self._source.stream(question):
            gaps.look_at(_plain(batch), resolved.tags_of(batch.schema))
        tags = await self._source.tags(bucket, question.measurement)
        return gaps.table(sorted(tags))

    def _understand(self, bucket: str, wish: Wish, *, all_time: bool = False) -> Asked:
        return understand(bucket, wish, zone=self._zone, now_ns=time.time_ns(), all_time=all_time)

    async def _read(self, resolved: "_Resolved") -> pa.Table:
        table = await self._table(resolved, self._source.stream(resolved.question))
        if resolved.is_plain:
            return table
        return await asyncio.to_thread(_derived, table, resolved)  # of millions of windows it takes seconds

    async def _table(self, resolved: "_Resolved", batches: AsyncGenerator[pa.RecordBatch, None]) -> pa.Table:
        """All of them, in order; with the columns that it would have, where there are none."""
        question = resolved.question
        taken = [_plain(batch) async for batch in batches]
        if not taken:
            tags = await self._source.tags(question.bucket, question.measurement)
            return schema(question, tags, columns(question, resolved.known)).empty_table()
        table = pa.Table.from_batches(taken)
        return in_order(table, resolved.tags_of(table.schema))

    async def _resolved(self, asked: Asked, measurement: str | None) -> "_Resolved":
        """The question with its measurement, after a look at which fields there are."""
        bucket = asked.question.bucket
        question = replace(asked.question, measurement=await self._measurement(bucket, measurement))
        known = await self._source.fields(bucket, question.measurement)
        if not known:
            names = ", ".join(await self._existing(bucket)) or "none yet"
            raise QuestionError(f"bucket {bucket!r} has no measurement {question.measurement!r}; there is: {names}")
        resolved = _Resolved.of(question, asked.grouping, known)
        _check_fields(question, resolved)
        return resolved

    async def _measurement(self, bucket: str, measurement: str | None) -> str:
        """The one that is meant.

        Raises:
            QuestionError: There are several, or none.
        """
        parse_name(bucket, of="bucket")
        if measurement is not None:
            return parse_name(measurement, of="measurement")
        names = await self._existing(bucket)
        if len(names) == 1:
            return names[0]
        if not names:
            raise QuestionError(f"bucket {bucket!r} is empty: it holds no measurement yet")
        raise QuestionError(
            f"bucket {bucket!r} has several measurements: {', '.join(names)}. Say which, measurement={names[0]!r}, "
            "or take a table of each with read_all"
        )

    async def _existing(self, bucket: str) -> Sequence[str]:
        """Its measurements; a bucket without any may be one that is not there.

        Raises:
            BucketError: It is not.
        """
        names = await self._source.measurements(bucket)
        if not names and bucket not in (buckets := await self._source.buckets()):
            raise BucketError(bucket, f"there is no bucket {bucket!r}; there is: {', '.join(buckets) or 'none yet'}")
        return names


class _Resolved(NamedTuple):
    """A question that is ready to be put; in it are the functions that a store works out."""

    question: Question
    grouping: Grouping
    known: Sequence[FieldInfo]

    @classmethod
    def of(cls, question: Question, grouping: Grouping, known: Sequence[FieldInfo]) -> Self:
        """The same without the fields of which nothing is made: they would give rows without values."""
        found = columns(replace(question, functions=grouping.functions), known)
        if question.functions != grouping.functions:
            question = replace(question, fields=tuple(dict.fromkeys(each.field.name for each in found)))
        return cls(question, grouping, known)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is to be made of what the store answers."""
        return self.grouping.fill == "none" and self.question.functions == self.grouping.functions

    def tags_of(self, found: pa.Schema) -> Sequence[str]:
        """Which columns of an answer are tags: those between the time and the values."""
        return list(found.names)[1 : len(found) - len(columns(self.question, self.known))]

    def wanted(self) -> Sequence[tuple[Column, str]]:
        """The columns that were asked for, and the columns of the store's answer that they are made of."""
        asked = columns(replace(self.question, functions=self.grouping.functions), self.known)
        return [(of, column(of.field.name, store_function(of.function), self.question.functions)) for of in asked]

    def windows(self) -> Sequence[int]:
        """The beginnings of all windows."""
        every, question = self.grouping.every, self.question
        if every is None:
            return ()
        return list(edges(every, question.zone, start_ns=question.start_ns, stop_ns=question.stop_ns))[:-1]


def _derived(table: pa.Table, resolved: _Resolved) -> pa.Table:
    """What the reader itself makes of the store's answer."""
    tags = resolved.tags_of(table.schema)
    table = derive(table, tags, resolved.wanted())
    how = resolved.grouping.fill
    return table if how == "none" else fill(table, tags, windows=resolved.windows(), how=how)


def _wish(span: Span, where: Where | None, fields: str | Iterable[str] | None) -> Wish:
    check_arguments(span, Span.__optional_keys__)
    return {
        "last": span.get("last"),
        "start": span.get("start"),
        "stop": span.get("stop"),
        "zone": span.get("zone"),
        "where": where,
        "fields": fields,
    }


def _check_fields(question: Question, resolved: _Resolved) -> None:
    names = {field.name for field in resolved.known}
    if unknown := [name for name in question.fields or () if name not in names]:
        raise QuestionError(
            f"measurement {question.measurement!r} has no field {', '.join(map(repr, unknown))}; "
            f"there is: {', '.join(sorted(names))}"
        )
    if not resolved.wanted():
        raise QuestionError(
            f"{', '.join(resolved.grouping.functions)} is made of numbers, and none of these fields is one: "
            "ask for first, last or count"
        )


def _known(names: Iterable[str], known: Sequence[FieldInfo]) -> tuple[str, ...]:
    there = {field.name for field in known}
    return tuple(name for name in names if name in there)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """With tags as text, whatever a source sends them as."""
    if not any(pa.types.is_dictionary(field.type) for field in batch.schema):
        return batch
    wanted = pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in batch.schema
        ]
    )
    return batch.cast(wanted)
