"""A group of messages as bytes, and back: one frame of a segment file. Pure.

A frame is a header of 48 bytes and a body. The body is laid out in columns, each topic once, because that is what
packs and unpacks fast in Python: lengths and numbers of all messages, then the text of the topics, then properties
and payloads, end to end.

Both checksums start from the salt of the segment. Whoever publishes a payload that looks like a frame does not know
the salt, so after damage the search for the next frame cannot be led astray.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple, Self

from ingestor.ports import Message

MAGIC: Final = b"\xf5ij1"
"""Starts every frame. 0xF5 occurs in no UTF-8 text, so a search does not stop in topics or JSON."""
SEAL: Final = b"\xf5ije"
"""Starts the header without a body that ends a finished file and sums it up."""
HEADER_BYTES: Final = 48
WEIGHT: Final = 256
"""What a message costs in memory beside its bytes (objects and their heads), about."""
QOS_BITS: Final = 0b0110
"""Where `Message.flags` has the quality of service."""
QOS_1: Final = 0b0010

# magic, header checksum, body checksum, body bytes, first position, messages, QoS 1 messages, oldest, newest
_HEADER = struct.Struct("<4sIIIQIIQQ")
_COUNTS = struct.Struct("<II")


class Header(NamedTuple):
    """What can be known of a frame without its body; of a seal, the same about the whole file."""

    first: int
    records: int
    qos1: int
    oldest_ns: int
    newest_ns: int
    length: int = 0
    checksum: int = 0
    sealing: bool = False

    @property
    def end(self) -> int:
        """The position after the last message."""
        return self.first + self.records

    def pack(self, salt: int) -> bytes:
        """The header's 48 bytes."""
        magic = SEAL if self.sealing else MAGIC
        rest = _HEADER.pack(magic, 0, self.checksum, self.length, *self[:5])[8:]
        return magic + zlib.crc32(rest, salt).to_bytes(4, "little") + rest

    @classmethod
    def parse(cls, data: bytes, salt: int) -> Self | None:
        """Read a header from the start of `data`; None where there is no valid one of this salt."""
        if len(data) < HEADER_BYTES or not data.startswith((MAGIC, SEAL)):
            return None
        magic, own, checksum, length, first, records, qos1, oldest_ns, newest_ns = _HEADER.unpack_from(data)
        if zlib.crc32(data[8:HEADER_BYTES], salt) != own:
            return None
        return cls(first, records, qos1, oldest_ns, newest_ns, length, checksum, magic == SEAL)


def weigh(messages: Sequence[Message]) -> int:
    """How many bytes of memory the messages take, about."""
    topics, payloads, _, _, _, properties = zip(*messages, strict=True)
    return sum(map(len, topics)) + sum(map(len, payloads)) + sum(map(len, properties)) + WEIGHT * len(messages)


def encode(messages: Sequence[Message], *, first: int, salt: int) -> tuple[Header, bytes]:
    """Make the frame of a group.

    Args:
        messages: At least one.
        first: The position of the first of them.
        salt: Of the segment that the frame goes into.

    Returns:
        The header, and the whole frame with it.
    """
    topics, payloads, received, flags, packet_ids, properties = zip(*messages, strict=True)
    names = {name: at for at, name in enumerate(dict.fromkeys(topics))}
    count, topic_count = len(messages), len(names)
    # A topic that is not valid text cannot come from a broker, but must not be able to stop the journal either.
    text = "".join(names).encode("utf-8", "surrogatepass")
    columns = struct.pack(
        f"<{count}Q{count}I{count}I{count}I{count}H{topic_count}I",
        *received,
        *map(len, payloads),
        *map(len, properties),
        *map(names.__getitem__, topics),
        *packet_ids,
        *map(len, names),
    )
    bits = bytes(flags)
    body = b"".join((_COUNTS.pack(topic_count, len(text)), columns, bits, text, *properties, *payloads))
    header = Header(first, count, _count_qos1(bits), min(received), max(received), len(body), zlib.crc32(body, salt))
    return header, header.pack(salt) + body


def intact(header: Header, body: bytes, salt: int) -> bool:
    """Whether the body is what was written with that header."""
    return len(body) == header.length and zlib.crc32(body, salt) == header.checksum


def decode(header: Header, body: bytes) -> list[Message]:
    """The messages of a frame whose body is intact."""
    count = header.records
    topic_count, text_bytes = _COUNTS.unpack_from(body)
    columns = struct.Struct(f"<{count}Q{count}I{count}I{count}I{count}H{topic_count}I")
    numbers = columns.unpack_from(body, _COUNTS.size)
    received, payload_sizes, property_sizes, topics, packet_ids = (
        numbers[at : at + count] for at in range(0, 5 * count, count)
    )
    at = _COUNTS.size + columns.size
    bits, at = body[at : at + count], at + count
    text, at = body[at : at + text_bytes].decode("utf-8", "surrogatepass"), at + text_bytes
    names = [text[a:b] for a, b in _spans(0, numbers[5 * count :])]
    properties = [body[a:b] for a, b in _spans(at, property_sizes)]
    payloads = [body[a:b] for a, b in _spans(at + sum(property_sizes), payload_sizes)]
    rows = zip(map(names.__getitem__, topics), payloads, received, bits, packet_ids, properties, strict=True)
    return list(map(Message._make, rows))


def _spans(start: int, sizes: Iterable[int]) -> Iterable[tuple[int, int]]:
    return pairwise(accumulate(sizes, initial=start))


def _count_qos1(bits: bytes) -> int:
    """How many of these flags say QoS 1, whatever they say of DUP and RETAIN."""
    return sum(map(bits.count, (0b0010, 0b0011, 0b1010, 0b1011)))
