"""Lengths, strings and properties."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from ingestor.intake.wire import (
    MAX_LENGTH,
    Property,
    ProtocolError,
    Version,
    lenient_text,
    read_properties,
    read_varint,
    split_properties,
    write_text,
    write_varint,
)

paho_length: Any = VariableByteIntegers.encode
paho_properties: Any = Properties


@given(st.integers(0, MAX_LENGTH))
def test_lengths_are_written_as_paho_writes_them(value: int) -> None:
    """Lengths have the same bytes in another implementation, and read back as they were."""
    raw = write_varint(value)

    assert raw == paho_length(value)
    assert read_varint(b"x" + raw + b"y", 1) == (value, 1 + len(raw))


@given(st.integers(0, MAX_LENGTH), st.data())
def test_a_length_that_is_cut_is_not_there_yet(value: int, data: st.DataObject) -> None:
    """Of a length whose end has not come nothing is said."""
    raw = write_varint(value)

    assert read_varint(raw[: data.draw(st.integers(0, len(raw) - 1))], 0) is None


def test_a_length_of_five_bytes_is_an_error() -> None:
    """A length that goes on after four bytes is none."""
    with pytest.raises(ProtocolError):
        read_varint(b"\x80\x80\x80\x80\x00", 0)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 1),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
)
def test_reads_properties_that_paho_writes(four: int, two: int, byte: int, text: str) -> None:
    """Numbers of every size and texts come out as another implementation wrote them."""
    written = paho_properties(PacketTypes.CONNACK)
    written.SessionExpiryInterval = four
    written.ServerKeepAlive = two
    written.RetainAvailable = byte
    written.ReasonString = text
    written.UserProperty = ("key", text)
    block, after = split_properties(b"__" + written.pack() + b"rest", 2)
    found = dict(read_properties(block))

    assert after == 2 + len(written.pack())
    assert found[Property.SESSION_EXPIRY] == four
    assert found[Property.SERVER_KEEP_ALIVE] == two
    assert found[Property.RETAIN_AVAILABLE] == byte
    assert found[Property.REASON] == found[0x26] == text


@given(st.binary(max_size=60))
def test_any_block_gives_properties_or_a_protocol_error(block: bytes) -> None:
    """Reading properties ends, and in nothing else."""
    try:
        found = list(read_properties(block))
    except ProtocolError:
        return

    assert len(found) <= len(block)


@pytest.mark.parametrize("block", [b"\x00", b"\x11\x00", b"\x1f\x00", b"\x1f\x00\x05a", b"\x26\x00\x01a", b"\x0b\x80"])
def test_properties_that_are_cut_or_unknown_are_errors(block: bytes) -> None:
    """A property that is not whole, or does not exist, is an error."""
    with pytest.raises(ProtocolError):
        list(read_properties(block))


def test_a_block_that_reaches_over_the_end_is_an_error() -> None:
    """The length of properties may not be more than there is."""
    with pytest.raises(ProtocolError):
        split_properties(b"\x05abc", 0)


@given(st.binary(max_size=20))
def test_lenient_text_can_always_be_written_again(raw: bytes) -> None:
    """Whatever the bytes are, the text is valid Unicode."""
    assert lenient_text(raw).encode("utf-8") is not None


def test_text_has_its_length_in_front() -> None:
    """Strings carry two bytes of length."""
    assert write_text("é") == b"\x00\x02\xc3\xa9"


def test_versions_have_names() -> None:
    """Versions read as people write them."""
    assert [str(version) for version in Version] == ["3.1.1", "5"]
