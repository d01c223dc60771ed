"""What was heard: bounds, and lines of a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.discovery.recording import Recording, from_line, to_line
from ingestor.ports import RETAIN, Message


def test_messages_are_kept_in_their_order() -> None:
    """With how many there were, and on how many topics."""
    heard = Recording()
    kept = [heard.add(Message(topic, b"1", at)) for at, topic in enumerate("aba")]

    assert kept == [True] * 3
    assert [message.topic for message in heard.messages] == ["a", "b", "a"]
    assert (heard.heard, heard.topics, heard.full) == (3, 2, False)


def test_a_chatty_topic_leaves_room_for_others() -> None:
    """Only so many of its messages are kept."""
    heard = Recording(max_of_topic=2)
    kept = [heard.add(Message(topic, b"1", 0)) for topic in "aaab"]

    assert kept == [True, True, False, True]
    assert (heard.heard, heard.full) == (4, False)


def test_topics_beyond_a_number_are_not_kept() -> None:
    """Whoever invents topics fills no memory; those that are known go on."""
    heard = Recording(max_topics=2)
    kept = [heard.add(Message(topic, b"1", 0)) for topic in "abcda"]

    assert kept == [True, True, False, False, True]
    assert heard.topics == 2


def test_it_is_full_when_its_memory_is_used_up() -> None:
    """Then nothing more is kept."""
    heard = Recording(max_bytes=1_000)
    kept = [heard.add(Message("a", b"x" * 800, 0)) for _ in range(2)]

    assert kept == [True, False]
    assert heard.full


@given(
    st.text(min_size=1).filter(lambda text: text.isprintable()), st.binary(), st.integers(0, 2**63 - 1), st.booleans()
)
def test_a_message_survives_a_file(topic: str, payload: bytes, received_ns: int, kept: bool) -> None:  # noqa: FBT001
    """Topic, payload, time, and whether the broker had kept it."""
    message = Message(topic, payload, received_ns, RETAIN if kept else 0)

    assert from_line(to_line(message)) == message
    assert "\n" not in to_line(message)


@pytest.mark.parametrize(
    "line",
    ["", "5", "[]", "{}", '{"topic": "a"}', '{"topic": "a", "payload": "!", "received_ns": 1}',
     '{"topic": "a", "payload": 5, "received_ns": 1}', '{"topic": "", "payload": "", "received_ns": 1}',
     '{"topic": "a", "payload": "", "received_ns": 1.5}', '{"topic": "a", "payload": "", "received_ns": -1}',
     "[" * 99_999],
)  # fmt: skip
def test_other_lines_are_refused(line: str) -> None:
    """In words."""
    with pytest.raises(ValueError, match="not a line of a recording"):
        from_line(line)
