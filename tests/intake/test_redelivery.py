"""Recognising what the broker sends again."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestor.intake.redelivery import Redelivery
from ingestor.ports import DUP, RETAIN, Message

CONSTANT = b"20.5"


def tail(ids: Sequence[int], payload: bytes = CONSTANT) -> list[tuple[int, str, bytes]]:
    """A journal of messages of one topic and one value, which only their ids tell apart."""
    return [(number, "rack/t", payload) for number in ids]


def again(number: int, payload: bytes = CONSTANT, *, topic: str = "rack/t", flags: int = DUP | 2) -> Message:
    """A message as the broker sends it again."""
    return Message(topic, payload, 0, flags, number)


def kept(redelivery: Redelivery, messages: Sequence[Message]) -> list[int]:
    """The packet ids of what is not recognised."""
    return [message.packet_id for message in redelivery.split(messages)]


def test_a_run_is_recognised_up_to_the_end_of_the_journal() -> None:
    """What the journal has is left out, what it does not have is kept."""
    redelivery = Redelivery(tail([1, 2, 3, 4]))

    assert kept(redelivery, [again(number) for number in (2, 3, 4, 5, 6)]) == [5, 6]
    assert not redelivery.active


def test_a_run_goes_on_over_several_reads() -> None:
    """A run does not care how the socket cuts it."""
    redelivery = Redelivery(tail([1, 2, 3, 4]))

    assert [kept(redelivery, [again(number)]) for number in (3, 4, 5)] == [[], [], [5]]


def test_gaps_do_not_end_a_run() -> None:
    """Messages may have expired at the broker in between."""
    assert kept(Redelivery(tail(range(1, 10))), [again(number) for number in (2, 5, 9)]) == []


def test_the_first_message_that_the_journal_lacks_ends_the_run() -> None:
    """Nothing that comes after it can be in the journal, whatever it looks like."""
    redelivery = Redelivery(tail([1, 2, 3]))

    assert kept(redelivery, [again(2, b"other"), again(3)]) == [2, 3]
    assert not redelivery.active


def test_a_message_out_of_order_ends_the_run() -> None:
    """What was sent earlier cannot come later."""
    assert kept(Redelivery(tail([1, 2, 3])), [again(2), again(1), again(3)]) == [1, 3]


def test_a_message_without_dup_ends_the_run() -> None:
    """It was never sent before, and so was nothing after it."""
    assert kept(Redelivery(tail([1, 2, 3])), [again(1), again(2, flags=2), again(3)]) == [2, 3]


@pytest.mark.parametrize("flags", [0, RETAIN, 4, 4 | DUP])
def test_other_qualities_of_service_do_not_take_part(flags: int) -> None:
    """Messages of QoS 0 and 2 between are kept and leave the run as it is."""
    redelivery = Redelivery(tail([1, 2]))

    assert kept(redelivery, [again(1), again(2, flags=flags), again(2)]) == [2]


def test_topic_and_payload_must_be_equal() -> None:
    """An equal id alone proves nothing."""
    assert kept(Redelivery(tail([7])), [again(7, topic="rack/u")]) == [7]
    assert kept(Redelivery(tail([7])), [again(7, b"20.6")]) == [7]


def test_without_a_journal_there_is_no_run() -> None:
    """A new journal recognises nothing."""
    redelivery = Redelivery()

    assert not redelivery.active
    assert kept(redelivery, [again(1)]) == [1]


def test_a_run_can_be_called_off() -> None:
    """A broker without our session sends nothing again."""
    redelivery = Redelivery(tail([1, 2]))
    redelivery.end()

    assert kept(redelivery, [again(1), again(2)]) == [1, 2]


def test_ids_go_around() -> None:
    """After 65,535 comes 1, in the journal and in the run."""
    ids = [65_533, 65_534, 65_535, 1, 2]

    assert kept(Redelivery(tail(ids)), [again(number) for number in (65_534, 65_535, 1, 2, 3)]) == [3]


@given(
    newest=st.integers(1, 65_535),
    unacknowledged=st.integers(0, 400),
    fresh=st.integers(1, 400),
    hole=st.integers(0, 8_000),
)
@settings(max_examples=25, deadline=None)
def test_equal_values_are_told_apart_when_every_id_was_used_before(
    newest: int, unacknowledged: int, fresh: int, hole: int
) -> None:
    """With a journal that reaches around all ids, of one value only, exactly the journaled ones are recognised."""
    ids = [(newest - back - 1) % 65_535 + 1 for back in reversed(range(65_535))]
    first_fresh = newest + 1 + hole
    run = [again(number) for number in ids[len(ids) - unacknowledged :]]
    run += [again((first_fresh + ahead - 1) % 65_535 + 1) for ahead in range(fresh)]

    assert len(kept(Redelivery(tail(ids)), run)) == fresh


def test_only_what_came_after_ids_went_back_is_looked_at() -> None:
    """Messages of an earlier session do not count: its ids say nothing about this one."""
    redelivery = Redelivery([*tail([5, 6, 7, 8], b"old"), *tail([5, 6, 7, 8], b"older"), *tail([1, 2, 3])])

    assert kept(redelivery, [again(3), again(5, b"older")]) == [5]


def test_the_journal_of_a_busy_broker_is_recognised_whole() -> None:
    """A run of fifty thousand is recognised; mosquitto can have so many under way."""
    ids = range(10_000, 60_000)

    assert kept(Redelivery(tail(ids)), [again(number) for number in ids]) == []
