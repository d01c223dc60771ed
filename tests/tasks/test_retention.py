"""Deleting what is too old as a task."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingestor.ports import BucketInfo
from ingestor.stores.retention import Expiry
from ingestor.stores.sqlite import bucket_path
from ingestor.stores.sqlitebuckets import SqliteBuckets
from ingestor.tasks.job import JobError, JobResult
from ingestor.tasks.retention import RetentionJob
from tests.stores.test_retention import NOW_NS, points, write
from tests.support import run
from tests.tasks.rig import state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of which two buckets keep points for a while."""
    tmp_path = tmp_path / "store"
    run(write(tmp_path, *points("A"), *points("B"), *points("C")))
    run(SqliteBuckets(tmp_path).change(BucketInfo("A", "", 9.0)))
    run(SqliteBuckets(tmp_path).change(BucketInfo("B", "", 3_600.0)))
    return tmp_path


def job(folder: Path, buckets: Sequence[str] = (), *, ahead_days: int = 0, by_hand: bool = False) -> JobResult:
    """What a run came to."""

    def now_ns() -> int:
        return NOW_NS + ahead_days * 86_400 * 10**9

    async def main() -> JobResult:
        async with state(folder.parent) as held:
            task = RetentionJob(
                "nightly", SqliteBuckets(folder), Expiry(folder, now_ns=now_ns), state=held, buckets=buckets,
                now_ns=now_ns,
            )  # fmt: skip
            return await task.run(by_hand=by_hand)

    return run(main())


def test_each_bucket_keeps_what_is_recorded(folder: Path) -> None:
    """What was deleted is told; then there is nothing more to do."""
    assert job(folder) == JobResult("deleted points that were too old: 90 from A")
    assert job(folder) == JobResult("nothing was too old")
    assert [len(run(SqliteBuckets(folder).points(name))) for name in "ABC"] == [10, 100, 100]


def test_only_some_buckets(folder: Path) -> None:
    """Those that are named; one that is not there is a fault."""
    found = job(folder, ["B", "D"])

    assert found.words == "nothing was too old"
    assert [fault.words for fault in found.faults] == ["there is no bucket D"]
    assert job(folder, ["C"]).words.startswith("no bucket has a retention")
    with pytest.raises(JobError, match="there is no bucket D"):
        job(folder, ["D"])


def test_a_clock_that_jumps_by_years_deletes_nothing(folder: Path) -> None:
    """Also over a restart, until it is right again or a person says that it is right; a month away is no such jump."""

    def kept() -> list[int]:
        return [len(run(SqliteBuckets(folder).points(name))) for name in "ABC"]

    job(folder)
    for days in (3_650, 4_000):
        with pytest.raises(JobError, match=r"nothing was deleted: the clock .* say: ingestor task run nightly"):
            job(folder, ahead_days=days)
    assert kept() == [10, 100, 100]
    assert job(folder, ahead_days=-3_650).words == "nothing was too old"
    assert job(folder).words == "nothing was too old"

    assert job(folder, ["A"], ahead_days=31).words.endswith("10 from A")
    assert job(folder, ahead_days=3_650, by_hand=True).words.endswith("100 from B")
    assert kept() == [0, 0, 100]


def test_a_store_that_cannot_be_read_is_told(folder: Path) -> None:
    """As a run that was not done."""
    bucket_path(folder, "A").write_bytes(b"no database at all" * 100)
    with pytest.raises(JobError, match="not a database"):
        job(folder)


def test_an_empty_store_has_nothing_to_do(tmp_path: Path) -> None:
    """Before the first reading came."""
    assert job(tmp_path / "none").words.startswith("no bucket has a retention")
