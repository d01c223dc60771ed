"""Frames: what goes in comes out, and nothing else is taken for a frame."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.journal.frame import HEADER_BYTES, Header, decode, encode, intact, weigh
from ingestor.ports import Message
from tests.journal.support import messages

SALTS = st.integers(0, 2**32 - 1)
MESSAGES = st.builds(
    Message,
    topic=st.text(st.characters(), max_size=20),  # lone surrogates too
    payload=st.binary(max_size=40),
    received_ns=st.integers(0, 2**64 - 1),
    flags=st.integers(0, 15),
    packet_id=st.integers(0, 65_535),
    properties=st.binary(max_size=10),
)
GROUPS = st.lists(MESSAGES, min_size=1, max_size=30)


@given(group=GROUPS, first=st.integers(0, 2**40), salt=SALTS)
def test_a_frame_gives_back_its_messages(group: list[Message], first: int, salt: int) -> None:
    """Every field of every message survives, and the header says what is inside."""
    header, frame = encode(group, first=first, salt=salt)
    parsed = Header.parse(frame, salt)

    assert parsed == header
    assert intact(header, frame[HEADER_BYTES:], salt)
    assert decode(header, frame[HEADER_BYTES:]) == group
    assert (header.first, header.end) == (first, first + len(group))
    assert header.qos1 == sum(message.qos == 1 for message in group)
    assert (header.oldest_ns, header.newest_ns) == (
        min(message.received_ns for message in group),
        max(message.received_ns for message in group),
    )


@given(group=GROUPS, salt=SALTS, data=st.data())
def test_a_changed_byte_is_noticed(group: list[Message], salt: int, data: st.DataObject) -> None:
    """Whatever byte is changed, the frame is not taken for valid."""
    _, frame = encode(group, first=5, salt=salt)
    at = data.draw(st.integers(0, len(frame) - 1))
    changed = bytearray(frame)
    changed[at] ^= data.draw(st.integers(1, 255))
    header = Header.parse(bytes(changed), salt)

    assert header is None or not intact(header, bytes(changed[HEADER_BYTES:]), salt)


def test_a_frame_of_another_file_is_not_valid() -> None:
    """Checksums start from the file's salt, which nobody who publishes knows."""
    _, frame = encode(messages(3), first=0, salt=1)

    assert Header.parse(frame, 2) is None


def test_a_cut_body_is_not_intact() -> None:
    """A body that ends early is damaged."""
    header, frame = encode(messages(3), first=0, salt=1)

    assert not intact(header, frame[HEADER_BYTES:-1], 1)


def test_a_seal_is_a_header_of_its_own_kind() -> None:
    """A seal survives packing and is told apart from a frame's header."""
    seal = Header(7, 100, 50, 1, 2, sealing=True)

    assert Header.parse(seal.pack(9), 9) == seal


def test_a_topic_stands_in_a_frame_once() -> None:
    """A thousand messages of one long topic take little more room than their payloads."""
    topic = "x" * 1000
    _, frame = encode([Message(topic, b"1", at) for at in range(1000)], first=0, salt=1)

    assert len(frame) < 40 * 1000


@given(group=GROUPS)
def test_weight_covers_what_the_messages_hold(group: list[Message]) -> None:
    """Memory is bounded by weight, so it counts at least the bytes and the text."""
    held = sum(len(message.topic) + len(message.payload) + len(message.properties) for message in group)

    assert weigh(group) >= held + 200 * len(group)
