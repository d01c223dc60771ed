"""Takes what came from the socket apart into messages and packets. Pure, and the hot path of the service.

A socket read is walked once, in one loop; what it holds of PUBLISH packets comes out as `Message` tuples, about
0.9 µs each. Memory is bounded: at most one packet of `max_packet` bytes waits for its rest, and a larger PUBLISH is
skipped while it comes, only its head kept.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ingestor.intake.outgoing import ACK, RECEIVED
from ingestor.intake.oversize import Oversize, OversizedHead
from ingestor.intake.wire import (
    MAX_LENGTH,
    Kind,
    Property,
    ProtocolError,
    Version,
    lenient_text,
    read_properties,
    read_varint,
    split_properties,
)
from ingestor.ports import Message

_CONTROL_LIMIT = 2**20
"""No packet but PUBLISH has a reason to be larger."""
_CACHED_TOPICS = 8192
_CACHED_TOPIC_BYTES = 256
_SMALLEST_PUBLISH = 5

_make = tuple.__new__  # what Message(...) ends in, without its detour through Python


class Publishes(NamedTuple):
    """Messages that came one after the other, and what acknowledges them (see `outgoing.acks`), in order."""

    messages: list[Message]
    acks: list[int]


class Packet(NamedTuple):
    """A whole packet that is not a PUBLISH."""

    kind: int
    flags: int
    body: bytes


Item = Publishes | OversizedHead | Packet


class Scanner:
    """Cuts the bytes of one connection into messages and packets.

    Args:
        version: The version of MQTT that the connection speaks.
        max_packet: PUBLISH packets of more bytes than this are not kept, but for their head.
        alias_maximum: The greatest topic alias that we told the broker to use.
    """

    def __init__(self, version: Version, *, max_packet: int, alias_maximum: int) -> None:
        self._version = version
        self._v5 = version is Version.V5
        self._max_packet = max_packet
        self._alias_maximum = alias_maximum
        self._aliases: dict[int, str] = {}
        self._topics: dict[bytes, str] = {}
        self._partial = bytearray()
        self._need = 0
        self._oversize: Oversize | None = None

    def feed(self, data: bytes, first_ns: int) -> Iterator[Item]:
        """What the bytes complete, in order; what was good before an error still comes out.

        Args:
            data: What came from the socket.
            first_ns: Time of receipt of the first message in it; each further one has the next nanosecond.

        Raises:
            ProtocolError: The bytes are not MQTT; nothing more can be read from this connection.
        """
        if self._partial:
            if len(self._partial) + len(data) < self._need:
                self._partial += data
                return
            data = bytes(self._partial) + data
            self._partial = bytearray()
        at = 0
        while at < len(data):
            if self._oversize is not None:
                at, head = self._skip(self._oversize, data, at, first_ns)
                if head is not None:
                    yield head
                    first_ns += 1
                continue
            run = Publishes([], [])
            at, broken = self._run(data, at, first_ns, run)
            if run.messages:
                yield run
                first_ns += len(run.messages)
            if broken is not None:
                raise broken
            packet, after = self._packet(data, at)
            if packet is not None:
                yield packet
            if after is None:
                self._partial += data[at:]
                break
            at = after

    def _run(self, data: bytes, at: int, first_ns: int, run: Publishes) -> tuple[int, ProtocolError | None]:
        try:
            return self._publishes(data, at, first_ns, run), None
        except IndexError:
            return at, ProtocolError("a PUBLISH that ends too early")
        except ProtocolError as error:
            return at, error

    def _publishes(  # noqa: C901 - one loop on purpose: each call in it would cost a tenth of the whole
        self, data: bytes, at: int, now_ns: int, run: Publishes
    ) -> int:
        """Read PUBLISH packets from `at` on for as long as they are whole; returns the place after the last.

        The order of tests, the inlined lengths and the bare tuple are measured; see tests/intake/test_incoming.py.
        """
        messages, acks = run
        topics, v5, limit = self._topics, self._v5, self._max_packet
        end = len(data)
        while end - at >= _SMALLEST_PUBLISH:
            first = data[at]
            if not 0x30 <= first < 0x40:
                return at
            length = data[at + 1]
            body = at + 2
            if length > 127:
                length, body = self._length(data, at + 1)
                if body - at + length > limit:
                    return at
            stop = body + length
            if stop > end:
                return at
            body += 2
            cut = body + (data[body - 2] << 8 | data[body - 1])
            key = data[body:cut]
            topic = topics.get(key)
            if topic is None:
                topic = self._topic(key)
            qos = first & 6
            packet_id = 0
            if qos:
                packet_id = data[cut] << 8 | data[cut + 1]
                cut += 2
            properties = b""
            if v5:
                size = data[cut]
                cut += 1
                if size or not topic:
                    properties, topic, cut = self._properties(data[at:stop], cut - 1 - at, topic)
                    cut += at
            if cut > stop or (qos and not packet_id) or qos == 6:
                raise ProtocolError("a PUBLISH whose parts do not fit")
            messages.append(_make(Message, (topic, data[cut:stop], now_ns, first & 15, packet_id, properties)))
            if qos:
                acks.append((ACK if qos == 2 else RECEIVED) | packet_id)
            now_ns += 1
            at = stop
        return at

    def _length(self, data: bytes, at: int) -> tuple[int, int]:
        """The remaining length at `at`, known to be of more than one byte, and the place after it."""
        second = data[at + 1]
        if second < 128:
            return data[at] - 128 | second << 7, at + 2
        return read_varint(data, at) or (MAX_LENGTH, at)

    def _packet(self, data: bytes, at: int) -> tuple[Packet | None, int | None]:
        """The packet at `at` and the place after it, None where it is not whole yet; or begin to skip it."""
        head = read_varint(data, at + 1)
        if head is None:
            self._need = len(data) - at + 1
            return None, None
        length, body = head
        stop = body + length
        is_publish = data[at] >> 4 == Kind.PUBLISH
        if is_publish and stop - at > self._max_packet:
            self._oversize = Oversize(data[at], length=length, size=stop - at)
            return None, body
        if not is_publish and length > _CONTROL_LIMIT:
            raise ProtocolError(f"a packet of type {data[at] >> 4} with {length} bytes", reason=0x95)
        if stop > len(data):
            self._need = stop - at
            return None, None
        if is_publish:
            raise ProtocolError("a PUBLISH without a topic")
        return Packet(data[at] >> 4, data[at] & 15, data[body:stop]), stop

    def _skip(self, oversize: Oversize, data: bytes, at: int, now_ns: int) -> tuple[int, OversizedHead | None]:
        at = oversize.take(data, at)
        if not oversize.done:
            return at, None
        self._oversize = None
        topic, packet_id, properties, head = oversize.parts(self._version)
        if properties:
            topic = self._resolve(properties, topic)
        return at, OversizedHead(topic, head, oversize.size, now_ns, oversize.flags, packet_id)

    def _topic(self, raw: bytes) -> str:
        """The topic as text, remembered. What a lax broker let through (not UTF-8) is readable but loses nothing."""
        if not raw and not self._v5:
            raise ProtocolError("a PUBLISH without a topic")
        topic = lenient_text(raw)
        if raw and len(raw) <= _CACHED_TOPIC_BYTES:
            if len(self._topics) >= _CACHED_TOPICS:
                self._topics.clear()
            self._topics[raw] = topic
        return topic

    def _properties(self, packet: bytes, at: int, topic: str) -> tuple[bytes, str, int]:
        """The properties at `at`, the topic with its alias resolved or learnt, and the place of the payload."""
        block, after = split_properties(packet, at)
        return block, self._resolve(block, topic), after

    def _resolve(self, block: bytes, topic: str) -> str:
        alias = 0
        if Property.TOPIC_ALIAS in block:  # a byte like it may be elsewhere, but without it there is none
            alias = next((int(value) for name, value in read_properties(block) if name == Property.TOPIC_ALIAS), 0)
        if alias > self._alias_maximum:
            raise ProtocolError(f"topic alias {alias} is over our maximum", reason=0x94)
        if not topic:
            if alias not in self._aliases:
                raise ProtocolError("a PUBLISH without a topic or a known alias", reason=0x82)
            return self._aliases[alias]
        if alias:
            self._aliases[alias] = topic
        return topic
