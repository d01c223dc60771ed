"""A folder of the embedded store with readings in it, for the tests of what reads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ingestor.ports import Point, Series, Value
from ingestor.stores.sqlite import SqliteStore
from tests.builders import TYPES
from tests.support import run

SECOND = 10**9


def store(folder: Path, *points: Point) -> None:
    """Write the points."""

    async def main() -> None:
        async with SqliteStore(folder) as opened:
            assert list(await opened.write(points)) == []

    run(main())


def points(
    rows: Sequence[Mapping[str, Value]], *, bucket: str = "Farm", measurement: str = "climate", **tags: str
) -> list[Point]:
    """A reading a second from the beginning of 1970, of one series."""
    series = Series(bucket, measurement, tags, types=TYPES, units={"temperature": "°C"})
    return [Point(series, at * SECOND, fields) for at, fields in enumerate(rows)]
