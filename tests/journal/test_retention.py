"""Which files may be deleted."""

from pathlib import Path

from ingestor.journal.retention import UNACKNOWLEDGED, Need, count_expired, count_for_room
from ingestor.journal.segment import Segment


def _segments(count: int, *, qos1: int = 0) -> list[Segment]:
    """Files of ten messages and a hundred bytes, received at times 10, 20, 30 and so on."""
    return [
        Segment(
            Path(str(at)), 0, at * 10, at * 10 + 10, size=100, qos1=qos1, oldest_ns=at * 10 + 1, newest_ns=at * 10 + 10
        )
        for at in range(count)
    ]


def test_what_all_have_released_expires() -> None:
    """The slowest cursor decides, and the file being written always stays."""
    segments = _segments(5)

    assert count_expired(segments, [Need(50, yields=False), Need(29, yields=False)], before_ns=1000) == 2
    assert count_expired(segments, [Need(30, yields=True)], before_ns=1000) == 3
    assert count_expired(segments, [Need(50, yields=False)], before_ns=1000) == 4


def test_without_cursors_nothing_is_deleted() -> None:
    """Nobody has said yet what is needed."""
    assert count_expired(_segments(5), [], before_ns=1000) == 0
    assert count_for_room(_segments(5), [], missing_bytes=1) == 0


def test_young_messages_are_kept() -> None:
    """A file stays while any of its messages is younger than asked for."""
    assert count_expired(_segments(5), [Need(50, yields=False)], before_ns=29) == 2


def test_the_newest_qos_1_messages_are_kept() -> None:
    """A file stays while it holds one of as many newest QoS 1 messages as there are packet ids."""
    segments = _segments(5, qos1=UNACKNOWLEDGED // 2)

    assert count_expired(segments, [Need(50, yields=False)], before_ns=1000) == 2


def test_a_file_without_qos_1_is_not_kept_for_the_broker() -> None:
    """What the broker cannot send again need not stay."""
    segments = [*_segments(3), *_segments(5, qos1=1)[3:]]

    assert count_expired(segments, [Need(50, yields=False)], before_ns=1000) == 3


def test_no_files_are_no_work() -> None:
    """A new journal has nothing to delete."""
    assert count_expired([], [Need(0, yields=False)], before_ns=1000) == 0
    assert count_for_room([], [Need(0, yields=True)], missing_bytes=10) == 0


def test_room_takes_no_more_than_needed() -> None:
    """Only as many of the oldest files go as make the room."""
    assert count_for_room(_segments(5), [Need(50, yields=False)], missing_bytes=101) == 2


def test_room_comes_before_age_and_redelivery() -> None:
    """What is kept for other reasons than a cursor's need goes when there is no room."""
    assert count_for_room(_segments(5, qos1=9), [Need(50, yields=False)], missing_bytes=300) == 3


def test_a_cursor_that_pauses_protects_what_it_needs() -> None:
    """If one of the files that would have to go is needed, none goes."""
    needs = [Need(0, yields=True), Need(15, yields=False)]

    assert count_for_room(_segments(5), needs, missing_bytes=100) == 1
    assert count_for_room(_segments(5), needs, missing_bytes=101) == 0


def test_a_cursor_that_yields_loses_the_oldest() -> None:
    """What only yielding cursors need goes, oldest first, and all of it if need be."""
    assert count_for_room(_segments(5), [Need(0, yields=True)], missing_bytes=150) == 2
    assert count_for_room(_segments(5), [Need(0, yields=True)], missing_bytes=9999) == 5
