"""The buckets of the embedded store."""

import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import BucketInfo, Point, StoredPoint
from ingestor.stores.sqlite import SqliteStore
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.builders import point, series
from tests.support import run

Result = TypeVar("Result")
FARM = BucketInfo("Farm", "Racks 1 to 8", 3600.0)


def ask(folder: Path, question: Callable[[SqliteBuckets], Coroutine[Any, Any, Result]]) -> Result:
    """What the buckets of a folder answer."""

    async def main() -> Result:
        async with SqliteBuckets(folder) as buckets:
            return await question(buckets)

    return run(main())


def write(folder: Path, points: Sequence[Point]) -> None:
    """What the service does."""

    async def main() -> None:
        async with SqliteStore(folder) as store:
            await store.write(points)

    run(main())


def test_a_folder_that_is_not_there_has_no_buckets(tmp_path: Path) -> None:
    """And looking makes none."""
    assert ask(tmp_path / "stores", lambda buckets: buckets.list()) == []
    assert not (tmp_path / "stores").exists()


def test_buckets_are_made_changed_and_removed(tmp_path: Path) -> None:
    """Sorted by name, which may be any; description and retention are kept; nothing of a removed one is left."""
    odd = BucketInfo("a/b: ü%20?")

    async def all_of_it(buckets: SqliteBuckets) -> list[Sequence[BucketInfo]]:
        await buckets.create(odd)
        await buckets.create(FARM)
        found = [await buckets.list()]
        await buckets.change(odd._replace(description="x", retention_secs=1.5))
        await buckets.change(FARM._replace(retention_secs=None))
        found.append(await buckets.list())
        await buckets.remove("Farm")
        await buckets.remove(odd.name)
        return [*found, await buckets.list()]

    made, changed, removed = ask(tmp_path / "stores", all_of_it)

    assert made == [FARM, odd]
    assert changed == [FARM._replace(retention_secs=None), BucketInfo(odd.name, "x", 1.5)]
    assert removed == []
    assert list((tmp_path / "stores").iterdir()) == []


def test_points_come_back_as_they_were_written(tmp_path: Path) -> None:
    """With tags, types and times, also of a bucket that the service made and nobody described."""
    plain = point(series("Farm", "climate", tags={"b": "2", "a": "1"}), time_ns=-5, temperature=20.0, on=False)
    other = point(series("Farm", "points_retention", tags={}), time_ns=2**62, count=7, state="x")
    write(tmp_path, [plain, other])

    assert ask(tmp_path, lambda buckets: buckets.list()) == [BucketInfo("Farm")]
    stored = ask(tmp_path, lambda buckets: buckets.points("Farm"))
    assert stored == [
        StoredPoint("climate", (("a", "1"), ("b", "2")), -5, {"temperature": 20.0, "on": False}),
        StoredPoint("points_retention", (), 2**62, {"count": 7, "state": "x"}),
    ]
    assert [type(value) for one in stored for value in one.fields.values()] == [float, bool, int, str]


def test_a_bucket_is_described_while_the_service_writes_it(tmp_path: Path) -> None:
    """The file stays open there; a measurement called like our own table is no hindrance, before or after."""

    async def main() -> Sequence[BucketInfo]:
        async with SqliteStore(tmp_path) as store, SqliteBuckets(tmp_path) as buckets:
            await store.write([point(series("Farm", "points_retention"))])
            await buckets.change(FARM)
            await store.write([point(series("Farm", "climate"), time_ns=2), point(series("Farm", "Points_Retention"))])
            return await buckets.list()

    assert run(main()) == [FARM]
    assert len(ask(tmp_path, lambda buckets: buckets.points("Farm"))) == 3


def test_making_one_twice_or_removing_what_is_not_there_is_told(tmp_path: Path) -> None:
    """Nothing is overwritten, and nothing made by looking."""
    ask(tmp_path, lambda buckets: buckets.create(FARM))

    with pytest.raises(BucketError, match=r"Farm\.db is there already"):
        ask(tmp_path, lambda buckets: buckets.create(FARM._replace(description="")))
    with pytest.raises(BucketError, match=r"there is no .*None\.db"):
        ask(tmp_path, lambda buckets: buckets.remove("None"))
    with pytest.raises(BucketError, match=r"there is no .*None\.db"):
        ask(tmp_path, lambda buckets: buckets.points("None"))
    assert ask(tmp_path, lambda buckets: buckets.list()) == [FARM]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """It is the fault of one bucket."""
    (tmp_path / "Farm.db").write_bytes(b"no database at all" * 100)

    with pytest.raises(BucketError, match=r"Farm\.db: file is not a database"):
        ask(tmp_path, lambda buckets: buckets.list())


def test_a_name_that_no_file_can_have_is_the_fault_of_its_bucket(tmp_path: Path) -> None:
    """However it is come upon."""
    long = BucketInfo("x" * 300)
    for question in (
        lambda buckets: buckets.create(long),
        lambda buckets: buckets.change(long),
        lambda buckets: buckets.remove(long.name),
    ):
        with pytest.raises(BucketError, match="its name is too long for a file"):
            ask(tmp_path, question)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "file").touch()

    with pytest.raises(StoreMisconfiguredError, match="cannot be used: Not a directory"):
        ask(tmp_path / "file" / "stores", lambda buckets: buckets.create(FARM))


def test_a_file_that_is_held_is_worth_another_try(tmp_path: Path) -> None:
    """Another process writes in it, and does not end."""
    ask(tmp_path, lambda buckets: buckets.create(FARM))
    with closing(sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        held = SqliteBuckets(tmp_path, busy_secs=0.01)

        with pytest.raises(StoreUnavailableError, match=r"Farm\.db: database is locked"):
            run(held.change(FARM))
