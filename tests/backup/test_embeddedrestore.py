"""Restoring buckets of the embedded store."""

import asyncio
from pathlib import Path

import pytest

from ingestor.backup.embedded import EmbeddedBackup
from ingestor.backup.embeddedrestore import EmbeddedRestore, recorded_contents
from ingestor.backup.record import BackupError, read_record
from ingestor.stores.sqlite import SqliteStore, bucket_path
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.backup.embeddedstores import points, store_in
from tests.backup.farms import names_in
from tests.servers.disk import small_disk
from tests.support import run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a store with two buckets."""
    return run(store_in(tmp_path / "store", points("A", count=30), points("B", "soil", count=7)))


@pytest.fixture
def folder(place: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    return run(EmbeddedBackup(place, "local").run(tmp_path / "backups")).folder


def test_all_buckets_come_back(place: Path, folder: Path, tmp_path: Path) -> None:
    """Into a folder that was not there, point for point; and they can be written after that."""
    seen: list[float] = []
    job = EmbeddedRestore(tmp_path / "new", folder, on_progress=lambda share, _: seen.append(share))
    restored = run(job.run())

    assert [(one.bucket, one.to, one.points) for one in restored] == [("A", "A", 30), ("B", "B", 7)]
    assert names_in(tmp_path / "new") == ["A.db", "B.db"]
    for name in ("A", "B"):
        assert run(SqliteBuckets(tmp_path / "new").points(name)) == run(SqliteBuckets(place).points(name))
    run(store_in(tmp_path / "new", points("A", count=31)))
    assert len(run(SqliteBuckets(tmp_path / "new").points("A"))) == 31
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_bucket_that_is_there_is_not_touched(place: Path, folder: Path) -> None:
    """It is refused, and what stands before it in the backup is not restored; under a new name it goes beside."""
    bucket_path(place, "A").unlink()
    with pytest.raises(BackupError, match=r"B\.db is there already, and nothing was restored: say --bucket B --new"):
        run(EmbeddedRestore(place, folder).run())
    left = names_in(place)
    restored = run(EmbeddedRestore(place, folder).run(["B"], "B 2"))

    assert left == ["B.db"]
    assert [(one.bucket, one.to) for one in restored] == [("B", "B 2")]
    assert run(SqliteBuckets(place).points("B 2")) == run(SqliteBuckets(place).points("B"))


def test_what_is_left_of_a_removed_bucket_is_no_part_of_it(folder: Path, tmp_path: Path) -> None:
    """SQLite would take the log of another file for that of this one."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "A.db-wal").write_bytes(b"old")
    with pytest.raises(BackupError, match=r"A\.db-wal is there already"):
        run(EmbeddedRestore(tmp_path / "new", folder).run())

    assert names_in(tmp_path / "new") == ["A.db-wal"]


def test_a_bucket_that_is_made_meanwhile_is_not_touched(folder: Path, tmp_path: Path) -> None:
    """The service may make it while the file is copied; then all that was restored goes again."""
    new = tmp_path / "new"

    def meanwhile(share: float, _: int) -> None:
        if share == 1.0:
            bucket_path(new, "B").write_bytes(b"another")

    with pytest.raises(BackupError, match=r"B\.db is there already"):
        run(EmbeddedRestore(new, folder, on_progress=meanwhile).run())

    assert names_in(new) == ["B.db"]
    assert bucket_path(new, "B").read_bytes() == b"another"


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_backup_is_refused(folder: Path, tmp_path: Path, damage: str) -> None:
    """By the name of the file; nothing is restored, not even what is whole."""
    file = folder / "B.db"
    content = bytearray(file.read_bytes())
    content[2000] ^= 1
    file.unlink()
    if damage != "missing":
        file.write_bytes(content[: len(content) - (damage == "cut")])
    with pytest.raises(BackupError, match=r"B\.db is (damaged|missing).*nothing was restored"):
        run(EmbeddedRestore(tmp_path / "new", folder).run())

    assert names_in(tmp_path / "new") == []


def test_what_is_not_in_it_is_told(folder: Path, tmp_path: Path) -> None:
    """With what there is; or that there is no backup at all."""
    with pytest.raises(BackupError, match="has no bucket C; there is A, B"):
        run(EmbeddedRestore(tmp_path / "new", folder).run(["C"]))
    with pytest.raises(BackupError, match="is no backup of ours"):
        run(EmbeddedRestore(tmp_path / "new", tmp_path).run())


def test_the_service_goes_on_with_a_bucket_that_is_restored(place: Path, folder: Path) -> None:
    """One that was removed while it had its file open, too."""

    async def main() -> int:
        async with SqliteStore(place) as store:
            await store.write(points("A", count=2))
            await SqliteBuckets(place).remove("A")
            await EmbeddedRestore(place, folder).run(["A"])
            await store.write(points("A", count=40))
            await asyncio.sleep(0)
            return len(await SqliteBuckets(place).points("A"))

    assert run(main()) == 40


def test_what_was_counted_can_be_read_again(folder: Path) -> None:
    """A record that lost its way is told."""
    record = read_record(folder)
    assert record is not None
    assert recorded_contents(folder, record) == {"A": {"climate": 30}, "B": {"soil": 7}}
    (folder / "contents.json").write_text("[]")
    with pytest.raises(BackupError, match=r"contents\.json is damaged"):
        recorded_contents(folder, record)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """What was restored before goes again."""
    place = run(store_in(tmp_path / "store", points("A", count=30), points("B", count=60_000)))
    folder = run(EmbeddedBackup(place, "local").run(tmp_path / "backups")).folder
    with small_disk(tmp_path / "new", mib=1):
        with pytest.raises(BackupError, match=r"No space left on device; nothing was restored"):
            run(EmbeddedRestore(tmp_path / "new", folder).run())
        assert names_in(tmp_path / "new") == []
