"""Where `ingestor read` gets readings from: through the reader, or, where there is no Arrow, out of the files."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ingestor.config import Config
from ingestor.export import Choice, SqliteRows
from ingestor.files.table import Block, Column, FileError, Layout
from ingestor.files.times import iso_times
from ingestor.ports import FieldType
from ingestor.reader.question import Question, QuestionError
from ingestor.reader.wish import Fill, Grouping, Wish
from ingestor.stores import make_buckets

if TYPE_CHECKING:
    import pyarrow as pa

    from ingestor.reader import Reader

_PIECES = 64
_MOST_ROWS = 100_000
_LEAST_NS = 1_000
NEEDS_ARROW = "needs pyarrow, which is not installed: pip install 'ingestor[reader]'"


class Answer(NamedTuple):
    """What the readings have, and the readings: those of a series in the order of time."""

    layout: Layout
    blocks: AsyncGenerator[Block, None]


class Readings(Protocol):
    """A store that is read. Its methods may raise StoreError and QuestionError."""

    async def buckets(self) -> Sequence[str]:
        """The names of all buckets, sorted."""

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""

    async def ask(self, question: Question, grouping: Grouping) -> Answer:
        """The answer; what is made of windows stands in `grouping`."""


@asynccontextmanager
async def open_readings(config: Config, store: str) -> AsyncIterator[Readings]:
    """What reads a store.

    Args:
        config: The configuration.
        store: Its name in there.

    Raises:
        FileError: Reading it needs Arrow, which is not installed.
    """
    if find_spec("pyarrow") is not None:
        from ingestor.reader import Reader  # noqa: PLC0415 - the other road works without Arrow
        from ingestor.reader.sources import make_source  # noqa: PLC0415

        async with Reader(make_source(config, store), zone=config.timezone) as reader:
            yield ThroughReader(reader)
        return
    if config.stores[store].kind != "sqlite":
        raise FileError(f"reading InfluxDB {NEEDS_ARROW}")
    yield OutOfFiles(config, store)


@dataclass(frozen=True, slots=True)
class ThroughReader:
    """Readings through the reader."""

    reader: "Reader"

    async def buckets(self) -> Sequence[str]:
        """The names of all buckets."""
        return await self.reader.buckets()

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket."""
        return await self.reader.measurements(bucket)

    async def ask(self, question: Question, grouping: Grouping) -> Answer:
        """The answer, batch by batch."""
        wish = _wish(question, grouping)
        tags = await self.reader.tags(question.bucket, question.measurement)
        batches = self.reader.stream(question.bucket, measurement=question.measurement, **wish)
        first = await anext(batches, None)
        if first is None:
            empty = await self.reader.read(question.bucket, measurement=question.measurement, **wish)
            return Answer(_layout(question.measurement, empty.schema, tags), _of([]))
        layout = _layout(question.measurement, first.schema, tags)

        async def blocks() -> AsyncGenerator[Block, None]:
            async with aclosing(batches):
                yield _block(first, layout)
                async for batch in batches:
                    yield _block(batch, layout)

        return Answer(layout, blocks())


@dataclass(frozen=True, slots=True)
class OutOfFiles:
    """Readings as they are, out of the files of an embedded store."""

    config: Config
    store: str

    async def buckets(self) -> Sequence[str]:
        """The names of all buckets."""
        async with make_buckets(self.config, self.store) as buckets:
            return sorted(one.name for one in await buckets.list())

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket."""
        return await self._rows.measurements(bucket)

    async def ask(self, question: Question, grouping: Grouping) -> Answer:
        """The answer, a piece of its time after another.

        Raises:
            QuestionError: There is no such field.
            FileError: Windows are asked for, and what makes them needs Arrow.
        """
        if grouping.functions:
            raise FileError(f"what is made of windows (--every, --function) {NEEDS_ARROW}")
        choice = Choice(question.bucket, question.measurement, question.where, question.fields)
        layout = await self._rows.layout(choice, question.measurement)
        names = {column.name for column in layout.fields}
        if unknown := [name for name in question.fields or () if name not in names]:
            raise QuestionError(f"measurement {question.measurement!r} has no field {', '.join(map(repr, unknown))}")
        span = await self._rows.span(question.bucket, question.measurement)
        start_ns, stop_ns = span or (0, -1)
        start_ns, stop_ns = max(start_ns, question.start_ns), min(stop_ns + 1, question.stop_ns)
        return Answer(layout, self._pieces(choice, layout, start_ns, stop_ns))

    async def _pieces(self, choice: Choice, layout: Layout, start_ns: int, stop_ns: int) -> AsyncGenerator[Block, None]:
        """Of a time; where a piece has more rows than are held at once, it is cut again."""
        most = _MOST_ROWS if stop_ns - start_ns > _LEAST_NS else None
        block = await self._rows.block(choice, layout, start_ns=start_ns, stop_ns=stop_ns, most=most)
        if block is not None:
            yield block.filled()
            return
        step = -(-(stop_ns - start_ns) // _PIECES)
        for begin, end in pairwise([*range(start_ns, stop_ns, step), stop_ns]):
            async for block in self._pieces(choice, layout, begin, end):
                yield block

    @property
    def _rows(self) -> SqliteRows:
        return SqliteRows(self.config.store_path(self.store))


def _wish(question: Question, grouping: Grouping) -> Wish:
    start, stop = iso_times([question.start_ns, question.stop_ns])
    fill: Fill | None = grouping.fill if grouping.every else None
    return {
        "start": start,
        "stop": stop,
        "zone": question.zone,
        "where": question.where,
        "fields": question.fields,
        "every": str(grouping.every) if grouping.every else None,
        "functions": grouping.functions or None,
        "fill": fill,
    }


def _layout(measurement: str, schema: "pa.Schema", tags: Mapping[str, Sequence[str]]) -> Layout:
    """What an answer has: after the time come the tags, each once, and then the values."""
    count = 1
    while count < len(schema) and schema.names[count] in tags and schema.names[count] not in schema.names[1:count]:
        count += 1
    columns = [Column(field.name, _type(field.type), _unit(field)) for field in list(schema)[count:]]
    return Layout(measurement, tuple(schema.names[1:count]), tuple(columns))


def _type(kind: "pa.DataType") -> FieldType:
    import pyarrow as pa  # noqa: PLC0415 - whoever has a type of it has it

    if pa.types.is_boolean(kind):
        return FieldType.BOOL
    if pa.types.is_integer(kind):
        return FieldType.INT
    return FieldType.FLOAT if pa.types.is_floating(kind) else FieldType.TEXT


def _unit(field: "pa.Field") -> str | None:
    unit = (field.metadata or {}).get(b"unit")
    return unit.decode() if unit else None


def _block(batch: "pa.RecordBatch", layout: Layout) -> Block:
    times, *columns = (batch.column(at) for at in range(batch.num_columns))
    lists = [column.to_pylist() for column in columns]
    width = len(layout.tags)
    return Block(times.cast("int64").to_pylist(), lists[:width], lists[width:])


async def _of(blocks: Sequence[Block]) -> AsyncGenerator[Block, None]:
    for block in blocks:
        yield block
