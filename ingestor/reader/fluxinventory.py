"""What there is in a bucket of an InfluxDB, asked in Flux: slower, and where InfluxQL has no name for it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestor.ports import FieldType
from ingestor.reader import flux
from ingestor.reader.annotated import Rows
from ingestor.reader.fluxstream import FluxStream
from ingestor.reader.inventory import by_tag, preferred
from ingestor.reader.source import FieldInfo

_TYPES = {
    "double": FieldType.FLOAT,
    "long": FieldType.INT,
    "unsignedLong": FieldType.INT,
    "string": FieldType.TEXT,
    "boolean": FieldType.BOOL,
}


class FluxInventory:
    """An inventory; for its methods see `Inventory`.

    All but the names of measurements come of the first and the last reading of each field of each series. A type that
    a field had only in between is not seen: an answer in which it turns up is refused.

    Args:
        stream: Entered already.
        bucket: Which bucket of the stream's organisation.
    """

    def __init__(self, stream: FluxStream, bucket: str) -> None:
        self._stream = stream
        self._bucket = bucket

    async def measurements(self) -> Sequence[str]:
        """All of them, sorted."""
        found: list[str] = []
        query = flux.measurements(self._bucket)
        await self._stream.ask(
            query, lambda rows: found.extend(rows.batch.column(2).to_pylist()), bucket=self._bucket
        )  # result, table, _value
        return sorted(found)

    async def fields(self, measurement: str) -> Sequence[FieldInfo]:
        """The fields, sorted by name."""
        return preferred((await self._ends(measurement)).fields)

    async def tag_names(self, measurement: str) -> Sequence[str]:
        """The tags, in no order."""
        return list({tag for tag, _ in (await self._ends(measurement)).tags})

    async def tags(self, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags and the values that occur, all sorted."""
        return by_tag((await self._ends(measurement)).tags)

    async def span(self, measurement: str, first_ns: int, last_ns: int) -> tuple[int, int] | None:
        """The times of the first and the last reading in that time."""
        times = (await self._ends(measurement, first_ns, last_ns)).times
        return (min(times), max(times)) if times else None

    async def _ends(self, measurement: str, first_ns: int = flux.FIRST_NS, last_ns: int = flux.LAST_NS) -> "_Ends":
        ends = _Ends(set(), set(), [])
        query = flux.ends(self._bucket, measurement, flux.Span(first_ns, last_ns + 1))
        await self._stream.ask(query, ends.take, bucket=self._bucket)
        return ends


class _Ends(NamedTuple):
    """What the first and the last readings tell; at most two times for each batch of them."""

    fields: set[tuple[str, FieldType]]
    tags: set[tuple[str, str]]
    times: list[int]

    def take(self, rows: Rows) -> None:
        """Take some of them."""
        places = {column.name: at for at, column in reversed([*enumerate(rows.columns)][2:])}  # result, table, …
        kind = _TYPES[rows.columns[places.pop("_value")].datatype]
        self.fields.update((name, kind) for name in _distinct(rows.batch.column(places.pop("_field"))))
        times = rows.batch.column(places.pop("_time")).cast(pa.int64())
        self.times.extend(pc.min_max(times).as_py().values())
        for tag, at in places.items():
            self.tags.update((tag, value) for value in _distinct(rows.batch.column(at)))


def _distinct(values: pa.Array) -> list[str]:
    return [value for value in pc.unique(values).to_pylist() if value is not None]
