"""A backup while it is made."""

import asyncio
import gzip
import hashlib
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from ingestor.backup import draft as draft_module
from ingestor.backup.content import Content, Kind
from ingestor.backup.draft import Draft, free_name, sync_folder
from ingestor.backup.record import FILE_NAME, BackupError, StoredFile, read_record
from tests.backup.farms import NOON, STAMP, names_in
from tests.backup.test_record import record
from tests.servers.disk import fill, small_disk
from tests.support import run

NAME = f"{STAMP}-farm"
PART = f".{NAME}.part"


def test_it_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    """Until then it is under another, and its files are hashed as they are written."""
    seen = []

    async def main() -> Path:
        async with Draft(tmp_path / "new" / "er", NAME) as draft:
            async with draft.create("a.bin") as file:
                await file.write(b"one")
                await file.write(b"two")
            seen.extend(names_in(tmp_path / "new" / "er"))
            return await draft.finish(record(files=draft.files))

    folder = run(main())

    assert seen == [PART]
    assert names_in(folder) == ["a.bin", FILE_NAME]
    found = read_record(folder)
    assert found is not None
    assert found.files == (StoredFile(name="a.bin", size=6, sha256=hashlib.sha256(b"onetwo").hexdigest()),)
    assert [oct(path.stat().st_mode)[-3:] for path in (folder, *sorted(folder.iterdir()))] == ["700", "600", "600"]


def test_what_is_packed_is_recorded_as_it_is_on_the_disk(tmp_path: Path) -> None:
    """Size and hash are those of the packed file, and what is in it is looked at."""

    async def main() -> bytes:
        async with Draft(tmp_path, NAME) as draft:
            async with draft.create("a.gz", Content(Kind.SQLITE, gzipped=True), packs=True) as file:
                await file.write(b"SQLite format 3\0")
                await file.write(bytes(5000))
            data = (draft.folder / "a.gz").read_bytes()
            assert (draft.files[0].size, draft.files[0].sha256) == (len(data), hashlib.sha256(data).hexdigest())
            return data

    assert gzip.decompress(run(main())) == b"SQLite format 3\0" + bytes(5000)


def test_left_early_nothing_stays(tmp_path: Path) -> None:
    """Whatever the reason, and whether a file is open then or not."""

    async def main() -> None:
        async with Draft(tmp_path, NAME) as draft, draft.create("a") as file:
            await file.write(b"x")
            raise KeyError

    with pytest.raises(KeyError):
        run(main())

    assert names_in(tmp_path) == []


def test_cancelled_while_it_gets_its_name_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is taken away under the hands of who renames it."""
    begun, go_on = threading.Event(), threading.Event()

    def slow_disk(folder: Path) -> None:
        begun.set()
        go_on.wait(10)
        sync_folder(folder)

    async def make() -> None:
        async with Draft(tmp_path, NAME) as draft:
            async with draft.create("a") as file:
                await file.write(b"x")
            await draft.finish(record(files=draft.files))

    async def main() -> None:
        making = asyncio.create_task(make())
        assert await asyncio.to_thread(begun.wait, 10)
        making.cancel()
        await asyncio.wait({making}, timeout=0.1)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await making

    monkeypatch.setattr(draft_module, "sync_folder", slow_disk)
    run(main())

    assert names_in(tmp_path) == [NAME]
    assert names_in(tmp_path / NAME) == ["a", FILE_NAME]


def test_what_is_not_as_it_should_be_is_told(tmp_path: Path) -> None:
    """The file is named, and nothing stays."""

    async def main() -> None:
        async with Draft(tmp_path, NAME) as draft, draft.create("a", Content(Kind.SHARD, gzipped=False)) as file:
            await file.write(b"x")

    with pytest.raises(BackupError, match="a came damaged: its archive ends too early"):
        run(main())

    assert names_in(tmp_path) == []


def test_what_was_killed_is_cleared_away(tmp_path: Path) -> None:
    """The next one removes what an earlier one left, and nothing else."""
    for name in (".20260101T000000Z-other.part", ".mine.part", "20260101T000000Z-farm"):
        (tmp_path / name / "inside").mkdir(parents=True)

    async def main() -> None:
        async with Draft(tmp_path, NAME):
            pass

    run(main())

    assert names_in(tmp_path) == [".mine.part", "20260101T000000Z-farm"]


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second one into the same directory is refused, and does not clear away the first."""

    async def main() -> None:
        async with Draft(tmp_path, NAME) as draft:
            with pytest.raises(BackupError, match=r"another backup into .* is under way"):
                async with Draft(tmp_path, "another"):
                    pass
            await draft.finish(record())
        async with Draft(tmp_path, "another"):
            pass

    run(main())

    assert names_in(tmp_path) == [NAME]


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """No backup replaces another; a new one takes the next second that is free."""
    (tmp_path / NAME).mkdir()

    async def main() -> None:
        async with Draft(tmp_path, NAME):
            pass

    with pytest.raises(BackupError, match="is there already"):
        run(main())

    assert names_in(tmp_path / NAME) == []
    assert free_name(tmp_path, "farm", NOON) == ("20261130T120001Z-farm", "20261130T120001Z")
    assert free_name(tmp_path, "other", NOON) == (f"{STAMP}-other", STAMP)
    assert free_name(tmp_path, "farm", NOON + timedelta(days=1))[1] == "20261201T120000Z"


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in its place, say."""
    (tmp_path / "file").touch()

    async def main() -> None:
        async with Draft(tmp_path / "file", NAME):
            pass

    with pytest.raises(BackupError, match="file: "):
        run(main())


@pytest.mark.parametrize("room", [0, 2**20])
def test_a_full_disk_leaves_nothing(tmp_path: Path, room: int) -> None:
    """Wherever it fills up, the text says which file it was, and no folder is left."""
    disk = tmp_path / "disk"

    async def main() -> None:
        async with Draft(disk / "backups", NAME) as draft:
            if not room:
                fill(disk)
            async with draft.create("a.bin") as file:
                for _ in range(9):
                    await file.write(bytes(2**20))
            await draft.finish(record())

    with small_disk(disk, mib=4):
        with pytest.raises(BackupError, match=r"a\.bin: No space left on device; of this backup nothing was kept"):
            run(main())
        assert names_in(disk / "backups") == []


def test_names_are_on_the_disk(tmp_path: Path) -> None:
    """A folder that is gone cannot be."""
    sync_folder(tmp_path)

    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "gone")
