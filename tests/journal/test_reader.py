"""Reading files, and saying exactly what is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestor.journal import reader as module
from ingestor.journal.disk import Disk
from ingestor.journal.group import Group
from ingestor.journal.reader import FileReader, newest_qos1
from ingestor.journal.shelf import Shelf
from ingestor.ports import LossReason, Lost
from tests.journal.support import frame_offsets, messages, number, overwrite


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Twenty groups of ten messages in several files."""
    shelf = Shelf(tmp_path, max_bytes=10**8, segment_bytes=2000, disk=Disk())
    for first in range(0, 200, 10):
        shelf.append(messages(10, start=first), first=first)
    yield shelf
    shelf.close()


def _read(shelf: Shelf, position: int = 0) -> list[int | Lost]:
    """Numbers and losses from a position to the end."""
    reader, found = FileReader(shelf), list[int | Lost]()
    while position < shelf.end:
        got = reader.read(position)
        if isinstance(got, Group):
            assert got.first == position
            found += [number(message) for message in got.messages]
            position = got.end
        else:
            found.append(got)
            position += got.missing
    reader.close()
    return found


@pytest.mark.parametrize("position", [0, 5, 10, 99, 199])
def test_reading_begins_anywhere(shelf: Shelf, position: int) -> None:
    """From a position inside or at the edge of a frame, everything comes in order."""
    assert _read(shelf, position) == list(range(position, 200))


def test_going_back_is_possible(shelf: Shelf) -> None:
    """The same reader reads an older position again."""
    reader = FileReader(shelf)
    later, earlier = reader.read(150), reader.read(3)
    reader.close()

    assert isinstance(later, Group)
    assert isinstance(earlier, Group)
    assert (later.first, earlier.first, number(earlier.messages[0])) == (150, 3, 3)


def test_memory_is_bounded(shelf: Shelf) -> None:
    """However much there is to read, one call gives one large frame, or small ones up to a bound."""
    for _ in range(4):
        shelf.append(messages(10, start=shelf.end, payload_bytes=100_000), first=shelf.end)
    reader = FileReader(shelf)
    got = reader.read(200)
    reader.close()

    assert isinstance(got, Group)
    assert len(got.messages) == 10


def test_what_is_written_later_is_found(shelf: Shelf) -> None:
    """A reader at the end goes on in the growing file."""
    reader = FileReader(shelf)
    reader.read(195)
    shelf.append(messages(10, start=200), first=200)
    got = reader.read(200)
    reader.close()

    assert isinstance(got, Group)
    assert [number(message) for message in got.messages] == list(range(200, 210))


def test_damage_is_told_between_what_is_whole(shelf: Shelf) -> None:
    """The messages before and after a damaged frame are read, and the file is marked."""
    segment = shelf.segments[1]
    overwrite(segment.path, frame_offsets(segment.path)[1] + 70, b"\0" * 8)
    first = segment.first + 10
    found = _read(shelf)

    assert found == [*range(first), Lost(first, 10, LossReason.DAMAGED), *range(first + 10, 200)]
    assert segment.damaged


def test_a_damaged_end_of_a_file_reaches_to_the_next(shelf: Shelf) -> None:
    """Where no frame follows in the file, the loss ends where the next file begins."""
    segment = shelf.segments[1]
    at = frame_offsets(segment.path)[-1]
    overwrite(segment.path, at, b"\0" * (segment.file_bytes - at))

    assert [one for one in _read(shelf) if isinstance(one, Lost)] == [Lost(segment.end - 10, 10, LossReason.DAMAGED)]


def test_files_deleted_on_purpose_were_dropped(shelf: Shelf) -> None:
    """Below the floor messages were dropped, not damaged."""
    shelf.delete(2)
    start = shelf.segments[0].first

    assert _read(shelf) == [Lost(0, start, LossReason.DROPPED), *range(start, 200)]


def test_dropped_and_missing_are_told_apart(shelf: Shelf) -> None:
    """If the oldest remaining file vanishes, its messages are damaged, those before it dropped."""
    shelf.delete(2)
    floor, start = shelf.segments[0].first, shelf.segments[1].first
    shelf.segments[0].path.unlink()

    assert _read(shelf)[:2] == [
        Lost(0, floor, LossReason.DROPPED),
        Lost(floor, start - floor, LossReason.DAMAGED),
    ]


def test_a_file_that_is_dropped_while_a_reader_is_in_it(shelf: Shelf) -> None:
    """The reader finishes what it holds open, and is told from where on the rest is gone."""
    reader = FileReader(shelf)
    reader.read(0)
    shelf.delete(3)
    start = shelf.segments[0].first
    got = reader.read(5)
    reader.close()

    assert got == Lost(5, start - 5, LossReason.DROPPED)


def test_the_newest_qos_1_messages(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are packet ids, oldest first, over all files, QoS 0 left out."""
    shelf.append(messages(10, start=200, flags=0), first=200)
    shelf.append(messages(10, start=210), first=210)
    monkeypatch.setattr(module, "UNACKNOWLEDGED", 135)

    assert [number(message) for message in newest_qos1(shelf)] == [*range(75, 200), *range(210, 220)]


def test_all_of_few_qos_1_messages(shelf: Shelf) -> None:
    """A short journal gives all it has."""
    assert [number(message) for message in newest_qos1(shelf)] == list(range(200))


def test_the_newest_qos_1_messages_pass_over_damage(shelf: Shelf) -> None:
    """A damaged frame takes nothing but itself away."""
    segment = shelf.segments[1]
    overwrite(segment.path, frame_offsets(segment.path)[1] + 70, b"\0" * 8)
    shelf.segments[0].path.unlink()
    first = segment.first

    assert [number(message) for message in newest_qos1(shelf)] == [
        *range(first, first + 10),
        *range(first + 20, 200),
    ]
