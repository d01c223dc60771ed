"""One segment file: its name, and appending to it."""

import errno
from pathlib import Path

import pytest

from ingestor.journal.disk import Disk
from ingestor.journal.frame import HEADER_BYTES, Header, encode
from ingestor.journal.segment import Segment, SegmentWriter
from tests.journal.support import FailingDisk, messages


def _append(writer: SegmentWriter, count: int) -> None:
    segment = writer.segment
    writer.append(*encode(messages(count, start=segment.end), first=segment.end, salt=segment.salt))


def test_a_name_carries_position_and_salt(tmp_path: Path) -> None:
    """A new file's name says where it begins, and how its checksums do."""
    writer = SegmentWriter.create(tmp_path, 123, Disk())
    writer.close()
    (path,) = tmp_path.iterdir()
    segment = Segment.named(path)

    assert segment is not None
    assert (segment.first, segment.end, segment.salt) == (123, 123, writer.segment.salt)


@pytest.mark.parametrize("name", ["lock", "floor", "1-2.seg", "00000000000000000001-0000000g.seg", "damaged"])
def test_other_files_are_no_segments(name: str) -> None:
    """What is not named like a segment is left alone."""
    assert Segment.named(Path(name)) is None


def test_facts_follow_what_is_appended(tmp_path: Path) -> None:
    """Positions, sizes, QoS 1 messages and times are kept current."""
    writer = SegmentWriter.create(tmp_path, 10, Disk())
    _append(writer, 5)
    _append(writer, 7)
    segment = writer.segment
    writer.close()

    assert (segment.first, segment.end, segment.qos1) == (10, 22, 12)
    assert (segment.oldest_ns, segment.newest_ns) == (11, 22)
    assert segment.size == segment.file_bytes == segment.path.stat().st_size


def test_a_finished_file_ends_with_its_sum(tmp_path: Path) -> None:
    """The seal says about the whole file what headers say about frames."""
    writer = SegmentWriter.create(tmp_path, 10, Disk())
    _append(writer, 5)
    writer.finish()
    segment = writer.segment
    seal = Header.parse(segment.path.read_bytes()[-HEADER_BYTES:], segment.salt)

    assert seal == Header(10, 5, 5, 11, 15, sealing=True)
    assert segment.sealed
    assert segment.file_bytes == segment.path.stat().st_size


@pytest.mark.parametrize("written", [0, 30, 10_000])
def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path, written: int) -> None:
    """What a failed write left is cut away, and the file goes on."""
    disk = FailingDisk()
    writer = SegmentWriter.create(tmp_path, 0, disk)
    _append(writer, 5)
    before = writer.segment.path.read_bytes()
    disk.written, disk.write_error = written, errno.ENOSPC
    with pytest.raises(OSError, match="No space"):
        _append(writer, 5)
    disk.write_error = None

    assert writer.segment.path.read_bytes() == before
    assert writer.takes(5)
    writer.close()


def test_a_failed_sync_ends_the_file(tmp_path: Path) -> None:
    """A file whose sync failed takes no more, and gets no seal."""
    disk = FailingDisk()
    writer = SegmentWriter.create(tmp_path, 0, disk)
    _append(writer, 5)
    size = writer.segment.size
    disk.sync_error = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        _append(writer, 5)
    disk.sync_error = None
    writer.finish()

    assert not writer.takes(5)
    assert (writer.segment.end, writer.segment.size, writer.segment.sealed) == (5, size, False)


def test_a_sync_that_failed_once_is_not_believed_later(tmp_path: Path) -> None:
    """After a failed sync the next one may succeed without the bytes being anywhere: the file is done with."""

    class Moody(Disk):
        moods: tuple[bool, ...] = ()

        def sync(self, file: int) -> None:
            fine, *rest = self.moods or (True,)
            self.moods = tuple(rest)
            if not fine:
                raise OSError(errno.EIO, "Input/output error")
            super().sync(file)

    disk = Moody()
    writer = SegmentWriter.create(tmp_path, 0, disk)
    disk.moods = (False, True)
    with pytest.raises(OSError, match="Input/output"):
        _append(writer, 5)
    writer.close()

    assert not writer.takes(0)
    assert writer.segment.path.stat().st_size == 0


def test_a_seal_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Without its seal a file is complete, too."""
    disk = FailingDisk()
    writer = SegmentWriter.create(tmp_path, 0, disk)
    _append(writer, 5)
    disk.write_error = errno.ENOSPC
    writer.finish()

    assert not writer.segment.sealed
    assert writer.segment.path.stat().st_size == writer.segment.size


def test_going_on_with_a_file_cuts_what_a_crash_left(tmp_path: Path) -> None:
    """Trimming takes away what stands behind the last whole frame."""
    writer = SegmentWriter.create(tmp_path, 0, Disk())
    _append(writer, 5)
    writer.close()
    segment = writer.segment
    with segment.path.open("ab") as file:
        file.write(b"torn")
    segment.extra = 4
    again = SegmentWriter.reopen(segment, Disk())
    again.trim()
    _append(again, 5)
    again.close()

    assert segment.extra == 0
    assert segment.path.stat().st_size == segment.size


def test_small_frames_share_a_runway(tmp_path: Path) -> None:
    """After the first small frame the file keeps its length while others are appended, and is cut when finished."""
    writer = SegmentWriter.create(tmp_path, 0, Disk())
    lengths = set()
    for _ in range(20):
        header, frame = encode(
            messages(1, start=writer.segment.end), first=writer.segment.end, salt=writer.segment.salt
        )
        writer.append(header, frame, room=2**20)
        lengths.add(writer.segment.path.stat().st_size)
        assert writer.segment.file_bytes == writer.segment.path.stat().st_size
    writer.finish()

    assert len(lengths) == 1
    assert writer.segment.path.stat().st_size == writer.segment.size + HEADER_BYTES


def test_no_runway_without_room_and_none_for_large_frames(tmp_path: Path) -> None:
    """Where the journal is nearly full, or frames are large, the file grows by the frames alone."""
    writer = SegmentWriter.create(tmp_path, 0, Disk())
    _append(writer, 1)
    header, frame = encode(messages(1_000, start=1), first=1, salt=writer.segment.salt)
    writer.append(header, frame, room=2**20)
    writer.close()

    assert writer.segment.runway == 0
    assert writer.segment.path.stat().st_size == writer.segment.size


def test_a_file_that_was_deleted_takes_no_more(tmp_path: Path) -> None:
    """What is written into a file that nobody can open again is not durable."""
    writer = SegmentWriter.create(tmp_path, 0, Disk())
    _append(writer, 1)
    writer.segment.path.unlink()
    with pytest.raises(FileNotFoundError, match="was deleted"):
        _append(writer, 1)
    writer.close()

    assert (writer.trusted, writer.segment.end) == (False, 1)
