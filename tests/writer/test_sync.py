"""Writing from code that is not async."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from ingestor.errors import StoreMisconfiguredError
from ingestor.ports import Point, Rejection
from ingestor.stores.memory import MemoryStore
from ingestor.writer import Report, Writer
from sensors.climate import Climate
from tests.stores.reading import read_buckets
from tests.support import run

ONE = Climate(rack="rack1", temperature=21.4)


def door(store: MemoryStore) -> Writer:
    """A writer into a store in memory."""
    return Writer("local", store, known={})


def test_it_writes_and_returns_when_stored(tmp_path: Path) -> None:
    """All arguments mean what they mean for the async writer."""
    (tmp_path / "config.yaml").write_text("data_dir: data\n", encoding="utf-8")
    with Writer.from_config(tmp_path / "config.yaml").sync() as writer:
        report = writer.write([ONE], bucket="Farm", measurement="air", time=7)

    assert report == Report(1)
    assert list(read_buckets(tmp_path / "data/stores/local")) == [("Farm", "air", (("rack", "rack1"),), 7)]


def test_it_works_where_a_loop_runs_already() -> None:
    """As in a notebook."""
    store = MemoryStore()

    async def cell() -> Report:
        with door(store).sync() as writer:
            return writer.write(ONE, bucket="Farm")

    assert run(cell()) == Report(1)
    assert len(store.points) == 1


def test_threads_may_share_it() -> None:
    """Each is answered with its own report."""
    store = MemoryStore()
    with door(store).sync() as writer, ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda count: writer.write([ONE] * count, bucket="Farm"), range(1, 20)))

    assert reports == [Report(count) for count in range(1, 20)]
    assert len(store.points) == sum(range(1, 20))


def test_errors_come_through() -> None:
    """What the async writer raises is raised, and the thread ends all the same."""

    def refuse(_: Sequence[Point]) -> Sequence[Rejection]:
        raise StoreMisconfiguredError("token is wrong")

    with pytest.raises(StoreMisconfiguredError, match="token is wrong"), door(MemoryStore(refuse)).sync() as writer:
        writer.write(ONE, bucket="Farm")
    assert "ingestor-writer" not in {thread.name for thread in threading.enumerate()}


class Broken(MemoryStore):
    """A store that cannot be opened."""

    async def __aenter__(self) -> Self:
        raise StoreMisconfiguredError("no")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise AssertionError("it was never entered")


def test_a_store_that_cannot_be_opened_leaves_no_thread() -> None:
    """It is raised where it is entered."""
    with pytest.raises(StoreMisconfiguredError, match="no"), door(Broken()).sync():
        pytest.fail("entered")
    assert "ingestor-writer" not in {thread.name for thread in threading.enumerate()}
