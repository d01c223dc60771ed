"""What became of each message of a parcel."""

from collections.abc import Sequence
from random import Random
from time import process_time
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.deadletters import WHOLE_MESSAGE, Fate
from ingestor.delivery.parcel import Parcel
from ingestor.ports import RETAIN, Chunk, Flaw, LossReason, Lost, Message, Point, Reason, Rejection
from tests.builders import message, point
from tests.delivery.fakes import FakeDecoders


def filled(*payloads: bytes, begin: int = 0) -> Parcel:
    """A parcel of messages with those payloads, taken in runs of three."""
    parcel = Parcel(begin)
    messages = [message(payload, received_ns=10 * at) for at, payload in enumerate(payloads)]
    for at in range(0, len(messages), 3):
        parcel.take(Chunk(begin + at, messages[at : at + 3]), FakeDecoders())
    return parcel


def counted(parcel: Parcel, *rejections: Rejection, held: Sequence[int] = ()) -> dict[str, int]:
    """The counts that are not 0."""
    account = parcel.settle(rejections, dict.fromkeys(held, "no rights"))
    return {name: number for name, number in account.counts.items() if number}


def refuse(at: int, *fields: str) -> Rejection:
    """The store's word on a point."""
    return Rejection(at, Reason.REJECTED, "too old", fields)


def test_good_messages_make_no_letters() -> None:
    """Each message counts once, however many points it gave."""
    parcel = filled(b"good", b"good good good", b"good")
    account = parcel.settle()

    assert counted(parcel) == {"stored": 3, "points": 5}
    assert (account.letters, account.fates) == ([], {})


def test_knows_its_place_and_size() -> None:
    """Begin, end, bytes, number and age are those of the messages."""
    parcel = filled(b"good", b"good good", b"bad", b"good", begin=70)

    assert (parcel.begin, parcel.end, parcel.messages) == (70, 74, 4)
    assert parcel.bytes == sum(map(len, (b"good", b"good good", b"bad", b"good"))) + 4 * len(message(b"good").topic)
    assert parcel.oldest_ns == 0


@pytest.mark.parametrize(
    ("payload", "rejections", "held", "expected"),
    [
        (b"bad", [], [], {"set_aside": 1}),
        (b"", [], [], {"set_aside": 1}),
        (b"bad good", [], [], {"stored": 1, "points": 1}),
        (b"half", [], [], {"stored": 1, "points": 1, "fields_set_aside": 1}),
        (b"good", [refuse(1)], [], {"set_aside": 1}),
        (b"good good", [refuse(1)], [], {"stored": 1, "points": 1}),
        (b"good good", [refuse(1), refuse(2)], [], {"set_aside": 1}),
        (b"good", [refuse(1, "a", "b")], [], {"stored": 1, "points": 1, "fields_set_aside": 2}),
        (b"half", [refuse(1)], [], {"set_aside": 1}),
        (b"good", [], [1], {"held": 1}),
        (b"good good", [], [2], {"held": 1, "points": 1}),
        (b"good good good", [refuse(1)], [2], {"held": 1, "points": 1}),
        (b"half", [], [1], {"held": 1}),
        (b"good", [refuse(1, "a")], [1], {"held": 1}),
    ],
)
def test_a_message_counts_once(
    payload: bytes, rejections: Sequence[Rejection], held: Sequence[int], expected: dict[str, int]
) -> None:
    """Held while any of its points is, else stored when any was, else set aside; its neighbours do not matter."""
    parcel = filled(b"good", payload, b"good")
    expected = {"points": 0, **expected}
    expected["stored"] = expected.get("stored", 0) + 2
    expected["points"] += 2

    assert counted(parcel, *rejections, held=held) == expected


def test_unrouted_and_ignored_leave_no_letter() -> None:
    """What no route takes, and what the broker had kept, is counted and not more."""
    parcel = Parcel(0)
    parcel.take(
        Chunk(
            0,
            [message(topic="elsewhere"), message(b"good", flags=RETAIN), message(b"good", topic="kept", flags=RETAIN)],
        ),
        FakeDecoders(),
    )

    assert counted(parcel) == {"unrouted": 1, "ignored": 1, "stored": 1, "points": 1}
    assert parcel.settle().letters == []


def test_lost_messages_are_counted_by_reason() -> None:
    """A run that the journal does not have any more moves the end."""
    parcel = Parcel(5)
    parcel.lose(Lost(5, 3, LossReason.DAMAGED))
    parcel.lose(Lost(8, 2, LossReason.DROPPED))
    parcel.take(Chunk(10, [message(b"bad")]), FakeDecoders())

    assert counted(parcel) == {"damaged": 3, "dropped": 2, "set_aside": 1}
    assert parcel.end == 11
    assert [letter.position for letter in parcel.settle().letters] == [10]


def test_letters_know_message_and_part() -> None:
    """Each carries the message as it came, its position, the point, the reason in words, and its fields."""
    parcel = filled(b"good", b"good half", b"good", b"good", b"good bad", begin=100)
    rejections = [refuse(4), refuse(1, "a", "b")]
    letters = parcel.settle(rejections, {5: "no rights"}).letters
    brief = [(each.position, each.point, each.reason, each.fields, each.fate, each.bucket) for each in letters]

    assert sorted(brief) == [
        (101, 0, Reason.REJECTED, ("a", "b"), Fate.STORED, ""),
        (101, 1, Reason.RANGE, ("humidity",), Fate.STORED, ""),
        (103, 0, Reason.REJECTED, (), Fate.SET_ASIDE, ""),
        (104, 0, Reason.BUCKET, (), Fate.HELD, "Farm"),
        (104, 1, Reason.TYPE, (), Fate.HELD, ""),
    ]
    assert {each.position: each.message.payload for each in letters} == {
        101: b"good half",
        103: b"good",
        104: b"good bad",
    }


def test_several_faults_of_a_point_share_a_letter() -> None:
    """What the decoder, the registry and the store say of one point stands in one letter."""
    parcel = filled(b"half")
    (letter,) = parcel.settle([refuse(0, "temperature")], {0: "no rights"}).letters

    assert letter.fields == ()  # all of the point waits
    assert letter.detail == "too wet; too old; no rights"
    assert (letter.fate, letter.bucket) == (Fate.HELD, "Farm")


def test_message_without_point_or_flaw_is_set_aside() -> None:
    """A decoder that gives nothing and finds nothing wrong does not make a message vanish."""
    (letter,) = filled(b"").settle().letters

    assert (letter.point, letter.reason) == (WHOLE_MESSAGE, Reason.EMPTY)


def test_settling_changes_nothing() -> None:
    """An account can be asked for twice."""
    parcel = filled(b"good", b"bad", b"half")

    assert parcel.settle([refuse(0)]) == parcel.settle([refuse(0)])


def test_empty_parcel_counts_nothing() -> None:
    """Nothing taken, nothing counted."""
    assert counted(Parcel(3)) == {}
    assert Parcel(3).oldest_ns is None


def test_points_are_in_the_order_of_the_messages() -> None:
    """The batch for the writer follows the journal, and each message knows its points."""
    parcel = filled(b"good good", b"bad", b"good")

    assert [point.time_ns for point in parcel.points] == [0, 1, 20]
    assert [parcel.points_of(number) for number in range(3)] == [2, 0, 1]


def test_message_is_not_copied() -> None:
    """A letter holds the very message, not a copy of its payload."""
    parcel = Parcel(0)
    bad = Message("rack1/climate", b"bad", 1)
    parcel.take(Chunk(0, [bad]), FakeDecoders())

    assert parcel.settle().letters[0].message is bad


class FaultyDecoders:
    """Decoders with a fault of ours, in finding or in decoding."""

    skips_retained = False
    expands = False

    def find(self, topic: str) -> Self:
        """Fail for one topic."""
        if topic == "lost":
            raise RuntimeError("no way")
        return self

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """Fail after a point, unless the payload is good."""
        into.append(point(time_ns=message.received_ns))
        if message.payload != b"good":
            raise ArithmeticError("beyond")
        return ()


def test_a_fault_of_ours_costs_its_message_alone() -> None:
    """What a decoder fails on is set aside with the error's words: it would end the service at every start."""
    parcel = Parcel(0)
    payloads = [(b"good", "rack1/climate"), (b"odd", "rack1/climate"), (b"good", "lost"), (b"good", "rack1/climate")]
    parcel.take(Chunk(0, [message(payload, topic=topic) for payload, topic in payloads]), FaultyDecoders())
    account = parcel.settle()

    assert counted(parcel) == {"stored": 2, "set_aside": 2, "points": 2}
    assert [(letter.position, letter.reason) for letter in account.letters] == [(1, Reason.MODEL), (2, Reason.MODEL)]
    assert "ArithmeticError('beyond')" in account.letters[0].detail


@given(st.lists(st.sampled_from(["good", "bad", "half"]), min_size=1, max_size=9), st.randoms())
def test_a_letter_names_the_reading_whatever_became_of_the_others(words: list[str], random: Random) -> None:
    """What the store refuses of a message is told by the number that the reading has in it, and counted once."""
    parcel = filled(b"good", " ".join(words).encode(), b"bad good")
    readings = [number for number, word in enumerate(words) if word != "bad"]
    rejected = [at for at in range(len(readings)) if random.random() < 0.5]
    account = parcel.settle([refuse(1 + at) for at in random.sample(rejected, len(rejected))])
    told = {letter.point for letter in account.letters if letter.position == 1 and not letter.fields}
    lost = {readings[at] for at in rejected}

    assert told == {number for number, word in enumerate(words) if word == "bad"} | lost
    assert account.counts["points"] == 2 + len(readings) - len(lost)
    assert account.counts["fields_set_aside"] == sum(
        word == "half" and number not in lost for number, word in enumerate(words)
    )
    assert sum(account.counts[fate] for fate in Fate) == 3


def test_thousands_of_readings_are_settled_at_once() -> None:
    """Where the decoder refuses every other reading and the store all that are left, it takes no time to tell."""
    number = 20_000
    parcel = filled(b"bad good " * number)
    began = process_time()
    account = parcel.settle([refuse(at) for at in range(number)])

    assert [letter.point for letter in account.letters if letter.reason is Reason.REJECTED] == list(
        range(1, 2 * number, 2)
    )
    assert process_time() - began < 5
