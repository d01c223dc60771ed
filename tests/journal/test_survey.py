"""Finding out what a folder holds, without changing it."""

from pathlib import Path

import pytest

from ingestor.journal.disk import Disk
from ingestor.journal.floor import Floor, FloorFile
from ingestor.journal.frame import encode
from ingestor.journal.segment import SegmentWriter
from ingestor.journal.survey import survey
from tests.journal.support import frame_offsets, messages, overwrite, segment_files


def _file(folder: Path, first: int, groups: int, *, finished: bool = True) -> Path:
    """A file of groups of ten messages."""
    writer = SegmentWriter.create(folder, first, Disk())
    for start in range(first, first + groups * 10, 10):
        writer.append(*encode(messages(10, start=start), first=start, salt=writer.segment.salt))
    if finished:
        writer.finish()
    else:
        writer.close()
    return writer.segment.path


def test_an_empty_folder_begins_at_0(tmp_path: Path) -> None:
    """A new journal has no files and no times."""
    found = survey(tmp_path)

    assert (found.segments, found.end, found.newest_ns) == ((), 0, 0)


def test_finished_and_open_files_are_summed_up(tmp_path: Path) -> None:
    """Positions, times and sizes come from seals and scans alike."""
    _file(tmp_path, 0, 3)
    _file(tmp_path, 30, 2, finished=False)
    _file(tmp_path, 50, 1, finished=False)
    found = survey(tmp_path)

    assert [(one.first, one.end, one.sealed) for one in found.segments] == [
        (0, 30, True),
        (30, 50, False),
        (50, 60, False),
    ]
    assert [one.file_bytes for one in found.segments] == [path.stat().st_size for path in segment_files(tmp_path)]
    assert (found.end, found.newest_ns) == (60, 60)
    assert not any(one.damaged for one in found.segments)


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    """Whatever else lies in the folder is left alone."""
    (tmp_path / "README").write_text("mine")
    (tmp_path / "damaged").mkdir()

    assert survey(tmp_path).segments == ()


def test_what_was_given_up_is_left_over(tmp_path: Path) -> None:
    """A crash between deciding to delete a file and deleting it leaves the decision."""
    gone = _file(tmp_path, 0, 3)
    _file(tmp_path, 30, 2)
    floor = FloorFile(tmp_path, Disk())
    floor.write(Floor(30, 30))
    floor.close()
    found = survey(tmp_path)

    assert [one.path for one in found.leftovers] == [gone]
    assert [one.first for one in found.segments] == [30]


def test_positions_go_on_when_all_files_are_gone(tmp_path: Path) -> None:
    """The floor alone keeps positions and times from being given again."""
    floor = FloorFile(tmp_path, Disk())
    floor.write(Floor(1000, 77))
    floor.close()
    found = survey(tmp_path)

    assert (found.end, found.newest_ns) == (1000, 77)


def test_a_frame_being_written_is_not_damage(tmp_path: Path) -> None:
    """At the end of the last file half a frame is what a crash, or a running service, leaves."""
    path = _file(tmp_path, 0, 3, finished=False)
    path.write_bytes(path.read_bytes()[:-5])
    (segment,) = survey(tmp_path).segments

    assert (segment.end, segment.damaged) == (20, False)
    assert segment.size + segment.extra == path.stat().st_size
    assert segment.extra > 0


def test_a_damaged_payload_at_the_end_keeps_its_positions(tmp_path: Path) -> None:
    """Of a frame whose header is whole it is known how many messages it held."""
    path = _file(tmp_path, 0, 3, finished=False)
    overwrite(path, frame_offsets(path)[-1] + 60, b"\0" * 9)
    (segment,) = survey(tmp_path).segments

    assert (segment.end, segment.damaged) == (30, True)


def test_what_a_fault_left_behind_does_not_count(tmp_path: Path) -> None:
    """A group that was written again to the next file stands in the journal once."""
    _file(tmp_path, 0, 3, finished=False)
    _file(tmp_path, 20, 2, finished=False)
    first, second = survey(tmp_path).segments

    assert (first.first, first.end, first.damaged) == (0, 20, False)
    assert (second.first, second.end) == (20, 40)


def test_of_two_files_that_begin_alike_the_fuller_counts(tmp_path: Path) -> None:
    """A file that was given up before it held anything is left over."""
    empty = _file(tmp_path, 0, 0, finished=False)
    full = _file(tmp_path, 0, 2, finished=False)
    found = survey(tmp_path)

    assert [one.path for one in found.segments] == [full]
    assert [one.path for one in found.leftovers] == [empty]


def _with_runway(folder: Path) -> SegmentWriter:
    """An open file of three small frames with a runway behind them."""
    writer = SegmentWriter.create(folder, 0, Disk())
    for start in range(3):
        header, frame = encode(messages(1, start=start), first=start, salt=writer.segment.salt)
        writer.append(header, frame, room=2**20)
    writer.close()
    return writer


def test_a_runway_is_neither_torn_nor_damaged(tmp_path: Path) -> None:
    """What lies painted behind the last frame is found again, to be used."""
    writer = _with_runway(tmp_path)
    (segment,) = survey(tmp_path).segments

    assert (segment.size, segment.runway, segment.extra) == (writer.segment.size, writer.segment.runway, 0)
    assert (segment.end, segment.damaged) == (3, False)


@pytest.mark.parametrize("written", [1, 10, 47, 48, 60, 90])
def test_a_frame_that_was_being_written_into_the_runway_is_cut(tmp_path: Path, written: int) -> None:
    """A crash in the middle of it left nothing that was acknowledged, and that is no damage."""
    writer = _with_runway(tmp_path)
    _, frame = encode(messages(1, start=3), first=3, salt=writer.segment.salt)
    overwrite(writer.segment.path, writer.segment.size, frame[:written])
    (segment,) = survey(tmp_path).segments

    assert written < len(frame)
    assert (segment.end, segment.size, segment.damaged) == (3, writer.segment.size, False)
    assert segment.extra == writer.segment.runway


def test_zeros_in_place_of_the_last_frame_are_damage(tmp_path: Path) -> None:
    """What a disk gives for what it has lost is not taken for a runway."""
    writer = _with_runway(tmp_path)
    start = frame_offsets(writer.segment.path)[-1]
    overwrite(writer.segment.path, start, bytes(writer.segment.size - start))
    (segment,) = survey(tmp_path).segments

    assert segment.damaged
