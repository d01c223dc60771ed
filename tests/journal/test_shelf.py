"""All files of a journal."""

import errno
from pathlib import Path

import pytest

from ingestor.errors import DataDirError
from ingestor.journal.disk import Disk
from ingestor.journal.shelf import NoRoomError, Shelf
from tests.journal.support import FailingDisk, frame_offsets, messages, overwrite, segment_files


def _shelf(folder: Path, *, max_bytes: int = 10**6, segment_bytes: int = 2000, disk: Disk | None = None) -> Shelf:
    return Shelf(folder, max_bytes=max_bytes, segment_bytes=segment_bytes, disk=disk or Disk())


def _append(shelf: Shelf, groups: int) -> None:
    for _ in range(groups):
        shelf.append(messages(10, start=shelf.end), first=shelf.end)


def test_files_are_finished_when_they_are_large(tmp_path: Path) -> None:
    """A file takes frames up to its size, is sealed, and the next one begins where it ends."""
    shelf = _shelf(tmp_path)
    _append(shelf, 20)
    shelf.close()
    segments = shelf.segments

    assert len(segments) > 3
    assert all(segment.size <= 2000 and segment.sealed for segment in segments[:-1])
    assert [segment.end for segment in segments[:-1]] == [segment.first for segment in segments[1:]]
    assert shelf.file_bytes == sum(path.stat().st_size for path in segment_files(tmp_path))


def test_a_large_group_has_a_file_of_its_own(tmp_path: Path) -> None:
    """A frame larger than a file's size is not divided."""
    shelf = _shelf(tmp_path)
    _append(shelf, 1)
    shelf.append(messages(1, payload_bytes=5000), first=10)
    _append(shelf, 1)
    shelf.close()

    assert [(segment.first, segment.end) for segment in shelf.segments] == [(0, 10), (10, 11), (11, 21)]


def test_opening_again_goes_on_in_the_last_file(tmp_path: Path) -> None:
    """A restart makes no new file, and the sums agree."""
    shelf = _shelf(tmp_path)
    _append(shelf, 2)
    shelf.close()
    size = shelf.file_bytes
    again = _shelf(tmp_path)

    assert (again.end, again.file_bytes, len(again.segments)) == (20, size, 1)
    _append(again, 1)
    again.close()
    assert len(segment_files(tmp_path)) == 1


def test_what_does_not_fit_is_refused_before_it_is_written(tmp_path: Path) -> None:
    """The error says how much is missing, and nothing has changed."""
    shelf = _shelf(tmp_path, max_bytes=3000)
    with pytest.raises(NoRoomError) as caught:
        _append(shelf, 20)
    size, end = shelf.file_bytes, shelf.end
    shelf.close()

    assert size <= 3000
    assert 0 < caught.value.missing_bytes < 3000
    assert sum(path.stat().st_size for path in segment_files(tmp_path)) == size
    assert end == shelf.segments[-1].end


def test_deleting_tells_the_floor_first(tmp_path: Path) -> None:
    """Deleted files are behind the floor, also when the deletion itself fails half-way."""

    class Stuck(Disk):
        stuck = True

        def unlink(self, path: Path) -> None:
            if self.stuck:
                raise OSError(errno.EIO, str(path))
            super().unlink(path)

    disk = Stuck()
    shelf = _shelf(tmp_path, disk=disk)
    _append(shelf, 20)
    second = shelf.segments[1].first
    with pytest.raises(OSError, match="Errno 5"):
        shelf.delete(2)
    floor, left = shelf.floor.position, len(shelf.segments)
    disk.stuck = False
    shelf.delete(2)
    shelf.close()

    assert floor == second
    assert len(shelf.segments) == left - 2
    assert [segment.path for segment in shelf.segments] == segment_files(tmp_path)


def test_deleting_everything_keeps_the_position(tmp_path: Path) -> None:
    """An empty file with the next position in its name stays, and so does the clock."""
    shelf = _shelf(tmp_path)
    _append(shelf, 20)
    shelf.delete(len(shelf.segments))
    shelf.close()
    (tmp_path / "floor").unlink()
    again = _shelf(tmp_path)
    again.close()

    assert [int(path.name[:20]) for path in segment_files(tmp_path)] == [200]
    assert again.end == 200


def test_times_outlive_their_messages(tmp_path: Path) -> None:
    """The newest time of receipt is known also when all files are deleted."""
    shelf = _shelf(tmp_path)
    _append(shelf, 20)
    shelf.delete(len(shelf.segments))
    shelf.close()
    again = _shelf(tmp_path)
    again.close()

    assert again.newest_ns == 200


def test_damaged_files_are_set_aside(tmp_path: Path) -> None:
    """What would be deleted is moved if it is damaged, and only the newest few are kept."""
    shelf = _shelf(tmp_path)
    _append(shelf, 40)
    names = [segment.path.name for segment in shelf.segments[:-1]]
    for segment in shelf.segments[:-1]:
        segment.damaged = True
    shelf.delete(len(names))
    shelf.close()

    assert len(names) > 4
    assert sorted(path.name for path in (tmp_path / "damaged").iterdir()) == names[-4:]


def test_nothing_is_appended_to_a_damaged_file(tmp_path: Path) -> None:
    """After damage at the end a new file begins behind the positions that are lost."""
    shelf = _shelf(tmp_path)
    _append(shelf, 3)
    shelf.close()
    path = shelf.segments[-1].path
    overwrite(path, frame_offsets(path)[-1] + 60, b"\0" * 9)
    again = _shelf(tmp_path)
    _append(again, 1)
    again.close()

    assert [(segment.first, segment.end, segment.damaged) for segment in again.segments] == [
        (0, 30, True),
        (30, 40, False),
    ]


def test_a_file_of_which_nothing_is_left_makes_way(tmp_path: Path) -> None:
    """Two files never begin at the same position."""
    shelf = _shelf(tmp_path)
    _append(shelf, 1)
    shelf.close()
    overwrite(shelf.segments[0].path, 0, b"\0" * 100)
    again = _shelf(tmp_path)
    _append(again, 1)
    again.close()

    assert [(segment.first, segment.end, segment.damaged) for segment in again.segments] == [(0, 10, False)]
    assert len(segment_files(tmp_path)) == len(segment_files(tmp_path / "damaged")) == 1


def test_a_file_behind_a_fault_is_mended_at_the_next_start(tmp_path: Path) -> None:
    """What a failed sync left in the old file is cut away, so that it cannot come back."""
    disk = FailingDisk()
    shelf = _shelf(tmp_path, disk=disk)
    _append(shelf, 2)
    disk.sync_error = disk.truncate_error = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        _append(shelf, 1)
    disk.sync_error = disk.truncate_error = None
    _append(shelf, 1)
    shelf.close()
    left = shelf.segments[0].path.stat().st_size - shelf.segments[0].size
    again = _shelf(tmp_path)
    again.close()
    first, second = again.segments

    assert left > 0
    assert (first.end, first.sealed, second.first, second.end) == (20, True, 20, 30)
    assert first.path.stat().st_size == first.file_bytes
    assert again.file_bytes == first.file_bytes + second.file_bytes


def test_a_shelf_that_cannot_be_opened_holds_no_lock(tmp_path: Path) -> None:
    """After a failure to open, another attempt is possible at once."""
    disk = FailingDisk()
    disk.sync_error = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        _shelf(tmp_path, disk=disk)
    _shelf(tmp_path).close()


def test_two_shelves_of_one_folder_are_refused(tmp_path: Path) -> None:
    """The lock is the shelf's."""
    shelf = _shelf(tmp_path)

    with pytest.raises(DataDirError):
        _shelf(tmp_path)
    shelf.close()
