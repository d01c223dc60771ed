"""What there is in a bucket of an InfluxDB, asked in InfluxQL, which is exact and fast."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ingestor.errors import BucketError
from ingestor.ports import FieldType
from ingestor.reader.flux import FIRST_NS, LAST_NS
from ingestor.reader.source import FieldInfo
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.influxql import FIELD_KEYS, quoted

_TYPES = {
    "float": FieldType.FLOAT,
    "integer": FieldType.INT,
    "unsigned": FieldType.INT,
    "string": FieldType.TEXT,
    "boolean": FieldType.BOOL,
}
_PREFERRED = list(dict.fromkeys(_TYPES.values()))

_NO_BUCKET = ("not found", "retention policy not set")
"""How InfluxQL says it, by the statement."""


class Inventory(Protocol):
    """Tells what is in one bucket. Several calls may go on at the same time; see `Source` for what they raise."""

    async def measurements(self) -> Sequence[str]:
        """All of them, sorted."""

    async def fields(self, measurement: str) -> Sequence[FieldInfo]:
        """The fields, sorted by name; empty where there is no such measurement."""

    async def tag_names(self, measurement: str) -> Sequence[str]:
        """The tags, in no order."""

    async def tags(self, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags and the values that occur, all sorted."""

    async def span(self, measurement: str, first_ns: int, last_ns: int) -> tuple[int, int] | None:
        """The times of the first and the last reading in that time, ends included; None where there is none."""


class InfluxqlInventory:
    """An inventory; for its methods see `Inventory`.

    Args:
        client: Entered already.
        bucket: Which bucket.
        place: Where InfluxQL finds it.
    """

    def __init__(self, client: Client, bucket: str, place: Mapping[str, str]) -> None:
        self._client = client
        self._bucket = bucket
        self._place = place

    async def measurements(self) -> Sequence[str]:
        """All of them, sorted."""
        found = sorted({str(name) for (name,) in await self._rows("SHOW MEASUREMENTS")})
        if not found:  # it says no more of a bucket that is not there
            await self._rows(FIELD_KEYS)
        return found

    async def fields(self, measurement: str) -> Sequence[FieldInfo]:
        """The fields, sorted by name."""
        rows = await self._rows(f"SHOW FIELD KEYS FROM {quoted(measurement)}")
        return preferred((str(name), _TYPES[str(kind)]) for name, kind in rows)

    async def tag_names(self, measurement: str) -> Sequence[str]:
        """The tags, in no order."""
        return [str(tag) for (tag,) in await self._rows(f"SHOW TAG KEYS FROM {quoted(measurement)}")]

    async def tags(self, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags and the values that occur, all sorted."""
        rows = await self._rows(f"SHOW TAG VALUES FROM {quoted(measurement)} WITH KEY =~ /.*/")
        return by_tag((str(tag), str(value)) for tag, value in rows)

    async def span(self, measurement: str, first_ns: int, last_ns: int) -> tuple[int, int] | None:
        """The times of the first and the last reading in that time."""
        within = f"time >= {max(first_ns, FIRST_NS)} AND time <= {min(last_ns, LAST_NS)}"
        readings = f"SELECT * FROM {quoted(measurement)} WHERE {within} ORDER BY time"  # noqa: S608 - quoted
        first, last = await asyncio.gather(
            self._rows(f"{readings} ASC LIMIT 1"), self._rows(f"{readings} DESC LIMIT 1")
        )
        return (int(str(first[0][0])), int(str(last[0][0]))) if first and last else None

    async def _rows(self, statement: str) -> Sequence[Sequence[object]]:
        """All rows that a statement gives."""
        result = await self._client.query(statement, self._place, bucket=self._bucket)
        if result.error:
            words = f"InfluxDB answered: {result.error}"
            if any(one in result.error for one in _NO_BUCKET):
                raise no_bucket(self._bucket, words)
            raise BucketError(self._bucket, words)
        return [row for rows in result.series for row in rows.values]


def preferred(found: Iterable[tuple[str, FieldType]]) -> Sequence[FieldInfo]:
    """Fields sorted by name, from names and types; of several types that which InfluxDB itself prefers.

    These are, the most preferred first, floats, integers, texts and truth values. InfluxDB knows no units.
    """
    kinds: dict[str, set[FieldType]] = {}
    for name, kind in found:
        kinds.setdefault(name, set()).add(kind)
    return [FieldInfo(name, min(kinds[name], key=_PREFERRED.index)) for name in sorted(kinds)]


def by_tag(found: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    """Tags and their values, all sorted, from pairs of these."""
    values: dict[str, set[str]] = {}
    for tag, value in found:
        values.setdefault(tag, set()).add(value)
    return {tag: sorted(values[tag]) for tag in sorted(values)}


def no_bucket(bucket: str, words: str = "") -> BucketError:
    """It is not there, as far as the token may see; `words` say more."""
    return BucketError(bucket, f"there is no bucket {bucket!r}, or the token may not read it. {words}".rstrip())
