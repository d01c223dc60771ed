"""Remembering what was deleted on purpose."""

from pathlib import Path

import pytest

from ingestor.journal.disk import Disk
from ingestor.journal.floor import NAME, Floor, FloorFile, read_floor


def test_the_floor_survives(tmp_path: Path) -> None:
    """What was written last is what is read."""
    file = FloorFile(tmp_path, Disk())
    file.write(Floor(5, 7))
    file.write(Floor(2**40, 2**60))
    file.close()

    assert read_floor(tmp_path) == Floor(2**40, 2**60)


def test_no_file_is_no_floor(tmp_path: Path) -> None:
    """In a new journal nothing was deleted."""
    assert read_floor(tmp_path) == Floor(0, 0)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 20, b"\xff" * 21])
def test_a_damaged_file_is_no_floor(tmp_path: Path, content: bytes) -> None:
    """A file that cannot be believed says nothing, rather than that all was deleted."""
    (tmp_path / NAME).write_bytes(content)

    assert read_floor(tmp_path) == Floor(0, 0)


def test_writing_needs_no_more_room(tmp_path: Path) -> None:
    """The file keeps its size, so that a full disk can be freed."""
    file = FloorFile(tmp_path, Disk())
    file.write(Floor(1, 1))
    size = (tmp_path / NAME).stat().st_size
    file.write(Floor(2**60, 2**60))
    file.close()

    assert (tmp_path / NAME).stat().st_size == size
