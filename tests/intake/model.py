"""A model of a broker with one subscriber, byte for byte, for one client at a time."""

from collections import deque
from dataclasses import dataclass, field
from itertools import count

from ingestor.intake.wire import Kind, Property, Version, read_properties, read_varint, split_properties, write_text
from ingestor.ports import DUP, Message
from tests.intake.packets import PINGRESP, connack, publish, suback


@dataclass
class Letter:
    """A message on its way; `number` is its identity, and `packet_id` 0 where it has none yet."""

    number: int
    topic: str
    payload: bytes
    qos: int
    packet_id: int = 0
    sent: bool = False


@dataclass
class ModelBroker:
    """Keeps one session and sends what is published to it.

    Attributes:
        version: What it speaks.
        lowest_free: Whether packet ids are the lowest that is free, or count up.
        window: How many QoS 1 messages it has under way at once.
        last_id: The last packet id that it gave.
        present: Whether it has a session.
        inflight: What it has no acknowledgement for, in the order of sending.
        queue: What waits for room in the window.
        down: Bytes on their way to the client.
    """

    version: Version
    lowest_free: bool = False
    window: int = 20
    last_id: int = 0
    present: bool = False
    inflight: list[Letter] = field(default_factory=list)
    queue: deque[Letter] = field(default_factory=deque)
    down: bytearray = field(default_factory=bytearray)
    _up: bytearray = field(default_factory=bytearray)
    _online: bool = False
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def publish(self, topic: str, payload: bytes, qos: int) -> int | None:
        """Somebody publishes; its number, or None where there is no session to keep or send it for."""
        if not self.present or (qos == 0 and not self._online):
            return None
        letter = Letter(next(self._numbers), topic, payload, qos)
        self.queue.append(letter)
        self._send()
        return letter.number

    def cut(self) -> None:
        """The connection breaks; what was on its way is gone, and with it what has no promise."""
        self._online = False
        self.down.clear()
        self._up.clear()
        self.queue = deque(letter for letter in self.queue if letter.qos)

    def forget(self) -> list[int]:
        """Lose the session with all its messages, whose numbers are returned."""
        self.cut()
        lost = [letter.number for letter in (*self.inflight, *self.queue)]
        self.inflight.clear()
        self.queue.clear()
        self.present = False
        self.last_id = 0
        return lost

    def expire(self) -> int | None:
        """Drop the oldest message that waits, as if its time were over; its number."""
        return self.queue.popleft().number if self.queue else None

    def receive(self, data: bytes) -> None:
        """Read what the client sent."""
        self._up += data
        while (head := read_varint(bytes(self._up), 1)) and len(self._up) >= head[0] + head[1]:
            length, start = head
            kind, body = self._up[0] >> 4, bytes(self._up[start : start + length])
            del self._up[: start + length]
            self._answer(kind, body)

    def _answer(self, kind: int, body: bytes) -> None:
        match kind:
            case Kind.CONNECT:
                self._online = True
                self.down += connack(self.version, present=self.present)
                self.present = True
                for letter in self.inflight:
                    self._put(letter)
                self._send()
            case Kind.SUBSCRIBE:
                self.down += suback(self.version, int.from_bytes(body[:2], "big"), b"\x01")
            case Kind.PINGREQ:
                self.down += PINGRESP
            case Kind.PUBACK:
                number = int.from_bytes(body[:2], "big")
                known = [letter for letter in self.inflight if letter.packet_id == number]
                assert len(known) == 1, f"{number} was acknowledged and is not under way"
                self.inflight.remove(known[0])
                self._send()
            case _:
                assert kind == Kind.DISCONNECT

    def _send(self) -> None:
        """Send what waits, as far as the window has room."""
        while self._online and self.queue and (not self.queue[0].qos or len(self.inflight) < self.window):
            letter = self.queue.popleft()
            if letter.qos:
                letter.packet_id = self._next_id()
                self.inflight.append(letter)
            self._put(letter)

    def _next_id(self) -> int:
        used = {letter.packet_id for letter in self.inflight}
        if self.lowest_free:
            return next(number for number in count(1) if number not in used)
        self.last_id = self.last_id % 65_535 + 1
        return self.last_id

    def _put(self, letter: Letter) -> None:
        flags = letter.qos << 1 | (DUP if letter.sent and letter.qos else 0)
        letter.sent = True
        block = b"\x26" + write_text("number") + write_text(str(letter.number))
        properties = block if self.version is Version.V5 else None
        self.down += publish(
            letter.topic, letter.payload, packet_id=letter.packet_id, flags=flags, properties=properties
        )


def number_of(message: Message) -> int:
    """The identity of a message that came from the model under MQTT 5."""
    return int(str(dict(read_properties(message.properties))[0x26]))


def expiry_of(connect: bytes) -> int:
    """The session expiry that a CONNECT of MQTT 5 asks for."""
    head = read_varint(connect, 1)
    assert head is not None
    block, _ = split_properties(connect, head[1] + 10)
    return int(dict(read_properties(block))[Property.SESSION_EXPIRY])
