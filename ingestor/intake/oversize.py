"""A PUBLISH over the size limit: skipped on the wire, its head kept. Pure."""

from typing import NamedTuple

from ingestor.intake.wire import ProtocolError, Version, lenient_text, read_varint

HEAD_BYTES = 1024
"""So much of the payload is kept."""
_KEPT_BYTES = 80 * 1024
"""So much of the packet is held while it comes: the longest topic, properties of usual size, and the head."""


class OversizedHead(NamedTuple):
    """What is known of a message over the size limit.

    `payload_head` is its first 1,024 bytes (none where its properties alone fill 80 KiB); `size` is that of the whole
    packet in bytes; the rest is as in `ports.Message`.
    """

    topic: str
    payload_head: bytes
    size: int
    received_ns: int
    flags: int
    packet_id: int


class Skipped(NamedTuple):
    """The parts of a skipped packet, its topic alias not resolved yet; `properties` is None where they were cut."""

    topic: str
    packet_id: int
    properties: bytes | None
    payload_head: bytes


class Oversize:
    """Counts the bytes of one packet down and keeps the first of them.

    Args:
        first: The first byte of the packet.
        length: Bytes that follow its fixed header.
        size: Bytes of the whole packet.
    """

    def __init__(self, first: int, *, length: int, size: int) -> None:
        self.flags = first & 15
        self.size = size
        self._left = length
        self._kept = bytearray()

    @property
    def done(self) -> bool:
        """Whether all of the packet has gone by."""
        return not self._left

    def take(self, data: bytes, at: int) -> int:
        """Let the packet's bytes in `data` from `at` on go by; returns the place after them."""
        stop = min(len(data), at + self._left)
        self._kept += data[at : min(stop, at + _KEPT_BYTES - len(self._kept))]
        self._left -= stop - at
        return stop

    def parts(self, version: Version) -> Skipped:
        """Take apart what was kept, once the packet is done.

        Raises:
            ProtocolError: It is no PUBLISH.
        """
        kept = bytes(self._kept)
        at = 2 + int.from_bytes(kept[:2], "big")
        topic = lenient_text(kept[2:at])
        packet_id = 0
        if self.flags & 6:
            packet_id = int.from_bytes(kept[at : at + 2], "big")
            at += 2
        if at > len(kept) or (self.flags & 6 and not packet_id) or self.flags & 6 == 6:
            raise ProtocolError("an oversized PUBLISH whose parts do not fit")
        if version is Version.V311:
            return Skipped(topic, packet_id, b"", kept[at : at + HEAD_BYTES])
        head = read_varint(kept, at)
        if head is None:
            raise ProtocolError("an oversized PUBLISH without properties")
        size, start = head
        stop = start + size
        properties = kept[start:stop] if stop <= len(kept) else None
        return Skipped(topic, packet_id, properties, kept[stop : stop + HEAD_BYTES])
