"""Remembering what was deleted on purpose."""

import errno
from pathlib import Path

import pytest

from ingestor.journal.disk import Disk
from ingestor.journal.floor import NAME, Floor, FloorFile, read_floor
from tests.journal.support import FailingDisk


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
    """Once both sectors are there the file keeps its size, so that a full disk can be freed."""
    file = FloorFile(tmp_path, Disk())
    for number in range(2):
        file.write(Floor(number, number))
    size = (tmp_path / NAME).stat().st_size
    file.write(Floor(2**60, 2**60))
    file.close()

    assert (tmp_path / NAME).stat().st_size == size


@pytest.mark.parametrize("written", [0, 1, 8, 19])
def test_a_write_that_breaks_off_spoils_nothing_older(tmp_path: Path, written: int) -> None:
    """What was durable before it still counts, and the next write is believed again."""
    disk = FailingDisk()
    file = FloorFile(tmp_path, disk)
    for number in range(1, 4):
        file.write(Floor(number, number))
    disk.write_error, disk.written = errno.EIO, written
    with pytest.raises(OSError, match="Input/output"):
        file.write(Floor(4, 4))
    after_the_fault = read_floor(tmp_path)
    disk.write_error = None
    file.write(Floor(5, 5))
    file.close()

    assert after_the_fault == Floor(3, 3)
    assert read_floor(tmp_path) == Floor(5, 5)
