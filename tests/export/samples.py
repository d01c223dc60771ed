"""A store with readings of each type, in two measurements, and exports of it."""

import gzip
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingestor.export import Choice, Export, Rows, SqliteRows, Summary
from ingestor.ports import FieldType, Point, Series, Store, Value
from ingestor.stores.sqlite import SqliteStore
from tests.builders import TYPES
from tests.support import run

START_NS = 1_769_860_800_000_000_000
SECOND_NS = 10**9
BATCH = 5_000


def climate(count: int, *, bucket: str = "Farm", every_ns: int = SECOND_NS) -> list[Point]:
    """Readings of three racks, one after the other, some of them without some fields."""
    units = {"temperature": "°C", "humidity": "%"}
    racks = [
        Series(bucket, "climate", tags, types=TYPES, units=units)
        for tags in ({"rack": "rack1", "room": "a, b"}, {"rack": "rack2"}, {})
    ]
    luck = random.Random(count)
    points = []
    for number in range(count):
        fields: dict[str, Value] = {
            "temperature": luck.random() * 40,
            "humidity": float(luck.randrange(100)),
            "count": luck.randrange(-(2**63), 2**63),
            "state": luck.choice(["", "on", 'say "x"', "two\nlines, =\\"]),
            "on": luck.random() < 0.5,
        }
        kept = luck.sample(sorted(fields), luck.randint(1, 5)) if number % 3 else list(fields)
        time_ns = START_NS + number * every_ns
        points.append(Point(racks[number % 3], time_ns, {name: fields[name] for name in sorted(kept)}))
    return points


def door(count: int, *, bucket: str = "Farm") -> list[Point]:
    """Readings of another measurement."""
    of = Series(bucket, "door", {"gate": "north"}, types={"open": FieldType.BOOL})
    return [Point(of, START_NS + number * 60 * SECOND_NS, {"open": number % 2 == 0}) for number in range(count)]


def store_all(store: Store, points: Sequence[Point]) -> None:
    """Write them into a store."""

    async def main() -> None:
        async with store:
            for begin in range(0, len(points), BATCH):
                assert not await store.write(points[begin : begin + BATCH])

    run(main())


def farm(folder: Path, points: Sequence[Point]) -> SqliteRows:
    """An embedded store with these points, to be exported."""
    store_all(SqliteStore(folder), points)
    return SqliteRows(folder)


def export(rows: Rows, target: Path, *, choice: Choice | None = None, **more: Any) -> Summary:  # noqa: ANN401 - of Export
    """What an export tells."""
    return run(Export(choice or Choice("Farm"), target, **more).run(rows))


def lines(file: Path) -> list[str]:
    """The lines of a file, plain or compressed."""
    data = file.read_bytes()
    return (gzip.decompress(data) if file.name.endswith(".gz") else data).decode().split("\n")


def unitless(series: Series) -> Series:
    """The same series without units: each time another object, which stores take as well."""
    return Series(series.bucket, series.measurement, dict(series.tags), types=series.types)
