"""Restoring a backup of the embedded store for a look."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.backup.embedded import CONTENTS, EmbeddedBackup
from ingestor.backup.record import FILE_NAME, BackupError, StoredFile
from ingestor.backup.verify import FILES, RESTORED, verify
from tests.backup.embeddedstores import points, store_in
from tests.backup.farms import names_in
from tests.backup.test_folder import read
from tests.support import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup of two buckets."""
    place = run(store_in(tmp_path / "store", points("A", count=30), points("B", "soil", count=7)))
    return run(EmbeddedBackup(place, "local").run(tmp_path / "backups")).folder


def forge(folder: Path, name: str) -> None:
    """Have the record say of a file what it is now."""
    record = read(folder)
    content = (folder / name).read_bytes()
    new = StoredFile(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    files = tuple(new if file.name == name else file for file in record.files)
    (folder / FILE_NAME).write_text(record.model_copy(update={"files": files}).text(), encoding="utf-8")


def test_what_comes_back_is_counted(folder: Path) -> None:
    """Nothing is left in the folder of the backup but what stands in its record."""
    before = names_in(folder)
    seen: list[float] = []
    found = run(verify(folder, on_progress=lambda share, _: seen.append(share)))
    verified = read(folder).verified

    assert (found.problems, found.how, found.counts) == ([], RESTORED, {"A": 30, "B": 7})
    assert (found.files, found.size) == (3, read(folder).size)
    assert verified is not None
    assert verified.how == RESTORED
    assert names_in(folder) == before
    assert seen == sorted(seen)


def test_damaged_files_are_not_restored(folder: Path) -> None:
    """They are named, and so is how far it went."""
    (folder / "A.db").unlink()
    found = run(verify(folder))

    assert (found.problems, found.how) == (["A.db is missing"], FILES)


def test_points_that_went_are_told(folder: Path) -> None:
    """Though every file is as it was recorded."""
    with closing(sqlite3.connect(folder / "A.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM points_1 WHERE time % 2000000000 = 0")
    forge(folder, "A.db")
    found = run(verify(folder))

    assert found.problems == ["bucket A: it has points {'climate': 15}, and had {'climate': 30}"]


def test_what_sqlite_finds_is_told(folder: Path) -> None:
    """A page in the middle that is no page, say."""
    content = bytearray((folder / "A.db").read_bytes())
    content[4096 * 4 : 4096 * 4 + 64] = b"\xff" * 64
    (folder / "A.db").write_bytes(content)
    forge(folder, "A.db")
    found = run(verify(folder))

    assert found.problems
    assert all("A" in problem for problem in found.problems)


def test_what_was_counted_must_be_readable(folder: Path) -> None:
    """There is nothing to compare with."""
    (folder / CONTENTS).write_text("{")
    forge(folder, CONTENTS)
    with pytest.raises(BackupError, match=r"contents\.json is damaged"):
        run(verify(folder))
