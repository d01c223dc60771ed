"""Whether two stores hold the same."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.copying import verify
from ingestor.copying.notes import BucketState, Task
from ingestor.copying.verify import Check, Difference, Verdict, checks_of
from ingestor.ports import BucketInfo, FieldType, Point, Series
from ingestor.stores.sqlite import SqliteStore, bucket_path
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.copying.ends import ALL, DAY_NS, START_NS, THREE, compare, fill, folder, write
from tests.support import run

FARM = THREE[1]


@pytest.fixture
def ends(tmp_path: Path) -> tuple[Path, Path]:
    """Two stores that hold the same."""
    run(fill(tmp_path / "a", *THREE))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


def verdict_of(ends: tuple[Path, Path], *buckets: str) -> Verdict:
    """What a comparison finds."""
    return run(compare(folder(ends[0]), folder(ends[1]), *((name, name) for name in buckets)))


def change(path: Path, bucket: str, statement: str) -> None:
    """Change something by hand, as nobody should."""
    with closing(sqlite3.connect(bucket_path(path, bucket))) as connection, connection:
        assert connection.execute(statement).rowcount == 1


def test_the_same_is_equal(ends: tuple[Path, Path]) -> None:
    """Two stores with the same values differ in nothing, and it is said how much was compared."""
    verdict = verdict_of(ends)

    assert (verdict.differ, verdict.named) == (0, [])
    assert verdict.values > 2_000
    assert verdict.series_days > 10


@pytest.mark.parametrize("there", [0, 1])
def test_a_value_that_is_missing_is_named(ends: tuple[Path, Path], there: int) -> None:
    """Of a value that one of them lacks the series and day are named, with both counts."""
    change(ends[there], THREE[0], f"UPDATE points_1 SET f1 = NULL WHERE series = 2 AND time = {START_NS + 10**10}")  # noqa: S608

    verdict = verdict_of(ends)

    counts = ["499 values", "500 values"] if there == 0 else ["500 values", "499 values"]
    assert verdict.differ == 1
    assert verdict.named == [
        Difference(
            THREE[0], "power", "rack=rack1", "2023-11-14", f"{counts[0]}, and {counts[1][:3]} in the other store"
        )
    ]


def test_a_value_that_is_another_is_named(ends: tuple[Path, Path]) -> None:
    """Counts may be equal: one digit of one value is enough to be found, on its day."""
    change(
        ends[1],
        FARM,
        "UPDATE points_1 SET f2 = f2 + 1 WHERE series = 2 AND time ="
        " (SELECT min(time) FROM points_1 WHERE series = 2 AND f2 NOT NULL AND time > 1700092800000000000)",
    )

    verdict = verdict_of(ends)

    assert [one[:3] for one in verdict.named] == [(FARM, "climate", "rack=rack1,u=2")]
    assert verdict.named[0].day == "2023-11-16"
    assert verdict.named[0].what.endswith("values in both, and not all of them equal")


def test_what_only_one_of_them_has_is_named(ends: tuple[Path, Path]) -> None:
    """A bucket, a measurement, a series, a day or a field that only one of them has is a difference, in both ways."""
    new = [
        Point(Series(FARM, "new", {}, types={"x": FieldType.INT}), 5, {"x": 1}),
        Point(Series(FARM, "climate", {"rack": "9"}, types={"y": FieldType.INT}), 5 + DAY_NS, {"y": 1}),
    ]

    async def more(path: Path) -> None:
        async with SqliteStore(path) as store:
            await write(store, new)
        async with SqliteBuckets(path) as buckets:
            await buckets.remove(THREE[2])

    run(more(ends[1]))
    found = [(one.bucket, one.measurement, one.series, one.day) for one in verdict_of(ends).named]

    assert found == [
        (THREE[2], "", "", ""),
        (FARM, "climate", "rack=9", "1970-01-02"),
        (FARM, "new", "", "1970-01-01"),
    ]
    assert len(verdict_of((ends[1], ends[0]), FARM).named) == 2


def test_another_type_is_a_difference(ends: tuple[Path, Path]) -> None:
    """A field that is stored with another type is named once, and the other fields are compared."""
    change(ends[1], FARM, "UPDATE fields SET type = 'float' WHERE name = 'count'")

    verdict = verdict_of(ends, FARM)

    assert [one.what for one in verdict.named] == [f"count is int in sqlite:{ends[0]}, and float in sqlite:{ends[1]}"]
    assert verdict.values > 100


def test_what_one_of_them_need_not_keep_is_not_compared(ends: tuple[Path, Path]) -> None:
    """Older than the shorter retention nothing is compared."""

    async def shorten() -> None:
        async with SqliteBuckets(ends[1]) as buckets:
            await buckets.change(BucketInfo(FARM, "", 31 * 86_400.0))

    change(ends[1], FARM, "DELETE FROM points_2")
    run(shorten())

    assert verdict_of(ends).differ == 0


def test_a_time_and_a_measurement(ends: tuple[Path, Path]) -> None:
    """What is outside of the time or of another measurement is not looked at."""
    change(ends[1], FARM, "DELETE FROM points_2")
    later, climate = ALL._replace(start_ns=START_NS), ALL._replace(measurement="climate")

    assert [run(compare(folder(ends[0]), folder(ends[1]), bounds=bounds)).differ for bounds in (ALL, later)] == [1, 0]
    assert run(compare(folder(ends[0]), folder(ends[1]), (FARM, FARM), bounds=climate)).differ == 0


def test_more_differences_than_can_be_named(ends: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are named, all are counted."""
    monkeypatch.setattr(verify, "_NAMED", 2)
    shutil.rmtree(ends[1])
    ends[1].mkdir()

    verdict = verdict_of(ends)

    assert (verdict.differ, len(verdict.named)) == (3, 2)


def test_memory_does_not_grow_with_the_days(ends: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Few series and days are compared at a time; in small stretches the verdict is the same."""
    whole = verdict_of(ends)
    monkeypatch.setattr(verify, "_AIM_SERIES_DAYS", 1)

    assert verdict_of(ends) == whole


def test_what_was_copied_is_compared() -> None:
    """Of a copy that was broken off, what is done; of what holds nothing, nothing."""
    tasks = [Task("climate", 0, 100, 25), Task("power", 0, 100, 0)]

    assert checks_of([BucketState("Farm", "Home", tasks), BucketState("Not planned", "x")]) == [
        Check("Farm", "Home", "climate", 0, 25)
    ]
