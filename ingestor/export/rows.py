"""What an export asks of a store; and where readings come from through the reader."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from ingestor.files.table import Block, Column, FileError, Layout, block_of
from ingestor.reader.question import Interval, Question
from ingestor.reader.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

_WINDOW = Interval(4, "w")  # of counting: few rows, and the sum is the same


@dataclass(frozen=True, slots=True)
class Choice:
    """Which readings of a bucket; None for all measurements, and for all fields."""

    bucket: str
    measurement: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: tuple[str, ...] | None = None


class Rows(Protocol):
    """The chosen readings of a store.

    Every method may raise StoreUnavailableError, StoreMisconfiguredError and BucketError.
    """

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""

    async def layout(self, choice: Choice, measurement: str) -> Layout:
        """The tags of a measurement and its chosen fields, sorted."""

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times (ns) of its first and last reading; None where there is none."""

    async def block(
        self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int, most: int | None
    ) -> Block | None:
        """Its readings from start (included) to stop (not included), always in the same order.

        None where these are more than `most`. Readings that have none of the fields may be there or not.
        """

    async def counts(self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int) -> Sequence[int]:
        """How many values of each field that are, as the store counts them."""


class SourceRows:
    """Readings through a source of the reader.

    Args:
        source: Entered and left by the caller.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""
        return await self._source.measurements(bucket)

    async def layout(self, choice: Choice, measurement: str) -> Layout:
        """The tags of a measurement and its chosen fields, sorted."""
        found = await self._source.fields(choice.bucket, measurement)
        columns = [Column(*one) for one in found if choice.fields is None or one.name in choice.fields]
        return Layout(measurement, tuple(await self._source.tags(choice.bucket, measurement)), tuple(columns))

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of the first and the last reading."""
        return await self._source.span(bucket, measurement)

    async def block(
        self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int, most: int | None
    ) -> Block | None:
        """The readings, sorted by tags and time: how a source divides them may differ from one time to the next.

        Raises:
            FileError: The store has a tag that was not there when the export began.
        """
        import pyarrow as pa  # noqa: PLC0415 - whoever has a source has it

        batches: list[pa.RecordBatch] = []
        rows = 0
        stream = self._source.stream(_question(choice, layout, start_ns=start_ns, stop_ns=stop_ns))
        async with aclosing(stream):
            async for batch in stream:
                batches.append(batch)
                rows += batch.num_rows
                if most is not None and rows > most:
                    return None
        if not rows:
            return block_of(layout, [])
        return block_of_table(pa.Table.from_batches(batches), layout)

    async def counts(self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int) -> Sequence[int]:
        """How many values the store counts."""
        import pyarrow.compute as pc  # noqa: PLC0415 - whoever has a stream of batches has it

        sums = [0] * len(layout.fields)
        question = _question(choice, layout, start_ns=start_ns, stop_ns=stop_ns, count=True)
        async for batch in self._source.stream(question):
            place = {name: at for at, name in enumerate(batch.schema.names)}  # a tag of the same name stands before it
            for at, field_ in enumerate(layout.fields):
                sums[at] += pc.sum(batch.column(place[field_.name])).as_py() or 0
        return sums


def block_of_table(table: "pa.Table", layout: Layout) -> Block:
    """The readings of an answer, sorted by tags and time.

    Raises:
        FileError: It has a column that the layout has not.
    """
    fields = [column.name for column in layout.fields]
    if news := Counter(table.column_names) - Counter(["time", *layout.tags, *fields]):
        raise FileError(
            f"{', '.join(map(repr, sorted(news)))} is new in the store since this began: begin anew (--anew)"
        )
    named = [*enumerate(table.column_names)][1:]
    first, last = {name: at for at, name in reversed(named)}, {name: at for at, name in named}
    of_fields = [last.get(name) for name in fields]  # a tag of the same name stands before it
    of_tags = [None if at in of_fields else at for at in map(first.get, layout.tags)]
    table = table.rename_columns([str(at) for at in range(table.num_columns)])
    for at in of_tags:
        if at is not None:
            table = table.set_column(at, str(at), table.column(at).cast("string"))
    table = table.sort_by([(str(at), "ascending") for at in (*of_tags, 0) if at is not None])
    nothing = [None] * table.num_rows

    def cells(at: int | None) -> list[Any]:
        return nothing if at is None else table.column(at).to_pylist()

    return Block(
        table.column(0).cast("int64").to_pylist(),
        [cells(at) for at in of_tags],
        [cells(at) for at in of_fields],
    )


def _question(choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int, count: bool = False) -> Question:
    return Question(
        bucket=choice.bucket,
        measurement=layout.measurement,
        start_ns=start_ns,
        stop_ns=stop_ns,
        zone=ZoneInfo("UTC"),
        where=choice.where,
        fields=tuple(column.name for column in layout.fields),
        every=_WINDOW if count else None,
        functions=("count",) if count else (),
    )
