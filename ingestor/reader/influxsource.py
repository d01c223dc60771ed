"""An InfluxDB as a source: what there is by InfluxQL, where that can name the bucket, and readings by Flux."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
import pyarrow as pa

from ingestor.errors import StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.reader import flux
from ingestor.reader.flux import Result, Span
from ingestor.reader.fluxinventory import FluxInventory
from ingestor.reader.fluxstream import FluxStream
from ingestor.reader.inventory import InfluxqlInventory, Inventory
from ingestor.reader.mappings import influxql_place
from ingestor.reader.pace import Pace
from ingestor.reader.question import Question
from ingestor.reader.shape import Column, columns, schema
from ingestor.reader.source import FieldInfo
from ingestor.reader.wide import Gathered, TooManyValuesError, source_of
from ingestor.reader.window import Stretch, stretches
from ingestor.stores.influxdb.api import InfluxApi
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.server import Server

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
        self._places: dict[str, Mapping[str, str] | None] = {}

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
        return await (await self._inventory(bucket)).measurements()

    async def fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        """The fields of a measurement, sorted by name; InfluxDB knows no units."""
        return await (await self._inventory(bucket)).fields(measurement)

    async def tags(self, bucket: str, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement and the values that occur, all sorted."""
        return await (await self._inventory(bucket)).tags(measurement)

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of the first and the last reading of a measurement; None where there is none."""
        return await (await self._inventory(bucket)).span(measurement, flux.FIRST_NS, flux.LAST_NS)

    async def stream(self, question: Question) -> AsyncGenerator[pa.RecordBatch, None]:
        """The answer, asked for span by span: the next is on its way while one is made wide."""
        inventory = await self._inventory(question.bucket)
        plan, within = await asyncio.gather(
            _plan(question, inventory),
            inventory.span(question.measurement, question.start_ns, question.stop_ns - 1),
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
        plan = await _plan(question, await self._inventory(question.bucket))
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

    async def _inventory(self, bucket: str) -> Inventory:
        """What tells what is in a bucket; how it asks is found out once."""
        if self._client.library is None:
            raise RuntimeError("the reader is not open: use it inside of `async with ... as ...:`")
        if bucket not in self._places:
            self._places[bucket] = await influxql_place(self._client, bucket)
        place = self._places[bucket]
        return FluxInventory(self._flux, bucket) if place is None else InfluxqlInventory(self._client, bucket, place)


async def _plan(question: Question, inventory: Inventory) -> _Plan | None:
    """How to ask; None where the answer is empty in any case."""
    fields, tags = await asyncio.gather(
        inventory.fields(question.measurement), inventory.tag_names(question.measurement)
    )
    found = columns(question, fields)
    if not found or any("" not in values for tag, values in question.where.items() if tag not in tags):
        return None
    where = {tag: values for tag, values in question.where.items() if tag in tags}
    return _Plan(replace(question, where=where), found, schema(question, tags, found), _wanted(found))


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
