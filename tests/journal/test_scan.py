"""Going through a file past whatever is damaged in it."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.journal.disk import Disk
from ingestor.journal.frame import HEADER_BYTES, decode, encode
from ingestor.journal.scan import Scan, read_seal
from ingestor.journal.segment import Segment, SegmentWriter
from ingestor.ports import Message
from tests.journal.support import frame_offsets, messages, number, overwrite

GROUP = 10


def _file(folder: Path, groups: int, *, payload_bytes: int = 20) -> Segment:
    """A file of `groups` frames of ten messages."""
    writer = SegmentWriter.create(folder, 0, Disk())
    for first in range(0, groups * GROUP, GROUP):
        batch = messages(GROUP, start=first, payload_bytes=payload_bytes)
        writer.append(*encode(batch, first=first, salt=writer.segment.salt))
    writer.close()
    return writer.segment


def _readable(scan: Scan) -> Iterator[int]:
    """The numbers of the first message of every undamaged frame."""
    while header := scan.peek():
        if body := scan.body(header):
            yield number(decode(header, body)[0])
        scan.skip(header)


def test_frames_come_in_order(tmp_path: Path) -> None:
    """An undamaged file gives all its frames, and is not called damaged."""
    segment = _file(tmp_path, 50, payload_bytes=1000)
    with Scan(segment, bound=segment.end) as scan:
        found = list(_readable(scan))

    assert found == list(range(0, 500, GROUP))
    assert not scan.damaged
    assert (scan.position, scan.offset) == (500, segment.size)


@given(data=st.data())
def test_exactly_the_frames_in_the_damage_are_lost(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever bytes are overwritten, every frame that they do not belong to is found."""
    segment = _file(tmp_path_factory.mktemp("scan"), 6)
    offsets = [*frame_offsets(segment.path), segment.size]
    at = data.draw(st.integers(0, segment.size - 1))
    old = segment.path.read_bytes()[at : at + data.draw(st.integers(1, 700))]
    overwrite(segment.path, at, bytes(byte ^ 0xFF for byte in old))
    hit = {which * GROUP for which in range(6) if offsets[which] < at + len(old) and at < offsets[which + 1]}
    with Scan(segment, bound=segment.end) as scan:
        found = set(_readable(scan))

    assert found == {0, 10, 20, 30, 40, 50} - hit


def test_a_payload_cannot_pass_for_a_frame(tmp_path: Path) -> None:
    """Whoever publishes frames of another journal does not lead the search astray after damage."""
    _, forged = encode(messages(GROUP, start=900), first=GROUP, salt=0)
    writer = SegmentWriter.create(tmp_path, 0, Disk())
    salt = writer.segment.salt
    writer.append(*encode([Message("a", forged, 1)] * GROUP, first=0, salt=salt))
    writer.append(*encode(messages(GROUP, start=GROUP), first=GROUP, salt=salt))
    writer.close()
    overwrite(writer.segment.path, 0, b"\0" * 8)
    with Scan(writer.segment, bound=writer.segment.end) as scan:
        found = list(_readable(scan))

    assert found == [GROUP]
    assert scan.damaged


def test_positions_outside_of_the_file_are_not_valid(tmp_path: Path) -> None:
    """What stands at or behind the position where the next file begins does not count."""
    segment = _file(tmp_path, 5)
    with Scan(segment, bound=30) as scan:
        found = list(_readable(scan))

    assert found == [0, 10, 20]
    assert not scan.damaged


@pytest.mark.parametrize("left", [1, 30, HEADER_BYTES, HEADER_BYTES + 20])
def test_a_frame_that_was_being_written_is_told_from_damage(tmp_path: Path, left: int) -> None:
    """The beginning of a frame at the end of a file is where writing was interrupted."""
    segment = _file(tmp_path, 3)
    segment.size = frame_offsets(segment.path)[-1] + left
    with Scan(segment, bound=segment.end) as scan:
        found = list(_readable(scan))
        cut_off = scan.cut_off

    assert found == [0, 10]
    assert cut_off
    assert not scan.damaged


def test_zeros_at_the_end_are_not_an_interrupted_frame(tmp_path: Path) -> None:
    """What no writing of ours can have left is damage."""
    segment = _file(tmp_path, 3)
    overwrite(segment.path, frame_offsets(segment.path)[-1], b"\0" * 500)
    with Scan(segment, bound=segment.end) as scan:
        found = list(_readable(scan))

        assert not scan.cut_off
    assert found == [0, 10]


def test_a_sector_that_cannot_be_read_costs_its_frames_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk in the middle of a file is damage there, not the end of reading."""
    segment = _file(tmp_path, 20, payload_bytes=500)
    offsets = frame_offsets(segment.path)
    broken = offsets[7] + 100
    real = os.pread

    def pread(file: int, size: int, at: int) -> bytes:
        if at <= broken < at + size:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(file, size, at)

    monkeypatch.setattr(os, "pread", pread)
    with Scan(segment, bound=segment.end) as scan:
        found = list(_readable(scan))
    start, end = broken // 4096 * 4096, broken // 4096 * 4096 + 4096
    ends = [*offsets[1:], segment.size]

    assert found == [at * GROUP for at in range(20) if not (offsets[at] < end and start < ends[at])]
    assert len(found) >= 17


def test_other_errors_of_the_disk_are_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what cannot be read for good is damage."""
    segment = _file(tmp_path, 2)

    def pread(file: int, size: int, at: int) -> bytes:
        raise OSError(errno.ENOMEM, f"{file} {size} {at}")

    monkeypatch.setattr(os, "pread", pread)
    with Scan(segment, bound=segment.end) as scan, pytest.raises(OSError, match="Errno 12"):
        scan.peek()


def test_a_scan_goes_on_in_a_file_that_grows(tmp_path: Path) -> None:
    """What is appended later is found by the same scan."""
    segment = _file(tmp_path, 2)
    with Scan(segment, bound=segment.end) as scan:
        before = list(_readable(scan))
        writer = SegmentWriter.reopen(segment, Disk())
        writer.append(*encode(messages(GROUP, start=20), first=20, salt=segment.salt))
        writer.close()
        scan.extend(bound=segment.end)
        after = list(_readable(scan))

    assert (before, after) == ([0, 10], [20])


def test_a_seal_spares_the_scan(tmp_path: Path) -> None:
    """A finished file's facts are read from its seal alone."""
    segment = _file(tmp_path, 3)
    SegmentWriter.reopen(segment, Disk()).finish()
    again = Segment.named(segment.path)

    assert again is not None
    assert read_seal(again)
    assert (again.first, again.end, again.qos1, again.newest_ns) == (0, 30, 30, 30)
    assert (again.size, again.extra, again.sealed) == (segment.size, HEADER_BYTES, True)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 200])
def test_a_file_without_seal_says_so(tmp_path: Path, content: bytes) -> None:
    """What does not end with a seal has to be scanned."""
    path = tmp_path / f"{5:020d}-00000001.seg"
    path.write_bytes(content)
    segment = Segment.named(path)

    assert segment is not None
    assert not read_seal(segment)
    assert (segment.end, segment.sealed) == (5, False)
