"""Backups of the embedded store."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.backup.embedded import CONTENTS, EmbeddedBackup
from ingestor.backup.record import SQLITE, BackupError, read_record
from ingestor.stores.sqlite import SqliteStore, bucket_path
from tests.backup.embeddedstores import points, store_in
from tests.backup.farms import NOON, STAMP, names_in
from tests.servers.disk import small_disk
from tests.support import run


def test_each_bucket_is_a_file_that_anything_can_open(tmp_path: Path) -> None:
    """One file without others beside it, private, with a record of what it is, and of how much is in it."""
    place = run(store_in(tmp_path / "store", points("A", count=30), points("B/C", "soil", count=7)))
    seen: list[float] = []
    job = EmbeddedBackup(place, "local", on_progress=lambda share, _: seen.append(share))
    backup = run(job.run(tmp_path / "to", now=lambda: NOON))

    assert backup.folder == tmp_path / "to" / f"{STAMP}-local"
    assert names_in(backup.folder) == ["A.db", "B%2FC.db", "backup.json", CONTENTS]
    assert json.loads((backup.folder / CONTENTS).read_text()) == {"A": {"climate": 30}, "B/C": {"soil": 7}}
    assert read_record(backup.folder) == backup.record
    assert (backup.record.kind, backup.record.whole, backup.record.buckets) == (SQLITE, True, ("A", "B/C"))
    assert {file.name for file in backup.record.files} == {"A.db", "B%2FC.db", CONTENTS}
    assert (backup.folder / "A.db").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(f"file:{backup.folder / 'A.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("SELECT count(*), max(seen) FROM climate").fetchone() == (30, 29)
    assert names_in(backup.folder) == ["A.db", "B%2FC.db", "backup.json", CONTENTS]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_single_buckets_are_backed_up(tmp_path: Path) -> None:
    """Those that are named, and they must be there."""
    place = run(store_in(tmp_path / "store", points("A"), points("B")))
    backup = run(EmbeddedBackup(place, "local", ["B"]).run(tmp_path / "to"))

    assert (backup.record.whole, backup.record.buckets) == (False, ("B",))
    with pytest.raises(BackupError, match="has no bucket C; there is A, B"):
        run(EmbeddedBackup(place, "local", ["A", "C"]).run(tmp_path / "to"))
    with pytest.raises(BackupError, match="has no bucket at all; there is none"):
        run(EmbeddedBackup(tmp_path / "nothing", "local").run(tmp_path / "to"))
    assert names_in(tmp_path / "to") == [backup.folder.name]


def test_what_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    """A file that is no bucket's, say."""
    place = run(store_in(tmp_path / "store", points("A")))
    bucket_path(place, "B").write_bytes(b"no database at all" * 100)
    with pytest.raises(BackupError, match=r"B\.db cannot be copied to .*: file is not a database; of this backup"):
        run(EmbeddedBackup(place, "local").run(tmp_path / "to"))

    assert names_in(tmp_path / "to") == []


def test_it_shows_one_moment_while_it_is_written(tmp_path: Path) -> None:
    """Nobody's writing begins the work anew, and what comes meanwhile is not in it; whole batches are, one by one."""
    place = tmp_path / "store"
    size, taken = 200, []

    async def main() -> int:
        async with SqliteStore(place) as store:
            every = points("A", count=60_000)
            for begin in range(0, 40_000, 5_000):
                await store.write(every[begin : begin + 5_000])
            job = EmbeddedBackup(place, "local", on_progress=lambda _, done: taken.append(done))
            backup = asyncio.create_task(job.run(tmp_path / "to"))
            written = 40_000
            while not backup.done() and written < 60_000:
                await store.write(every[written : written + size])
                written += size
            await backup
            return written

    written = run(main())
    (folder,) = (tmp_path / "to").iterdir()
    with closing(sqlite3.connect(folder / "A.db")) as connection:
        count, newest = connection.execute("SELECT count(*), max(seen) FROM climate").fetchone()

    assert written > 40_000 + size
    assert newest == count - 1
    assert 40_000 <= count <= written
    assert count % size == 0
    assert taken == sorted(taken)


def test_cancelled_it_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    """As when its time is over, or the service stops."""
    place = run(store_in(tmp_path / "store", points("A", count=60_000)))

    async def main() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell(_: float, __: int) -> None:
            loop.call_soon_threadsafe(begun.set)

        job = EmbeddedBackup(place, "local", on_progress=tell)
        backup = asyncio.create_task(job.run(tmp_path / "to"))
        await begun.wait()
        backup.cancel()
        with pytest.raises(asyncio.CancelledError):
            await backup

    run(main())
    assert names_in(tmp_path / "to") == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """With the place that is full, and nothing is left there."""
    place = run(store_in(tmp_path / "store", points("A", count=60_000)))
    with small_disk(tmp_path / "to", mib=1):
        with pytest.raises(BackupError, match=r"A\.db cannot be copied to .*/to: database or disk is full"):
            run(EmbeddedBackup(place, "local").run(tmp_path / "to"))
        assert names_in(tmp_path / "to") == []
