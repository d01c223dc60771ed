"""Deleting what is older than buckets keep."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.ports import BucketInfo, FieldType, Point, Series
from ingestor.stores.retention import Expired, Expiry
from ingestor.stores.sqlite import SqliteStore, bucket_path
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.support import eventually_async, run

SECOND_NS = 10**9
NOW_NS = 1_000_000 * SECOND_NS


def points(
    bucket: str, *, series: int = 1, count: int = 100, measurement: str = "m", end_ns: int = NOW_NS
) -> list[Point]:
    """A reading a second of each series, until now."""
    of = [Series(bucket, measurement, {"n": str(n)}, types={"v": FieldType.FLOAT}) for n in range(series)]
    return [Point(one, end_ns - at * SECOND_NS, {"v": 1.0}) for one in of for at in range(count)]


async def expire(folder: Path, *buckets: BucketInfo) -> Expired:
    """What came of it at that time."""
    return await Expiry(folder, now_ns=lambda: NOW_NS).run(buckets)


async def write(folder: Path, *some: Point) -> None:
    """Into the store."""
    async with SqliteStore(folder) as store:
        await store.write(some)


def count(folder: Path, bucket: str) -> int:
    """Points of a bucket."""
    return len(run(SqliteBuckets(folder).points(bucket)))


def rows(folder: Path) -> int:
    """The same of bucket A, quickly."""
    with closing(sqlite3.connect(bucket_path(folder, "A"))) as connection:
        return int(connection.execute("SELECT count(*) FROM points_1").fetchone()[0])


def test_what_is_older_is_deleted(tmp_path: Path) -> None:
    """Of all series and measurements; what is exactly as old as it may be stays, and so does all of other buckets."""
    run(write(tmp_path, *points("A", series=3, count=2_000), *points("A", measurement="other"), *points("B")))
    expired = run(expire(tmp_path, BucketInfo("A", "", 9.0), BucketInfo("B")))

    assert expired.deleted == {"A": 3 * 1_990 + 90}
    assert expired.faults == {}
    assert (count(tmp_path, "A"), count(tmp_path, "B")) == (40, 100)
    assert run(expire(tmp_path, BucketInfo("A", "", 9.0))).deleted == {"A": 0}


def test_what_is_kept_longer_than_times_go_back_stays(tmp_path: Path) -> None:
    """It keeps nobody from deleting from the next bucket."""
    run(write(tmp_path, *points("A"), *points("B")))
    expired = run(expire(tmp_path, BucketInfo("A", "", 1e14), BucketInfo("B", "", 9.0)))

    assert (expired.deleted, expired.faults) == ({"A": 0, "B": 90}, {})


def test_what_is_written_again_is_there_until_the_next_time(tmp_path: Path) -> None:
    """The service has the file open all the time, and goes on with the series that it knows; late points go too."""

    async def main() -> tuple[int, int, int]:
        async with SqliteStore(tmp_path) as store:
            await store.write(points("A"))
            await expire(tmp_path, BucketInfo("A", "", 0.5))
            await store.write(points("A", count=3))
            late = len(await SqliteBuckets(tmp_path).points("A"))
            await expire(tmp_path, BucketInfo("A", "", 0.5))
            await store.write(points("A", series=2, count=1))
            return late, len(await SqliteBuckets(tmp_path).points("A")), len(await SqliteBuckets(tmp_path).points("A"))

    assert run(main()) == (3, 2, 2)


def test_room_that_became_free_is_used_again(tmp_path: Path) -> None:
    """So the file does not grow for ever."""
    path = bucket_path(tmp_path, "A")
    run(write(tmp_path, *points("A", count=20_000)))
    size = path.stat().st_size
    run(expire(tmp_path, BucketInfo("A", "", 0.0)))
    run(write(tmp_path, *points("A", count=20_000, end_ns=NOW_NS + 20_000 * SECOND_NS)))

    assert path.stat().st_size <= size * 1.1


def test_a_bucket_that_fails_does_not_keep_the_others(tmp_path: Path) -> None:
    """One that is gone by then, that is no bucket, or that somebody keeps locked."""
    run(write(tmp_path, *points("B")))
    bucket_path(tmp_path, "A").write_bytes(b"no database at all" * 100)
    expired = run(expire(tmp_path, BucketInfo("A", "", 1.0), BucketInfo("Gone", "", 1.0), BucketInfo("B", "", 1.0)))

    assert expired.deleted == {"B": 98}
    assert "file is not a database" in expired.faults["A"]
    assert "unable to open database file" in expired.faults["Gone"]
    assert not bucket_path(tmp_path, "Gone").exists()


def test_a_locked_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that may do the next time."""
    monkeypatch.setattr("ingestor.stores.retention._BUSY_SECS", 0.05)
    run(write(tmp_path, *points("A")))
    with closing(sqlite3.connect(bucket_path(tmp_path, "A"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        expired = run(expire(tmp_path, BucketInfo("A", "", 1.0)))

    assert "locked" in expired.faults["A"]


def test_who_writes_waits_for_moments_alone(tmp_path: Path) -> None:
    """While much is deleted no batch waits for long, and all of them are stored."""
    run(write(tmp_path, *points("A", series=20, count=5_000, end_ns=0)))

    async def main() -> tuple[Expired, list[float]]:
        async with SqliteStore(tmp_path) as store:
            deleting = asyncio.create_task(expire(tmp_path, BucketInfo("A", "", 60.0)))
            waits: list[float] = []
            while not deleting.done():
                began = time.monotonic()
                await store.write(points("A", series=20, count=5, end_ns=NOW_NS + len(waits) * 5 * SECOND_NS))
                waits.append(time.monotonic() - began)
            return await deleting, waits

    expired, waits = run(main())

    assert expired.deleted == {"A": 100_000}
    assert len(waits) > 20
    assert rows(tmp_path) == len(waits) * 100
    assert max(waits) < 1.0  # when the writer would give up a try


def test_cancelled_it_ends_soon(tmp_path: Path) -> None:
    """What is deleted stays deleted; the rest goes the next time."""
    run(write(tmp_path, *points("A", series=20, count=5_000, end_ns=0)))

    async def main() -> None:
        deleting = asyncio.create_task(expire(tmp_path, BucketInfo("A", "", 60.0)))
        await eventually_async(lambda: 0 < rows(tmp_path) < 100_000)
        deleting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deleting

    run(main())
    left = rows(tmp_path)
    assert 0 < left < 100_000
    assert run(expire(tmp_path, BucketInfo("A", "", 60.0))).deleted == {"A": left}
