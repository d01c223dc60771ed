"""The store that tests and benchmarks use in place of real ones."""

from collections.abc import Sequence

import pytest

from ingestor.errors import StoreUnavailableError
from ingestor.ports import Point, Reason, Rejection, Store
from ingestor.stores.memory import MemoryStore
from tests.builders import point
from tests.support import run


async def write(store: Store, *points: Point) -> Sequence[Rejection]:
    """Enter the store, write one batch, leave it."""
    async with store:
        return await store.write(points)


def test_it_can_refuse_points_and_fields() -> None:
    """A rejection without fields leaves out the point, one with fields only those."""
    rejections = [
        Rejection(0, Reason.REJECTED, "too old"),
        Rejection(2, Reason.REJECTED, "too hot", ("temperature",)),
    ]
    store = MemoryStore(lambda _: rejections)
    answer = run(write(store, *(point(time_ns=at, temperature=1.0, humidity=2.0) for at in range(3))))

    assert answer == rejections
    assert {key[3]: fields for key, fields in store.points.items()} == {
        1: {"temperature": 1.0, "humidity": 2.0},
        2: {"humidity": 2.0},
    }


def test_it_can_fail() -> None:
    """What `answer` raises comes through, nothing is stored, and the attempt is counted."""

    def answer(_: Sequence[Point]) -> Sequence[Rejection]:
        raise StoreUnavailableError("away")

    store = MemoryStore(answer)
    with pytest.raises(StoreUnavailableError):
        run(write(store, point()))

    assert store.points == {}
    assert store.writes == 1


def test_nothing_keeps_buckets_from_being_written() -> None:
    """Its check finds nothing."""
    assert run(MemoryStore().check(["Farm"])) == ()
