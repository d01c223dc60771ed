"""Letting a packet go by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.intake.oversize import Oversize, Skipped
from ingestor.intake.wire import ProtocolError, Version, write_text, write_varint


def skip(body: bytes, version: Version, *, flags: int = 2, piece: int = 1000) -> Skipped:
    """What is left of a packet with this body."""
    oversize = Oversize(0x30 | flags, length=len(body), size=len(body) + 4)
    for start in range(0, len(body), piece):
        assert not oversize.done
        last = start + piece >= len(body)
        after = oversize.take(b"__" + body[start : start + piece] + (b"next" if last else b""), 2)
        assert after == 2 + min(piece, len(body) - start)
    assert oversize.done
    return oversize.parts(version)


@given(st.integers(1, 70_000), st.integers(200, 50_000))
def test_keeps_the_head_however_it_comes(size: int, piece: int) -> None:
    """Topic, packet id, properties and the first 1,024 bytes of the payload are kept."""
    payload = bytes(number % 253 for number in range(size))
    body = write_text("a/b") + b"\x00\x07" + b"\x02\x01\x00" + payload

    assert skip(body, Version.V5, piece=piece) == Skipped("a/b", 7, b"\x01\x00", payload[:1024])


def test_memory_is_bounded() -> None:
    """Of a large packet no more than 80 KiB are held."""
    oversize = Oversize(0x30, length=50_000_000, size=50_000_005)
    for _ in range(50):
        oversize.take(b"x" * 1_000_000, 0)

    assert oversize.done
    assert len(oversize._kept) == 80 * 1024


def test_properties_that_fill_all_leave_no_payload() -> None:
    """Properties longer than what is held are given up, the message is not."""
    block = b"\x26" + write_text("k") + write_text("v" * 60_000)
    body = write_text("a") + write_varint(len(block) * 2) + block * 2 + b"payload"

    assert skip(body, Version.V5, flags=0, piece=9000) == Skipped("a", 0, None, b"")


@pytest.mark.parametrize(
    ("body", "flags"), [(b"\x00\x09a", 0), (b"\x00\x01a\x00\x00", 2), (b"\x00\x01a", 2), (b"\x00\x01a\x00\x01", 6)]
)
def test_what_is_no_publish_is_an_error(body: bytes, flags: int) -> None:
    """Parts that do not fit are a protocol error."""
    with pytest.raises(ProtocolError):
        skip(body, Version.V311, flags=flags)


def test_missing_properties_are_an_error() -> None:
    """Under MQTT 5 there must be a property length."""
    with pytest.raises(ProtocolError):
        skip(b"\x00\x01a", Version.V5, flags=0)
