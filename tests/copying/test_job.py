"""Copies of what is in one store to another."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from ingestor.copying import job
from ingestor.copying.ends import CopyError
from ingestor.copying.job import Bounds, chosen, oldest_ns
from ingestor.errors import StoreUnavailableError
from ingestor.ports import BucketInfo, FieldType, Point, Rejection, Series, StoredPoint
from ingestor.reader.question import Question
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores.sqlite import SqliteStore
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.copying.ends import ALL, DAY_NS, HOUR_NS, NOW_NS, START_NS, THREE, copy, fill, folder, stored, write
from tests.support import run

FARM = THREE[1]


async def all_of(path: Path, *buckets: str) -> list[list[StoredPoint]]:
    """What is in these buckets."""
    return [await stored(path, bucket) for bucket in buckets]


def test_everything_is_copied(tmp_path: Path) -> None:
    """Without any word about it all buckets go under the names that they have, value for value and type for type."""
    origin, target = tmp_path / "a", tmp_path / "b"

    async def work() -> list[bool]:
        states = await copy(await fill(origin, *THREE), folder(target), tmp_path)
        return [one.is_whole and one.made for one in states]

    async def types(path: Path) -> list[object]:
        async with SqliteStore(path) as store:
            return [await store.field_types(bucket) for bucket in THREE]

    whole = run(work())

    assert whole == [True] * 3
    assert run(all_of(target, *THREE)) == run(all_of(origin, *THREE))
    assert run(types(target)) == run(types(origin))


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    """Copied twice, the points are there once."""
    origin, target = tmp_path / "a", tmp_path / "b"

    async def work() -> list[int]:
        await fill(origin, FARM)
        counts = []
        for number in range(2):
            (state,) = await copy(folder(origin), folder(target), tmp_path / str(number))
            counts.append(state.points)
        return counts

    first, again = run(work())

    assert first == again > 0
    assert run(all_of(target, FARM)) == run(all_of(origin, FARM))


def test_one_bucket_under_another_name(tmp_path: Path) -> None:
    """A bucket may have another name where it goes, also in the same store; others stay behind."""

    async def work() -> tuple[list[list[StoredPoint]], ...]:
        await fill(tmp_path, *THREE)
        (state,) = await copy(folder(tmp_path), folder(tmp_path), tmp_path / "n", (FARM, "New"))
        assert (state.bucket, state.to, state.made, state.fault) == (FARM, "New", True, None)
        return await all_of(tmp_path, FARM), await all_of(tmp_path, "New")

    old, new = run(work())

    assert old == new


def test_description_and_retention_go_along(tmp_path: Path) -> None:
    """A bucket that is made is described as it was; one that is there is left as it is."""

    async def work() -> list[BucketInfo]:
        await fill(tmp_path / "a", *THREE[:2], rows=3)
        async with SqliteBuckets(tmp_path / "a") as old, SqliteBuckets(tmp_path / "b") as new:
            for name in THREE[:2]:
                await old.change(BucketInfo(name, "Meters", 400 * 86_400.0))
            await new.create(BucketInfo(FARM, "Mine", None))
            await copy(folder(tmp_path / "a"), folder(tmp_path / "b"), tmp_path)
            return list(await new.list())

    assert run(work()) == [BucketInfo(FARM, "Mine", None), BucketInfo(THREE[0], "Meters", 400 * 86_400.0)]


def test_a_time_and_a_measurement(tmp_path: Path) -> None:
    """Only what is in the time goes, its beginning included and its end not; and only of the measurement."""
    bounds = Bounds(START_NS + HOUR_NS, START_NS + 2 * HOUR_NS, "climate")

    async def work() -> list[list[StoredPoint]]:
        await fill(tmp_path / "a", FARM)
        await copy(folder(tmp_path / "a"), folder(tmp_path / "b"), tmp_path, bounds=bounds)
        return [await stored(path, FARM) for path in (tmp_path / "a", tmp_path / "b")]

    before, after = run(work())

    assert after == [
        point
        for point in before
        if point.measurement == "climate" and bounds.start_ns <= point.time_ns < bounds.stop_ns
    ]
    assert after != []


def test_another_type_is_set_aside_and_named(tmp_path: Path) -> None:
    """A field that the other store holds with another type is not converted: it is counted, the rest is stored."""

    async def work() -> tuple[object, list[list[StoredPoint]]]:
        await fill(tmp_path / "a", FARM)
        async with SqliteStore(tmp_path / "b") as store:
            await write(store, [Point(Series(FARM, "climate", {}, types={"count": FieldType.TEXT}), 1, {"count": "x"})])
        (state,) = await copy(folder(tmp_path / "a"), folder(tmp_path / "b"), tmp_path)
        return state.set_aside, [await stored(path, FARM) for path in (tmp_path / "a", tmp_path / "b")]

    set_aside, (old, new) = run(work())

    counts = [point for point in old if "count" in point.fields and point.measurement == "climate"]
    assert set_aside == {"climate": {"count is int here, but stored as text": len(counts)}}
    assert [value for point in new for name, value in point.fields.items() if name == "count"] == ["x"]
    assert sum(len(point.fields) for point in new) == sum(len(point.fields) for point in old) - len(counts) + 1


def test_what_would_not_be_kept_is_counted_and_left_out(tmp_path: Path) -> None:
    """Values older than the other store keeps are named with their count, and never sent."""

    async def work() -> tuple[object, list[StoredPoint], list[StoredPoint]]:
        await fill(tmp_path / "a", FARM)
        async with SqliteBuckets(tmp_path / "b") as buckets:
            await buckets.create(BucketInfo(FARM, "", 30 * 86_400.0 - 3_600))
        (state,) = await copy(folder(tmp_path / "a"), folder(tmp_path / "b"), tmp_path)
        old, new = await stored(tmp_path / "a", FARM), await stored(tmp_path / "b", FARM)
        return state.older, old, new

    older, old, new = run(work())

    kept = [point for point in old if point.time_ns >= START_NS + HOUR_NS]
    left = [point for point in old if point not in kept]
    counts = {
        name: sum(len(point.fields) for point in left if point.measurement == name) for name in ("climate", "old")
    }
    assert new == kept
    assert older == counts
    assert all(counts.values())


class Breaking(SqliteSource):
    """Goes away after some batches, as a server does."""

    def __init__(self, path: Path, batches: int) -> None:
        super().__init__(path)
        self.left = batches

    async def stream(self, question: Question) -> AsyncGenerator[pa.RecordBatch, None]:
        """Some of the batches."""
        async for batch in super().stream(question):
            if self.left <= 0:
                raise StoreUnavailableError("gone")
            self.left -= 1
            yield batch


def test_broken_off_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was noted is not read again, and in the end everything is there once."""
    monkeypatch.setattr(job, "_AIM_POINTS", 100)
    origin, target = folder(tmp_path / "a"), folder(tmp_path / "b")

    async def work() -> tuple[int, int, int]:
        await fill(tmp_path / "a", THREE[0])
        sources = [Breaking(tmp_path / "a", 3), Breaking(tmp_path / "a", 10_000)]
        coming = iter(sources)
        breaking = origin._replace(source=lambda: next(coming))
        with pytest.raises(StoreUnavailableError, match="gone"):
            await copy(breaking, target, tmp_path)
        before = len(await stored(tmp_path / "b", THREE[0]))
        (state,) = await copy(breaking, target, tmp_path)
        return before, state.points, 10_000 - sources[1].left

    before, points, batches = run(work())

    assert 0 < before < points == 1_500
    assert batches < 10_000
    assert run(all_of(tmp_path / "b", THREE[0])) == run(all_of(tmp_path / "a", THREE[0]))


class Watching(SqliteStore):
    """Knows what it was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.seen: list[Point] = []

    async def write(self, points: Sequence[Point]) -> Sequence[Rejection]:
        """Note and store them."""
        self.seen += points
        return await super().write(points)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start sends only what the notes of the first do not say is done."""
    monkeypatch.setattr(job, "_AIM_POINTS", 100)
    origin, target = folder(tmp_path / "a"), folder(tmp_path / "b")
    store = Watching(tmp_path / "b")

    async def work() -> int:
        await fill(tmp_path / "a", THREE[0])
        with pytest.raises(StoreUnavailableError, match="gone"):
            await copy(origin._replace(source=lambda: Breaking(tmp_path / "a", 3)), target, tmp_path)
        before = len(await stored(tmp_path / "b", THREE[0]))
        await copy(origin, target._replace(store=lambda: store), tmp_path)
        return before

    before = run(work())

    assert len(store.seen) == 1_500 - before


def test_a_bucket_that_fails_keeps_no_other(tmp_path: Path) -> None:
    """A bucket that is not there, and a measurement that is nowhere, are said; the other buckets are copied."""

    async def work() -> list[object]:
        await fill(tmp_path / "a", *THREE)
        pairs = [(name, name) for name in ("Nope", *THREE)]
        bounds = ALL._replace(measurement="climate")
        states = await copy(folder(tmp_path / "a"), folder(tmp_path / "b"), tmp_path, *pairs, bounds=bounds)
        return [(one.bucket, one.points > 0, (one.fault or "").split(":")[0]) for one in states]

    assert run(work()) == [
        ("Nope", False, "there is no bucket 'Nope'"),
        (THREE[0], False, f"bucket {THREE[0]!r} has no measurement 'climate'; it has power"),
        (FARM, True, ""),
        (THREE[2], False, f"bucket {THREE[2]!r} has no measurement 'climate'; it has odd, kind 'x'"),
    ]


def test_nothing_is_copied_onto_itself(tmp_path: Path) -> None:
    """The same bucket of the same store is no place to copy to; neither is an empty store something to copy."""
    run(fill(tmp_path / "a", FARM, rows=5))

    with pytest.raises(CopyError, match="onto itself"):
        run(copy(folder(tmp_path / "a"), folder(tmp_path / "a"), tmp_path))
    with pytest.raises(CopyError, match="has no buckets"):
        run(copy(folder(tmp_path / "empty"), folder(tmp_path / "a"), tmp_path))


def test_a_store_that_takes_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its deadline a batch is not tried any more; what is said names the fault and how to go on."""
    monkeypatch.setattr(job, "DEADLINE_SECS", 0.05)

    class Away(SqliteStore):
        async def write(self, points: Sequence[Point]) -> Sequence[Rejection]:
            del points
            raise StoreUnavailableError("the disk is full")

    run(fill(tmp_path / "a", FARM, rows=5))
    target = folder(tmp_path / "b")._replace(store=lambda: Away(tmp_path / "b"))

    with pytest.raises(
        StoreUnavailableError, match=r"took nothing for 0\.05 s: the disk is full.*goes on where it was"
    ):
        run(copy(folder(tmp_path / "a"), target, tmp_path))


def test_how_long_things_are_kept() -> None:
    """The shortest retention counts; a bucket without one keeps everything, and one that is not known does too."""
    day, week = BucketInfo("a", "", 86_400.0), BucketInfo("b", "", 7 * 86_400.0)

    assert oldest_ns(NOW_NS, [week, day, None]) == NOW_NS - DAY_NS
    assert oldest_ns(NOW_NS, [None, BucketInfo("c")]) == -(2**63)


def test_measurements_that_are_meant() -> None:
    """All of them, or the one that is named."""
    assert chosen(["a", "b"], None, "Farm") == ["a", "b"]
    assert chosen(["a", "b"], "b", "Farm") == ["b"]
