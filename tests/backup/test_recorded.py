"""Files of a backup whose record tells all that is known of them."""

from pathlib import Path

import pytest

from ingestor.backup.record import BackupError, StoredFile
from ingestor.backup.recorded import chosen_buckets, damages, demand_whole, file_of
from tests.backup.test_record import record
from tests.support import run

NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
FILES = [StoredFile(name=name, size=0, sha256=NOTHING) for name in ("a", "b", "c")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one of the three whole."""
    (tmp_path / "a").touch()
    (tmp_path / "b").write_text("x")
    return tmp_path


def test_what_is_wrong_is_told_file_by_file(folder: Path) -> None:
    """All of it; or the first of it, where nothing is to be done then."""
    assert run(damages(folder, FILES[:1], lambda _: None)) == []
    assert run(damages(folder, FILES, lambda _: None)) == [
        "b is damaged: it has 1 bytes, and should have 0",
        "c is missing",
    ]
    run(demand_whole(folder, FILES[:1], lambda _: None))
    with pytest.raises(BackupError, match=r"b is damaged.*, and 1 more problems; nothing was restored"):
        run(demand_whole(folder, FILES, lambda _: None))


def test_files_are_found_by_name() -> None:
    """A record that does not name what it should is told."""
    assert file_of(record(files=FILES), "b") == FILES[1]
    with pytest.raises(BackupError, match="names no file d"):
        file_of(record(files=FILES), "d")


def test_buckets_are_chosen_by_name() -> None:
    """All where none is named; what is not there is told."""
    assert chosen_buckets(Path("f"), ["A", "B"], []) == ["A", "B"]
    assert chosen_buckets(Path("f"), ["A", "B"], ["B"]) == ["B"]
    with pytest.raises(BackupError, match="f has no bucket C, D; there is A, B"):
        chosen_buckets(Path("f"), ["B", "A"], ["C", "A", "D"])
    with pytest.raises(BackupError, match="f has no bucket at all; there is none"):
        chosen_buckets(Path("f"), [], [])
