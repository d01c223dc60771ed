"""A folder that is to be restored or verified."""

import gzip
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ingestor.backup.draft import Draft
from ingestor.backup.manifest import FileEntry, made_of, with_files
from ingestor.backup.record import FILE_NAME, BackupError, read_record
from ingestor.backup.source import note_verified, open_source, problems_of
from tests.backup.farms import NOON, names_in
from tests.backup.test_content import SHARD
from tests.backup.test_draft import NAME
from tests.backup.test_folder import read
from tests.backup.test_manifest import told
from tests.backup.test_record import record
from tests.support import run

BOLT = bytes(16) + b"\xed\xda\x0c\xed" + bytes(100)
SQLITE = b"SQLite format 3\0" + bytes(100)


async def backup_of(directory: Path) -> Path:
    """A folder like that of a backup, with one bucket of two shards, one of them not compressed."""
    contents = {"kv.bolt.gz": gzip.compress(BOLT), "sql.sqlite.gz": gzip.compress(SQLITE)}
    contents |= {"6.tar.gz": gzip.compress(SHARD), "8.tar": SHARD}
    entries = [
        FileEntry(file_name=name, size=len(data), compression=int(name.endswith(".gz")))
        for name, data in contents.items()
    ]
    bucket = with_files(told(), {6: entries[2], 8: entries[3]})
    contents["1.manifest"] = made_of(entries[0], entries[1], [bucket]).text().encode()
    async with Draft(directory, NAME) as draft:
        for name, data in contents.items():
            async with draft.create(name) as file:
                await file.write(data)
        return await draft.finish(record(files=draft.files))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Such a folder."""
    return run(backup_of(tmp_path))


def problems(folder: Path, *, steps: list[int] | None = None) -> Sequence[str]:
    """What is wrong with all of it."""
    source = open_source(folder)
    needed = source.needed(source.manifest.buckets, metadata=True)
    seen = [] if steps is None else steps
    return run(problems_of(source, [*needed, *source.others(needed)], on_bytes=seen.append))


def test_nothing_is_wrong_with_what_was_left_alone(folder: Path) -> None:
    """All of it is read, packed or not, with a record or without one."""
    steps: list[int] = []
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name != FILE_NAME)

    assert problems(folder, steps=steps) == []
    assert sum(steps) == size
    (folder / FILE_NAME).unlink()
    assert problems(folder) == []


def turn(path: Path) -> None:
    """Turn one bit where no checksum of the file itself sees it: in the time of a header."""
    data = bytearray(path.read_bytes())
    data[4] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "harm", "why", "unrecorded"),
    [
        ("6.tar.gz", Path.unlink, "is missing", True),
        ("8.tar", lambda path: path.write_bytes(SHARD[:-1]), "is damaged: it has [0-9,]+ bytes, and should", True),
        ("8.tar", lambda path: path.write_bytes(SHARD[:-1] + b"x"), "is damaged: its archive goes on", True),
        ("6.tar.gz", lambda path: path.write_bytes(bytes(path.stat().st_size)), "cannot be unpacked", True),
        ("kv.bolt.gz", turn, "is damaged: it has another SHA-256", False),
        ("1.manifest", lambda path: path.write_bytes(path.read_bytes().replace(b"kept", b"KEPT")), "SHA-256", False),
        ("sql.sqlite.gz", lambda path: (path.unlink(), path.mkdir()), "is damaged: it has", True),
    ],
)
def test_what_is_wrong_is_named(
    folder: Path, name: str, harm: Callable[[Path], object], why: str, *, unrecorded: bool
) -> None:
    """A file that is gone, cut off, replaced or changed; without hashes what can be seen without them."""
    harm(folder / name)

    (found,) = problems(folder)
    assert found.startswith(f"{name} ")
    assert re.search(why, found)
    (folder / FILE_NAME).unlink()
    assert bool(problems(folder)) == unrecorded


def test_a_file_that_the_record_does_not_know_is_told(folder: Path) -> None:
    """The manifest and the record have to agree on what belongs to it."""
    one = read(folder)
    files = [file for file in one.files if file.name != "8.tar"]
    (folder / FILE_NAME).write_text(record(files=files).text(), encoding="utf-8")

    assert problems(folder) == ["8.tar is not in backup.json"]


def test_only_what_is_needed_is_read(folder: Path) -> None:
    """For some buckets only their shards count."""
    (folder / "kv.bolt.gz").unlink()
    source = open_source(folder)

    assert [one.name for one in source.needed(source.manifest.buckets, metadata=False)] == ["6.tar.gz", "8.tar"]
    assert run(problems_of(source, source.needed(source.manifest.buckets, metadata=False))) == []


def test_several_manifests_are_one_backup(folder: Path) -> None:
    """Of the command `influx`, which writes into the same folder again."""
    shutil.copy(folder / "1.manifest", folder / "0.manifest")
    (folder / "0.manifest").write_text(
        (folder / "0.manifest").read_text().replace('"bucketName": "', '"bucketName": "old ')
    )
    (folder / FILE_NAME).unlink()

    assert len(open_source(folder).manifest.buckets) == 2


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    """A folder with other things in it, or no folder."""
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match=r"is no backup of InfluxDB: there is no \.manifest in it"):
        open_source(tmp_path)
    with pytest.raises(BackupError, match="nothing cannot be read: No such file"):
        open_source(tmp_path / "nothing")
    with pytest.raises(BackupError, match="file cannot be read: Not a directory"):
        open_source(tmp_path / "file")


def test_what_was_found_is_noted(folder: Path) -> None:
    """In place of what was noted before; nothing else of the record changes."""
    before = names_in(folder)
    one = note_verified(folder, read(folder), at=NOON, how="files", problems=["bad"])
    two = note_verified(folder, one, at=NOON, how="files", problems=[])

    assert read_record(folder) == two
    assert two.verified is not None
    assert two.verified.problems == ()
    assert two.files == one.files
    assert names_in(folder) == before
    with pytest.raises(BackupError, match="could not be noted: No such file"):
        note_verified(folder / "gone", one, at=NOON, how="files", problems=[])
