"""The embedded store where files, disks and values are not as one would like."""

import asyncio
import errno
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Point, Rejection, Series
from ingestor.stores import bucketfile, sqlite
from ingestor.stores.bucketfile import BucketFile
from ingestor.stores.sqlite import SqliteStore, bucket_path
from tests.builders import point, series
from tests.stores.reading import read_buckets
from tests.support import run


def write(folder: Path, *points: Point) -> Sequence[Rejection]:
    """Write one batch with a store that is opened and closed for it."""

    async def main() -> Sequence[Rejection]:
        async with SqliteStore(folder) as store:
            return await store.write(points)

    return run(main())


def check(folder: Path, *buckets: str) -> Sequence[str]:
    """What keeps the buckets from being written."""

    async def main() -> Sequence[str]:
        async with SqliteStore(folder) as store:
            return await store.check(buckets)

    return run(main())


def times(folder: Path) -> list[int]:
    """Of what is stored."""
    return sorted(key[3] for key in read_buckets(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files are; it is not there yet."""
    return tmp_path / "stores" / "local"


UNFIT = {
    "integer over 64 bits": point(time_ns=7, count=2**63),
    "integer under 64 bits": point(time_ns=7, count=-(2**63) - 1),
    "lone surrogate in a text": point(time_ns=7, state="\ud800"),
    "lone surrogate in a tag": point(series(tags={"rack": "\udfff"}), time_ns=7),
    "lone surrogate in a measurement": point(series(measurement="\ud800"), time_ns=7),
    "lone surrogate in a bucket": point(series("\ud800"), time_ns=7),
    "NUL in a measurement": point(series(measurement="a\0b"), time_ns=7),
    "NUL in the name of a tag": point(series(tags={"ra\0ck": "rack1"}), time_ns=7),
    "NUL in the name of a field": Point(Series("Farm", "m", {}, types={"t\0": FieldType.FLOAT}), 7, {"t\0": 1.0}),
    "time over 64 bits": point(time_ns=2**63),
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_sqlite_cannot_hold_is_rejected_alone(folder: Path, unfit: Point, at: int) -> None:
    """The point is named by its index, with a reason in words, and harms no other."""
    batch = [point(time_ns=1), point(series("Lab"), time_ns=2)]
    batch.insert(at, unfit)
    rejections = write(folder, *batch)

    assert [(rejection.at, rejection.fields) for rejection in rejections] == [(at, ())]
    assert rejections[0].detail
    assert times(folder) == [1, 2]


def locked(path: Path) -> Callable[[], None]:
    """Another process writes to the file; what this returns ends that."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def test_locked_file_is_a_passing_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds a bucket, the batch can be tried again later, and then is stored once."""
    monkeypatch.setattr(bucketfile, "_BUSY_SECS", 0.01)
    write(folder, point(time_ns=1))
    unlock = locked(bucket_path(folder, "Farm"))
    problems = check(folder, "Farm")
    with pytest.raises(StoreUnavailableError, match="locked"):
        write(folder, point(time_ns=2))
    unlock()
    write(folder, point(time_ns=2))

    assert len(problems) == 1
    assert "locked" in problems[0]
    assert times(folder) == [1, 2]


def garbage(path: Path) -> None:
    """Not a SQLite file any more."""
    path.write_bytes(b"garbage " * 1000)


def overwritten(path: Path) -> None:
    """A file whose inner pages are damaged."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def folder_instead(path: Path) -> None:
    """A folder in the place of the file."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [garbage, overwritten, folder_instead])
def test_spoilt_bucket_harms_no_other(folder: Path, spoil: Callable[[Path], None]) -> None:
    """The fault names the bucket; the others flow, and the bucket does too once it is mended."""
    write(folder, point(time_ns=1))
    spoil(bucket_path(folder, "Farm"))
    with pytest.raises(BucketError) as caught:
        write(folder, point(time_ns=2), point(series("Lab"), time_ns=3))
    stored_meanwhile = times_of_lab(folder)
    remove(bucket_path(folder, "Farm"))
    write(folder, point(time_ns=2))

    assert caught.value.bucket == "Farm"
    assert "Farm.db" in str(caught.value)
    assert stored_meanwhile == [3]
    assert times(folder) == [2, 3]


def test_all_spoilt_buckets_are_told_at_once(folder: Path) -> None:
    """One attempt is enough to know them, each with its own reason."""
    folder.mkdir(parents=True)
    for bucket in ("Farm", "Home"):
        bucket_path(folder, bucket).mkdir()
    with pytest.raises(BucketError) as caught:
        write(folder, point(time_ns=1), point(series("Lab"), time_ns=3), point(series("Home"), time_ns=2))

    assert list(caught.value.reasons) == ["Farm", "Home"]
    assert all(f"{bucket}.db" in why for bucket, why in caught.value.reasons.items())
    assert times_of_lab(folder) == [3]


def times_of_lab(folder: Path) -> list[int]:
    """What the other bucket has, read without touching the spoilt one."""
    with closing(sqlite3.connect(bucket_path(folder, "Lab"))) as lab:
        return [time_ns for (time_ns,) in lab.execute("SELECT time_ns FROM climate")]


def remove(path: Path) -> None:
    """Put a spoilt bucket out of the way."""
    if path.is_dir():
        path.rmdir()
    else:
        for part in path.parent.glob(f"{path.name}*"):
            part.unlink()


def test_damage_while_the_file_is_open(folder: Path) -> None:
    """A file that gets damaged while the store has it open is given up, and tried anew with the next batch."""

    async def main() -> None:
        async with SqliteStore(folder) as store:
            await store.write([point(time_ns=at, state="x" * 1000) for at in range(1000)])
            with closing(sqlite3.connect(bucket_path(folder, "Farm"))) as other:
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            overwritten(bucket_path(folder, "Farm"))
            with pytest.raises(BucketError):
                await store.write([point(time_ns=at, state="y" * 1000) for at in range(1000)])
            remove(bucket_path(folder, "Farm"))
            await store.write([point(time_ns=7)])

    run(main())

    assert times(folder) == [7]


def test_file_where_the_folder_should_be(folder: Path) -> None:
    """Without a folder nothing can be stored until a person acts."""
    folder.parent.mkdir()
    folder.write_text("")
    problems = check(folder, "Farm")
    with pytest.raises(StoreMisconfiguredError, match="cannot be used"):
        write(folder, point())

    assert len(problems) == 1
    assert problems[0].startswith("bucket Farm: ")


def test_file_that_may_not_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What SQLite says of a file that it may only read is a fault of that bucket."""
    write(folder, point(time_ns=1))
    opened = sqlite3.connect

    def read_only(path: Path, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = opened(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload]
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)
    problems = check(folder, "Farm")
    with pytest.raises(BucketError, match="readonly"):
        write(folder, point(time_ns=2))

    assert len(problems) == 1
    assert "readonly" in problems[0]


def test_full_disk_is_a_passing_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is not stored in part, and is stored once there is room again."""

    class SmallDisk(BucketFile):
        """A file that may not grow beyond 50 pages."""

        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self._connection.execute("PRAGMA max_page_count = 50")

    batch = [point(time_ns=at, state="x" * 1000) for at in range(1000)]
    write(folder, point(time_ns=1))
    with monkeypatch.context() as small:
        small.setattr("ingestor.stores.sqlite.BucketFile", SmallDisk)
        with pytest.raises(StoreUnavailableError, match="full"):
            write(folder, *batch)
    stored_meanwhile = times(folder)
    write(folder, *batch)

    assert stored_meanwhile == [1]
    assert times(folder) == list(range(1000))


def test_check_finds_nothing_wrong_with_a_new_folder(folder: Path) -> None:
    """A check of what can be written stores nothing."""
    assert check(folder, "Farm", "Lab") == []
    assert read_buckets(folder) == {}


def test_files_are_named_after_their_buckets(folder: Path) -> None:
    """Readable where that can be, and never outside the folder."""
    names = ["Farm", "per cent", "a/b", "../up", "ü", "."]
    paths = [bucket_path(folder, name) for name in names]

    assert [path.name for path in paths[:2]] == ["Farm.db", "per cent.db"]
    assert {path.parent for path in paths} == {folder}


def test_writing_does_not_stop_the_loop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is slow, the event loop goes on."""
    looped = threading.Event()
    upsert = BucketFile.upsert

    def slow(self: BucketFile, points: Sequence[Point]) -> Mapping[Series, Mapping[str, FieldType]]:
        assert looped.wait(10)
        return upsert(self, points)

    monkeypatch.setattr(BucketFile, "upsert", slow)

    async def main() -> None:
        async with SqliteStore(folder) as store:
            asyncio.get_running_loop().call_soon(looped.set)
            await store.write([point(time_ns=1)])

    run(main())

    assert times(folder) == [1]


def delete_files(folder: Path) -> None:
    """Delete every file of the store."""
    for file in folder.iterdir():
        file.unlink()


def test_a_file_that_somebody_deleted_is_made_anew(folder: Path) -> None:
    """What is written after the file of a bucket was deleted is in a new one, not in one that nobody can open."""

    async def main() -> None:
        async with SqliteStore(folder) as store:
            await store.write([point(time_ns=1)])
            delete_files(folder)
            await store.write([point(time_ns=2)])

    run(main())

    assert times(folder) == [2]


def test_a_folder_that_cannot_be_written_is_no_fault_of_a_bucket(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mounted read-only, it refuses everything until a person acts, and nothing is held bucket by bucket."""
    write(folder, point(time_ns=1))

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    for file in folder.iterdir():
        file.write_bytes(b"no database any more" * 100)

    with pytest.raises(StoreMisconfiguredError, match="Read-only file system"):
        write(folder, point(time_ns=2))


def test_only_the_field_that_sqlite_cannot_hold_is_left_out(folder: Path) -> None:
    """The other fields of its point are stored."""
    rejections = write(
        folder, point(series(types={"count": FieldType.INT, "level": FieldType.FLOAT}), count=2**63, level=1.5)
    )

    assert [rejection.fields for rejection in rejections] == [("count",)]
    assert list(read_buckets(folder).values()) == [{"level": 1.5}]


def open_buckets(folder: Path) -> set[str]:
    """Whose files are held open: SQLite removes the log beside a file when the last connection to it ends."""
    return {path.name.removesuffix(".db-wal") for path in folder.glob("*.db-wal")}


def test_only_the_files_used_last_stay_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets beyond the limit take no descriptors, and are opened again when a point comes."""
    monkeypatch.setattr(sqlite, "_MAX_OPEN", 3)
    held = []

    async def main() -> None:
        async with SqliteStore(folder) as store:
            for at, bucket in enumerate("abcadb"):
                await store.write([point(series(bucket), time_ns=at)])
                held.append(open_buckets(folder))

    run(main())

    assert held == [{"a"}, set("ab"), set("abc"), set("abc"), set("acd"), set("abd")]
    assert times(folder) == [0, 1, 2, 3, 4, 5]


def test_a_batch_of_more_buckets_than_may_be_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is written, and the check of them all finds nothing wrong."""
    monkeypatch.setattr(sqlite, "_MAX_OPEN", 3)
    buckets = [f"bucket{number}" for number in range(10)]
    write(folder, *(point(series(bucket), time_ns=at) for at, bucket in enumerate(buckets)))

    assert check(folder, *buckets) == []
    assert times(folder) == list(range(10))
