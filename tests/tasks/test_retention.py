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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of which two buckets keep points for a while."""
    run(write(tmp_path, *points("A"), *points("B"), *points("C")))
    run(SqliteBuckets(tmp_path).change(BucketInfo("A", "", 9.0)))
    run(SqliteBuckets(tmp_path).change(BucketInfo("B", "", 3_600.0)))
    return tmp_path


def job(folder: Path, buckets: Sequence[str] = ()) -> JobResult:
    """What a run came to."""
    task = RetentionJob(SqliteBuckets(folder), Expiry(folder, now_ns=lambda: NOW_NS), buckets=buckets)
    return run(task.run(by_hand=False))


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


def test_a_store_that_cannot_be_read_is_told(folder: Path) -> None:
    """As a run that was not done."""
    bucket_path(folder, "A").write_bytes(b"no database at all" * 100)
    with pytest.raises(JobError, match="not a database"):
        job(folder)


def test_an_empty_store_has_nothing_to_do(tmp_path: Path) -> None:
    """Before the first reading came."""
    assert job(tmp_path / "none").words.startswith("no bucket has a retention")
