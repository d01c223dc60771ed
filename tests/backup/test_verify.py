"""Whether a backup is what it says."""

import shutil
from pathlib import Path

import pytest

from ingestor.backup.record import FILE_NAME, BackupError
from ingestor.backup.verify import verify
from tests.backup.farms import NOON
from tests.backup.test_folder import read
from tests.backup.test_source import backup_of
from tests.support import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup."""
    return run(backup_of(tmp_path))


def test_what_was_found_stands_in_the_record(folder: Path) -> None:
    """When, how far it went, and what was wrong, until the next time."""
    seen: list[float] = []
    good = run(verify(folder, now=lambda: NOON, on_progress=lambda share, _: seen.append(share)))

    assert (good.files, good.problems, good.record) == (5, [], read(folder))
    assert good.size == read(folder).size
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    (folder / "8.tar").rename(folder / "moved")
    bad = run(verify(folder, now=lambda: NOON))
    assert bad.problems == ["8.tar is missing"]
    noted = read(folder).verified
    assert noted is not None
    assert (noted.at, noted.how, noted.problems) == (NOON, "files", ("8.tar is missing",))
    (folder / "moved").rename(folder / "8.tar")
    run(verify(folder))
    again = read(folder).verified
    assert again is not None
    assert again.problems == ()


def test_of_another_program_nothing_is_noted(folder: Path) -> None:
    """It has no record, and gets none."""
    (folder / FILE_NAME).unlink()
    found = run(verify(folder))

    assert (found.record, found.problems, found.files) == (None, [], 4)
    assert not (folder / FILE_NAME).exists()


def test_another_kind_is_told(folder: Path) -> None:
    """One that a later version made, say."""
    (folder / FILE_NAME).write_text(read(folder).model_copy(update={"kind": "new"}).text(), encoding="utf-8")
    with pytest.raises(BackupError, match="of kind new, which is not known here"):
        run(verify(folder))


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    """It is no verdict, but an error."""
    with pytest.raises(BackupError, match="is no backup"):
        run(verify(tmp_path))
    shutil.rmtree(tmp_path)
    with pytest.raises(BackupError, match="No such file"):
        run(verify(tmp_path))
