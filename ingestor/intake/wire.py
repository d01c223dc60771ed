"""What MQTT packets are made of: versions, packet types, lengths, strings and properties. Pure."""

from collections.abc import Iterator
from enum import IntEnum

from ingestor.errors import BrokerUnavailableError

MAX_LENGTH = 268_435_455
"""The greatest remaining length that MQTT can write (four bytes of seven bits)."""


class Version(IntEnum):
    """A version of MQTT, as the protocol level that CONNECT carries; `str()` of it is its name."""

    V311 = 4
    V5 = 5

    def __str__(self) -> str:
        return "5" if self is Version.V5 else "3.1.1"


class Kind(IntEnum):
    """The types of packets, as the high half of their first byte has them."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class ProtocolError(BrokerUnavailableError):
    """The broker sent what MQTT does not allow; the connection is of no more use, another may be.

    Args:
        message: What was wrong.
        reason: The reason code of MQTT 5 that tells the broker so in our DISCONNECT.
    """

    def __init__(self, message: str, *, reason: int = 0x81) -> None:
        super().__init__(f"the broker broke the protocol: {message}")
        self.reason = reason


class Property(IntEnum):
    """The properties of MQTT 5 that we look at or send."""

    SESSION_EXPIRY = 0x11
    SERVER_KEEP_ALIVE = 0x13
    SERVER_REFERENCE = 0x1C
    REASON = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    WILDCARD_AVAILABLE = 0x28
    SHARED_AVAILABLE = 0x2A


class _Shape(IntEnum):
    """How the value of a property is written; a positive shape is a number of that many bytes."""

    PAIR = -3
    TEXT = -2
    VARINT = -1
    BYTE = 1
    TWO = 2
    FOUR = 4


_SHAPES = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), _Shape.BYTE),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), _Shape.TWO),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), _Shape.FOUR),
    **dict.fromkeys((0x0B,), _Shape.VARINT),
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), _Shape.TEXT),
    **dict.fromkeys((0x26,), _Shape.PAIR),
}


def write_varint(value: int) -> bytes:
    """A number of up to 28 bits, seven to a byte, the lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int] | None:
    """The number at `at` and the place after it; None where its bytes are not all there.

    Raises:
        ProtocolError: It is longer than four bytes.
    """
    value = 0
    for shift in (0, 7, 14, 21):
        if at >= len(data):
            return None
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ProtocolError("a length of more than four bytes")


def write_text(text: str | bytes) -> bytes:
    """A string or binary value with its length in front.

    Raises:
        ValueError: It is longer than 65,535 bytes.
    """
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > 0xFFFF:
        raise ValueError("a text of MQTT has at most 65,535 bytes")
    return len(raw).to_bytes(2, "big") + raw


def lenient_text(raw: bytes) -> str:
    """Text of bytes that ought to be UTF-8; what is not shows as an escape, so that nothing is lost by refusing it."""
    return raw.decode("utf-8", "backslashreplace")


def read_properties(block: bytes) -> Iterator[tuple[int, int | str]]:
    """The properties of a block (without its length): numbers, or texts; of a user property, the value.

    Raises:
        ProtocolError: The block is cut short, or has a property that does not exist.
    """
    at = 0
    while at < len(block):
        name = block[at]
        shape = _SHAPES.get(name)
        if shape is None:
            raise ProtocolError(f"unknown property 0x{name:02X}")
        value, at = _read_value(block, at + 1, shape)
        yield name, value


def _read_value(block: bytes, at: int, shape: _Shape) -> tuple[int | str, int]:
    if shape is _Shape.VARINT:
        number = read_varint(block, at)
        if number is None:
            raise ProtocolError("properties are cut short")
        return number
    if shape > 0:
        return int.from_bytes(block[at : at + shape], "big"), _within(block, at + shape)
    if shape is _Shape.PAIR:
        _, at = _read_value(block, at, _Shape.TEXT)
    start = _within(block, at + 2)
    stop = _within(block, start + int.from_bytes(block[at:start], "big"))
    return lenient_text(block[start:stop]), stop


def _within(block: bytes, at: int) -> int:
    if at > len(block):
        raise ProtocolError("properties are cut short")
    return at


def split_properties(body: bytes, at: int) -> tuple[bytes, int]:
    """The property block whose length stands at `at`, and the place after it.

    Raises:
        ProtocolError: The body is too short for it.
    """
    head = read_varint(body, at)
    if head is None or head[0] + head[1] > len(body):
        raise ProtocolError("properties reach over the end of a packet")
    size, start = head
    return body[start : start + size], start + size
