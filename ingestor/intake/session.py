"""One MQTT connection as a state machine: bytes and time in, events and bytes out. Pure.

The shell (`link`) feeds it what comes from the socket, sends what `take_output` gives, and calls `tick` when it asks
to be called. A session that has failed gives a `Failed` event, or raises from `tick`, and is of no more use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingestor.errors import BrokerError, BrokerRefusedError, BrokerUnavailableError
from ingestor.intake import outgoing, reasons, replies
from ingestor.intake.idorder import IdOrder
from ingestor.intake.incoming import Packet, Publishes, Scanner
from ingestor.intake.oversize import OversizedHead
from ingestor.intake.replies import Connack
from ingestor.intake.wire import Kind, ProtocolError, Version
from ingestor.ports import DUP

_FILTERS_A_PACKET = 8
"""Some brokers take no more in one SUBSCRIBE."""


class VersionRefusedError(BrokerRefusedError):
    """The broker does not speak this version of MQTT."""


class NoConnackError(BrokerUnavailableError):
    """The broker did not answer CONNECT: it hangs, or does not know this version of MQTT and says nothing."""


class ClosedError(BrokerUnavailableError):
    """The broker closed a connection that it had accepted, and gave no reason."""


class SessionTakenOverError(BrokerRefusedError):
    """Another client connected with our client id, and the broker gave it our session."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Every filter has its answer. `refused` says in words which the broker did not take, and why."""

    refused: tuple[str, ...] = ()
    only_qos_0: tuple[str, ...] = ()


class Failed(NamedTuple):
    """The connection is over, and this is why."""

    error: BrokerError


Event = Connack | Subscribed | Publishes | OversizedHead | Failed


class Session:
    """One connection, from CONNECT to its end.

    Args:
        hello: What CONNECT says.
        version: The version of MQTT to speak.
        max_packet: Larger messages are skipped, but for their head; in bytes.
        order: Learns whether the broker's packet ids count up.
        connack_secs: So long we wait for the answer to CONNECT.
    """

    def __init__(
        self, hello: outgoing.Hello, version: Version, *, max_packet: int, order: IdOrder, connack_secs: float = 10.0
    ) -> None:
        self.version = version
        self._hello = hello
        self._order = order
        self._connack_secs = connack_secs
        self._keep_alive_secs = float(hello.keep_alive_secs)
        self._scanner = Scanner(version, max_packet=max_packet, alias_maximum=hello.alias_maximum)
        self._out = bytearray()
        self._connected = False
        self._last_in = self._last_out = 0.0
        self._pinging = False
        self._packet_id = 0
        self._asked: dict[int, Sequence[str]] = {}
        self._leaving: set[int] = set()
        self._refused: list[str] = []
        self._only_qos_0: list[str] = []

    @property
    def ids_in_sequence(self) -> bool:
        """Whether it is proven that the broker's packet ids count up in this session."""
        return self._order.proven

    def open(self, now: float) -> None:
        """Send CONNECT. `now` is a monotonic clock in seconds, here and below."""
        self._last_in = now
        self._send(outgoing.connect(self._hello, self.version), now)

    def subscribe(self, filters: Sequence[str], now: float) -> None:
        """Ask for these filters at QoS 1; a `Subscribed` event follows when all have their answer."""
        self._refused.clear()
        self._only_qos_0.clear()
        for at in range(0, len(filters), _FILTERS_A_PACKET):
            some = filters[at : at + _FILTERS_A_PACKET]
            self._asked[self._next_id()] = some
            self._send(outgoing.subscribe(self._packet_id, some, self.version), now)

    def unsubscribe(self, filters: Sequence[str], now: float) -> None:
        """Give up these filters. Nothing follows: a broker that does not know one of them has nothing to do."""
        for at in range(0, len(filters), _FILTERS_A_PACKET):
            self._leaving.add(self._next_id())
            self._send(outgoing.unsubscribe(self._packet_id, filters[at : at + _FILTERS_A_PACKET], self.version), now)

    def acknowledge(self, acks: Sequence[int], now: float) -> None:
        """Send these acknowledgements (see `outgoing.acks`), as one write."""
        if acks:
            self._send(outgoing.acks(acks), now)
            self._order.acknowledged(acks[-1] & 0xFFFF)
            if self._order.wants_ping and not self._pinging:
                self._ping(now)

    def disconnect(self, now: float) -> None:
        """Say goodbye; the broker keeps our session for as long as CONNECT said."""
        self._send(outgoing.disconnect(self.version), now)

    def forget(self, now: float) -> None:
        """Say goodbye for good: the broker does not keep our session."""
        self._send(outgoing.forget(self.version), now)

    def take_output(self) -> bytes:
        """What has to be written to the socket now; empty when nothing has."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def resumed(self, now: float) -> None:
        """The socket is read again after a pause: only from now on is silence the broker's."""
        self._last_in = now

    def tick(self, now: float, *, paused: bool) -> float:
        """Send a PINGREQ if one is due.

        Args:
            now: The time.
            paused: The socket is not read at the moment, so nothing can be said of the broker.

        Returns:
            After how many seconds at the latest it wants to be called again.

        Raises:
            BrokerUnavailableError: Nothing came for one and a half times the keep-alive, or no CONNACK in time.
        """
        if not self._connected:
            left = self._last_out + self._connack_secs - now
            if left <= 0:
                raise NoConnackError(f"no answer to CONNECT within {self._connack_secs:g} s")
            return left
        half = self._keep_alive_secs / 2
        if not paused and now - self._last_in >= 3 * half:
            raise BrokerUnavailableError(f"the broker was silent for {3 * half:g} s, 1.5 times the keep-alive")
        if now - self._last_out >= half or (not paused and not self._pinging and now - self._last_in >= half):
            self._ping(now)
        due = [self._last_out + half]
        if not paused:
            due += [self._last_in + (3 * half if self._pinging else half)]
        return max(min(due) - now, 0.001)

    def receive(self, data: bytes, *, now: float, first_ns: int) -> list[Event]:
        """What the bytes from the socket mean, in order. The time of receipt of its first message is `first_ns`."""
        self._last_in = now
        events: list[Event] = []
        try:
            for item in self._scanner.feed(data, first_ns):
                if isinstance(item, Packet):
                    event = self._control(item, now)
                    if event is not None:
                        events.append(event)
                elif not self._connected:
                    raise ProtocolError("a message before CONNACK")
                else:
                    if isinstance(item, Publishes):
                        self._watch(item)
                    events.append(item)
        except BrokerError as error:
            if isinstance(error, ProtocolError):
                self._send(outgoing.disconnect(self.version, reason=error.reason), now)
            events.append(Failed(error))
        return events

    def _watch(self, publishes: Publishes) -> None:
        """Tell of the first message of the run that has a packet id and was not sent before."""
        if publishes.acks:
            first = next((one.packet_id for one in publishes.messages if one.packet_id and not one.flags & DUP), 0)
            if first:
                self._order.received(first)

    def _control(self, packet: Packet, now: float) -> Event | None:
        if not self._connected:
            return self._welcome(packet)
        match packet.kind:
            case Kind.PINGRESP:
                self._pinging = False
                self._order.answered()
            case Kind.SUBACK:
                return self._granted(replies.suback(packet.body, self.version))
            case Kind.UNSUBACK:
                self._leaving.discard(replies.suback(packet.body, self.version).packet_id)
            case Kind.PUBREL if len(packet.body) >= 2:
                self._send(outgoing.release_done(int.from_bytes(packet.body[:2], "big")), now)
            case Kind.DISCONNECT if self.version is Version.V5:
                raise _ended(replies.farewell(packet.body))
            case _:
                raise ProtocolError(f"a packet of type {packet.kind} that nobody asked for", reason=0x82)
        return None

    def _welcome(self, packet: Packet) -> Connack:
        if packet.kind == Kind.DISCONNECT and self.version is Version.V5:
            raise _ended(replies.farewell(packet.body))
        if packet.kind != Kind.CONNACK:
            raise ProtocolError(f"a packet of type {packet.kind} before CONNACK", reason=0x82)
        answer = replies.connack(packet.body, self.version)
        if answer.code:
            raise _refused(answer, self.version)
        self._connected = True
        if answer.keep_alive_secs:
            self._keep_alive_secs = float(answer.keep_alive_secs)
        self._order.connected(session_present=answer.session_present)
        return answer

    def _granted(self, answer: replies.Granted) -> Subscribed | None:
        filters = self._asked.pop(answer.packet_id, None)
        if filters is None or len(filters) != len(answer.codes):
            raise ProtocolError("a SUBACK that answers no SUBSCRIBE of ours", reason=0x82)
        for name, code in zip(filters, answer.codes, strict=True):
            if code >= 0x80:
                words = reasons.in_words(code, answer.detail) if self.version is Version.V5 else "not allowed"
                self._refused.append(f"subscription to {name} refused: {words}")
            elif code == 0:
                self._only_qos_0.append(name)
        return None if self._asked else Subscribed(tuple(self._refused), tuple(self._only_qos_0))

    def _ping(self, now: float) -> None:
        self._pinging = True
        self._order.pinged()
        self._send(outgoing.PINGREQ, now)

    def _send(self, data: bytes, now: float) -> None:
        self._last_out = now
        self._out += data

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id


def _refused(answer: Connack, version: Version) -> BrokerError:
    words = f"the broker refused the connection: {reasons.in_words(answer.code, answer.detail)}"
    if answer.code == reasons.UNSUPPORTED_VERSION:
        return VersionRefusedError(f"{words} (MQTT {version})")
    return BrokerUnavailableError(words) if reasons.passes(answer.code) else BrokerRefusedError(words)


def _ended(farewell: replies.Farewell) -> BrokerError:
    words = f"the broker ended the connection: {reasons.in_words(farewell.code, farewell.detail)}"
    if farewell.code == reasons.TAKEN_OVER:
        return SessionTakenOverError(words)
    passes = reasons.passes(farewell.code) or farewell.code < 0x80
    return BrokerUnavailableError(words) if passes else BrokerRefusedError(words)
