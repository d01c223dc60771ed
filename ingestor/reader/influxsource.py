"""An InfluxDB as a source: what there is by InfluxQL, which is exact and fast, and readings by Flux."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
import pyarrow as pa

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.reader import flux
from ingestor.reader.flux import Result, Span
from ingestor.reader.fluxstream import FluxStream
from ingestor.reader.pace import Pace
from ingestor.reader.question import Question
from ingestor.reader.shape import Column, columns, schema
from ingestor.reader.source import FieldInfo
from ingestor.reader.wide import Gathered, TooManyValuesError, source_of
from ingestor.reader.window import Stretch, stretches
from ingestor.stores.influxdb.api import InfluxApi
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.influxql import FIELD_KEYS, place, quoted
from ingestor.stores.influxdb.server import Server

_TYPES = {
    "float": FieldType.FLOAT,
    "integer": FieldType.INT,
    "unsigned": FieldType.INT,
    "string": FieldType.TEXT,
    "boolean": FieldType.BOOL,
}
"""Of a field that is stored with several types, InfluxDB itself prefers the first of them."""

_NO_BUCKET = ("not found", "retention policy not set")
"""How InfluxQL says it, by the statement."""

_FIRST_SPAN_NS = 10 * 60 * 10**9


class _Plan(NamedTuple):
    """A question, with all that has to be known for asking it. Tags that are nowhere are not in `question.where`."""

    question: Question
    columns: Sequence[Column]
    schema: pa.Schema
    wanted: Sequence[tuple[Result, Sequence[str]]]


class _Answer(NamedTuple):
    span: Span
    gathered: Gathered


class InfluxSource:
    """Reads an InfluxDB 2, or an InfluxDB 1 with Flux turned on. For what its methods raise, see `Source`.

    Of a field that was stored as integers and as floats, all are floats. Where it holds values of other types that do
    not go together, it can only be left out: a question that includes it raises BucketError.

    Args:
        server: Which one, and how to be let in.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = Client(server)
        self._flux = FluxStream(server)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            await stack.enter_async_context(self._flux)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def buckets(self) -> Sequence[str]:
        """The names of all that the token may read, sorted."""
        async with InfluxApi(self._server) as api:
            return [bucket.name for bucket in await api.list()]

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""
        found = sorted({str(name) for (name,) in await self._rows(bucket, "SHOW MEASUREMENTS")})
        if not found:  # it says no more of a bucket that is not there
            await self._rows(bucket, FIELD_KEYS)
        return found

    async def fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        """The fields of a measurement, sorted by name; InfluxDB knows no units."""
        found: dict[str, set[str]] = {}
        for name, kind in await self._rows(bucket, f"SHOW FIELD KEYS FROM {quoted(measurement)}"):
            found.setdefault(str(name), set()).add(str(kind))
        return [FieldInfo(name, _TYPES[min(found[name], key=list(_TYPES).index)]) for name in sorted(found)]

    async def tags(self, bucket: str, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement and the values that occur, all sorted."""
        found: dict[str, set[str]] = {}
        rows = await self._rows(bucket, f"SHOW TAG VALUES FROM {quoted(measurement)} WITH KEY =~ /.*/")
        for tag, value in rows:
            found.setdefault(str(tag), set()).add(str(value))
        return {tag: sorted(found[tag]) for tag in sorted(found)}

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of the first and the last reading of a measurement; None where there is none."""
        return await self._span(bucket, measurement, flux.FIRST_NS, flux.LAST_NS)

    async def stream(self, question: Question) -> AsyncGenerator[pa.RecordBatch, None]:
        """The answer, asked for span by span: the next is on its way while one is made wide."""
        plan, within = await asyncio.gather(
            self._plan(question),
            self._span(question.bucket, question.measurement, question.start_ns, question.stop_ns - 1),
        )
        if plan is None or within is None:
            return
        pace = _pace(question, *within)
        coming = asyncio.create_task(self._next(plan, pace))
        try:
            while (answer := await coming) is not None:
                coming = asyncio.create_task(self._next(plan, pace))
                for batch in await asyncio.to_thread(answer.gathered.batches, answer.span):
                    yield batch
        finally:
            coming.cancel()
            await asyncio.wait([coming])

    async def newest(self, question: Question) -> AsyncGenerator[pa.RecordBatch, None]:
        """The last reading of each field of each series."""
        plan = await self._plan(question)
        if plan is None:
            return
        gathered = Gathered(plan.schema, plan.columns, bucket=question.bucket)
        await self._flux.ask(flux.newest(plan.question, plan.wanted), gathered.take, bucket=question.bucket)
        for batch in await asyncio.to_thread(gathered.batches, Span(question.start_ns, question.stop_ns)):
            yield batch

    async def _next(self, plan: _Plan, pace: Pace) -> _Answer | None:
        """What comes for the next span; None where there is none."""
        while (span := pace.take()) is not None:
            question = plan.question
            gathered = Gathered(plan.schema, plan.columns, bucket=question.bucket, most=pace.most(span))
            begun = time.monotonic()
            try:
                await self._flux.ask(flux.query(question, span, plan.wanted), gathered.take, bucket=question.bucket)
            except TooManyValuesError:
                pace.too_much(span)
                continue
            except StoreUnavailableError as error:
                if isinstance(error.__cause__, aiohttp.SocketTimeoutError) and pace.is_new(span):
                    pace.too_much(span)
                    continue
                raise
            pace.settle(span, values=gathered.values, secs=time.monotonic() - begun)
            return _Answer(span, gathered)
        return None

    async def _plan(self, question: Question) -> _Plan | None:
        """How to ask; None where the answer is empty in any case."""
        measurement = quoted(question.measurement)
        fields, keys = await asyncio.gather(
            self.fields(question.bucket, question.measurement),
            self._rows(question.bucket, f"SHOW TAG KEYS FROM {measurement}"),
        )
        tags = {str(tag) for (tag,) in keys}
        found = columns(question, fields)
        if not found or any("" not in values for tag, values in question.where.items() if tag not in tags):
            return None
        where = {tag: values for tag, values in question.where.items() if tag in tags}
        return _Plan(replace(question, where=where), found, schema(question, tags, found), _wanted(found))

    async def _span(self, bucket: str, measurement: str, first_ns: int, last_ns: int) -> tuple[int, int] | None:
        within = f"time >= {max(first_ns, flux.FIRST_NS)} AND time <= {min(last_ns, flux.LAST_NS)}"
        readings = f"SELECT * FROM {quoted(measurement)} WHERE {within} ORDER BY time"  # noqa: S608 - quoted
        first, last = await asyncio.gather(
            self._rows(bucket, f"{readings} ASC LIMIT 1"), self._rows(bucket, f"{readings} DESC LIMIT 1")
        )
        return (int(str(first[0][0])), int(str(last[0][0]))) if first and last else None

    async def _rows(self, bucket: str, statement: str) -> Sequence[Sequence[object]]:
        """All rows that a statement of InfluxQL gives."""
        result = await self._client.query(statement, place(bucket), bucket=bucket)
        if result.error:
            words = f"InfluxDB answered: {result.error}"
            if any(one in result.error for one in _NO_BUCKET):
                words = f"there is no bucket {bucket!r}, or the token may not read it. {words}"
            raise BucketError(bucket, words)
        return [row for rows in result.series for row in rows.values]


def _pace(question: Question, first_ns: int, last_ns: int) -> Pace:
    """The time in which there are readings, in parts."""
    start_ns, stop_ns = first_ns, last_ns + 1
    runs: Iterable[Stretch] = [Stretch(start_ns, stop_ns, 1)]
    if question.every is not None:
        runs = stretches(question.every, question.zone, start_ns=start_ns, stop_ns=stop_ns)
    return Pace(runs, start_ns=start_ns, stop_ns=stop_ns, length_ns=_FIRST_SPAN_NS)


def _wanted(found: Iterable[Column]) -> Sequence[tuple[Result, Sequence[str]]]:
    """Which results have to be asked for, and of which fields; of texts apart, as these come escaped."""
    wanted: dict[Result, dict[str, None]] = {}
    for column in found:
        function, field = source_of(column)
        text = column.field.type is FieldType.TEXT and function != "count"
        wanted.setdefault(Result(function, text), {})[field] = None
    return [(result, list(fields)) for result, fields in wanted.items()]
