"""Both ends of a copy for tests, what three buckets hold, and short ways to copy and to compare."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ingestor.config import Config
from ingestor.copying.ends import End, find_end, opened
from ingestor.copying.job import Bounds, Copy
from ingestor.copying.notes import BucketState, Notes
from ingestor.copying.verify import Verdict, Verification
from ingestor.ports import FieldType, Point, Series, Store, StoredPoint, Value
from ingestor.stores.sqlite import SqliteStore
from ingestor.stores.sqlitebuckets import SqliteBuckets

HOUR_NS = 3_600 * 10**9
DAY_NS = 24 * HOUR_NS
START_NS = 1_700_000_000_123_456_789
"""In the evening of 2023-11-14."""
NOW_NS = START_NS + 30 * DAY_NS
ALL = Bounds(-(2**63) + 2, 2**63 - 1)

THREE = ("Power Consumption", "Farm 2", "odd näme, 'so'")
"""Buckets that hold much, many kinds, and names that nobody would choose."""

FARM: Mapping[str, FieldType] = {
    "temperature": FieldType.FLOAT,
    "count": FieldType.INT,
    "state": FieldType.TEXT,
    "on": FieldType.BOOL,
}


def points_of(like: str, *, bucket: str | None = None, rows: int = 500) -> Iterator[Point]:
    """What is in one of the three: every type, several measurements, sparse fields, nanoseconds, odd names."""
    bucket = bucket or like
    if like == THREE[0]:
        meters = [Series(bucket, "power", {"rack": f"rack{n}"}, types={"power": FieldType.FLOAT}) for n in range(3)]
        for at in range(rows):
            yield from (Point(meter, START_NS + at * 10**10, {"power": 0.1 * at + n}) for n, meter in enumerate(meters))
    elif like == THREE[1]:
        racks = [
            Series(bucket, "climate", tags, types=FARM) for tags in ({"rack": "rack1"}, {"rack": "rack1", "u": "2"}, {})
        ]
        for at in range(rows // 5):
            for number, rack in enumerate(racks):
                values: tuple[Value, ...] = (-0.5 * at, 2**53 + at, f'said "{at}"\\ \n, ä', at % 2 == 0)
                fields = dict(zip(FARM, values, strict=True))
                some = {name: value for place, (name, value) in enumerate(fields.items()) if (at + place + number) % 3}
                yield Point(rack, START_NS + at * HOUR_NS // 3 + number, some)
        yield Point(Series(bucket, "old", {}, types={"n": FieldType.INT}), -DAY_NS * 900 - 1, {"n": -(2**63)})
    else:
        odd = {"a=b, c": 'x "y"', "日本": "東京", "back\\slash": "c:\\dir\\x"}
        names = {"a field, = odd": FieldType.FLOAT, "日本": FieldType.TEXT, "_x": FieldType.BOOL}
        series = Series(bucket, "odd, kind 'x'", odd, types=names)
        yield Point(series, START_NS + 1, {"a field, = odd": 1e300, "日本": "", "_x": True})
        yield Point(series, START_NS + 2, {"a field, = odd": 5e-324, "日本": "$ {} \r\n\t end", "_x": False})


async def write(store: Store, points: Sequence[Point]) -> None:
    """All of them stored, nothing rejected."""
    assert await store.write(points) == []


def folder(path: Path) -> End:
    """A store of SQLite."""
    return find_end(Config(), f"sqlite:{path}")


async def fill(path: Path, *buckets: str, rows: int = 500) -> End:
    """A store of SQLite with these of the three buckets."""
    async with SqliteStore(path) as store:
        for bucket in buckets:
            await write(store, [*points_of(bucket, rows=rows)])
    return folder(path)


async def copy(
    origin: End, target: End, notes: Path, *pairs: tuple[str, str], bounds: Bounds = ALL, now_ns: int = NOW_NS
) -> list[BucketState]:
    """What became of each bucket."""
    async with opened(origin) as one, opened(target) as other:
        return await Copy(pairs, bounds, now_ns).run(one, other, Notes(notes, {}))


async def compare(
    origin: End, target: End, *pairs: tuple[str, str], bounds: Bounds = ALL, now_ns: int = NOW_NS
) -> Verdict:
    """What a comparison of both finds."""
    async with opened(origin) as one, opened(target) as other:
        verification = Verification(one, other, now_ns=now_ns)
        return await verification.run(await verification.plan(pairs, bounds))


async def stored(path: Path, bucket: str) -> list[StoredPoint]:
    """All that a bucket of SQLite holds, by another road than that of the reader."""
    async with SqliteBuckets(path) as buckets:
        return sorted(await buckets.points(bucket), key=lambda point: (point.measurement, point.tags, point.time_ns))
