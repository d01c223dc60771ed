"""Messages with many readings, all the way: what is stored of them, what is set aside, and what a replay changes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingestor.ports import FieldType, Flaw, Message, Point, Reason, Rejection, Series
from tests.delivery.rig import hurry
from tests.delivery.test_loop import letters, mark_all, messages, rig_with, times


def test_messages_of_many_readings_are_accounted_for(tmp_path: Path) -> None:
    """Whoever refuses some of their readings: each has a letter under its number; a fix and a replay end that."""

    def pick(points: Sequence[Point]) -> Sequence[Rejection]:
        odd = [at for at, point in enumerate(points) if point.time_ns % 10 == 2]
        return [Rejection(at, Reason.REJECTED, "too old") for at in odd]

    rig = rig_with(tmp_path, *messages(1, b"good bad good half"), *messages(1, b"bad bad good", begin=1))
    rig.answer = pick
    hurry(rig.run_for(0))
    before, told = rig.saved(), letters(rig)
    rig.decoders.mended = True
    rig.answer = lambda _: ()
    mark_all(rig)
    hurry(rig.run_for(10))

    assert before == {"stored": 1, "set_aside": 1, "points": 2, "fields_set_aside": 1}
    assert [(letter.position, letter.reason, letter.fields) for letter in told] == [
        (0, "type", ""),
        (0, "range", "humidity"),
        (0, "rejected", ""),
        (1, "type", ""),
        (1, "type", ""),
        (1, "rejected", ""),
    ]
    assert rig.saved() == {"stored": 2, "points": 2 + 7, "tried_again": 2}
    assert letters(rig) == []
    assert sorted(times(rig)) == [0, 1, 2, 3, 10, 11, 12]


def test_a_replay_of_some_readings_leaves_what_is_stored(tmp_path: Path) -> None:
    """Where nothing is mended, a message with stored readings still counts as stored, with the same letters."""
    rig = rig_with(tmp_path, *messages(1, b"good bad half"))
    hurry(rig.run_for(0))
    before, told = rig.saved(), [letter[2:7] for letter in letters(rig)]
    mark_all(rig)
    hurry(rig.run_for(10))

    assert [letter[2:7] for letter in letters(rig)] == told
    assert {name: rig.saved()[name] for name in ("stored", "fields_set_aside")} == {
        name: before[name] for name in ("stored", "fields_set_aside")
    }


def test_a_batch_is_full_however_few_messages_fill_it(tmp_path: Path) -> None:
    """What many readings in each message come to is not gathered beyond a batch and what is left of one message."""
    rig = rig_with(tmp_path, *messages(60, b"good " * 9), max_points=100)
    sizes: list[int] = []

    def count(points: Sequence[Point]) -> Sequence[Rejection]:
        sizes.append(len(points))
        return ()

    rig.answer = count
    hurry(rig.run_for(0))

    assert sizes == [108] * 5
    assert times(rig) == [10 * at + number for at in range(60) for number in range(9)]
    assert rig.saved() == {"stored": 60, "points": 540}
    assert rig.released == 60


def test_a_replay_takes_a_batch_at_a_time(tmp_path: Path) -> None:
    """However many readings those have that are tried again together: each round writes a batch of them."""
    rig = rig_with(tmp_path, *messages(60, b"bad " * 9), max_points=100)
    hurry(rig.run_for(0))
    rig.decoders.mended = True
    mark_all(rig)
    sizes: list[int] = []

    def count(points: Sequence[Point]) -> Sequence[Rejection]:
        sizes.append(len(points))
        return ()

    rig.answer = count
    hurry(rig.run_for(20))

    assert sizes == [108] * 5
    assert rig.saved() == {"stored": 60, "points": 540, "tried_again": 60}
    assert letters(rig) == []


class Inflating:
    """A decoder of what comes to two thousand times of its size."""

    skips_retained = True

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """Give a point with a large text."""
        series = Series("Farm", "words", {}, types={"words": FieldType.TEXT})
        into.append(Point(series, message.received_ns, {"words": "long" * 500}))
        return ()


@pytest.mark.parametrize("again", [False, True])
def test_a_batch_is_full_however_small_what_fills_it_was(tmp_path: Path, *, again: bool) -> None:
    """What compressed messages come to counts as it is gathered, not as it came; also when they are tried again."""
    rig = rig_with(tmp_path, *messages(60, b"bad"), max_bytes="10kB")
    if again:
        hurry(rig.run_for(0))
        mark_all(rig)
    rig.decoders.expands = True
    rig.decoders.by_topic["rack1/climate"] = Inflating()
    sizes: list[int] = []

    def count(points: Sequence[Point]) -> Sequence[Rejection]:
        sizes.append(len(points))
        return ()

    rig.answer = count
    hurry(rig.run_for(60))

    assert sum(sizes) == 60
    assert max(sizes) <= 6
    assert rig.saved()["stored"] == 60
