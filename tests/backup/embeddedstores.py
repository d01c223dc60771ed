"""Embedded stores with something in them, for tests of their backups."""

from collections.abc import Sequence
from pathlib import Path

from ingestor.ports import FieldType, Point, Series
from ingestor.stores.sqlite import SqliteStore

DAY_NS = 86_400 * 10**9
FIRST_NS = 20_000 * DAY_NS
"""The day 2024-10-04."""


def points(bucket: str, measurement: str = "climate", *, count: int = 100, step_ns: int = 10**9) -> Sequence[Point]:
    """Readings of two racks in turn, from the first day on."""
    types = {"temperature": FieldType.FLOAT, "door": FieldType.BOOL, "note": FieldType.TEXT, "seen": FieldType.INT}
    series = [
        Series(bucket, measurement, {"rack": f"r{rack}"}, types=types, units={"temperature": "°C"}) for rack in (1, 2)
    ]
    return [
        Point(
            series[n % 2],
            FIRST_NS + n * step_ns,
            {"temperature": n / 4, "door": n % 3 == 0, "note": f"n{n}", "seen": n},
        )
        for n in range(count)
    ]


async def store_in(folder: Path, *some: Sequence[Point]) -> Path:
    """Write points into the store of a folder; returns that."""
    async with SqliteStore(folder) as store:
        for batch in some:
            assert not await store.write(batch)
    return folder
