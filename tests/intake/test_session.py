"""The state machine of one connection."""

from collections.abc import Sequence
from typing import TypeVar

import mqtt5
import pytest

from ingestor.errors import BrokerError, BrokerRefusedError, BrokerUnavailableError
from ingestor.intake.idorder import IdOrder
from ingestor.intake.incoming import Publishes
from ingestor.intake.outgoing import ACK, PINGREQ, Hello
from ingestor.intake.replies import Connack
from ingestor.intake.session import (
    Event,
    Failed,
    NoConnackError,
    Session,
    SessionTakenOverError,
    Subscribed,
    VersionRefusedError,
)
from ingestor.intake.wire import ProtocolError, Version
from tests.intake.oracles import read_mqtt5
from tests.intake.packets import PINGRESP, connack, publish, suback

KEEP_ALIVE = 20
Kind = TypeVar("Kind", bound=BrokerError)


class Talk:
    """A session and a broker that says what the test says."""

    def __init__(self, version: Version = Version.V5, *, keep_alive: int = KEEP_ALIVE) -> None:
        self.order = IdOrder()
        self.version = version
        self.session = Session(
            Hello("me", keep_alive_secs=keep_alive), version, max_packet=10_000, order=self.order, connack_secs=5
        )
        self.session.open(0.0)
        self.connect = self.session.take_output()

    def hear(self, data: bytes, *, now: float = 0.0) -> Sequence[Event]:
        """What comes of it when the broker says this."""
        return self.session.receive(data, now=now, first_ns=1)

    def welcome(self, properties: bytes = b"") -> "Talk":
        """Let the broker accept us."""
        self.hear(connack(self.version, properties=properties))
        return self


def failure(events: Sequence[Event], kind: type[Kind]) -> Kind:
    """The error that ended the connection."""
    [event] = events
    assert isinstance(event, Failed)
    assert type(event.error) is kind
    return event.error


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("present", [True, False])
def test_a_broker_accepts_us(version: Version, *, present: bool) -> None:
    """After CONNACK it is known whether the broker had our session."""
    talk = Talk(version)
    [event] = talk.hear(connack(version, present=present))

    assert isinstance(event, Connack)
    assert event.session_present is present


@pytest.mark.parametrize(
    ("version", "code", "kind", "words"),
    [
        (Version.V5, 0x86, BrokerRefusedError, "bad user name or password"),
        (Version.V311, 4, BrokerRefusedError, "bad user name or password"),
        (Version.V5, 0x87, BrokerRefusedError, "not authorized"),
        (Version.V311, 5, BrokerRefusedError, "not authorized"),
        (Version.V5, 0x85, BrokerRefusedError, "client identifier not valid"),
        (Version.V311, 2, BrokerRefusedError, "client identifier not valid"),
        (Version.V5, 0x88, BrokerUnavailableError, "server unavailable"),
        (Version.V311, 3, BrokerUnavailableError, "server unavailable"),
        (Version.V5, 0x9F, BrokerUnavailableError, "connection rate exceeded"),
        (Version.V5, 0x84, VersionRefusedError, r"unsupported protocol version \(MQTT 5\)"),
        (Version.V311, 1, VersionRefusedError, r"unsupported protocol version \(MQTT 3.1.1\)"),
    ],
)
def test_a_refusal_is_told_in_words(version: Version, code: int, kind: type[BrokerError], words: str) -> None:
    """Each refusal says why, and whether trying again may help."""
    with pytest.raises(kind, match=words):
        raise failure(Talk(version).hear(connack(version, code=code)), kind)


def test_an_answer_in_the_old_version_refuses_the_new_one() -> None:
    """A broker that knows only 3.1.1 answers MQTT 5 in its own way."""
    failure(Talk().hear(b"\x20\x02\x00\x01"), VersionRefusedError)


def test_silence_after_connect_ends_in_time() -> None:
    """A broker that does not answer CONNECT is given up after the limit, and not before."""
    talk = Talk()
    left = talk.session.tick(3.0, paused=False)

    assert left == 2.0
    with pytest.raises(NoConnackError, match="5 s"):
        talk.session.tick(5.0, paused=False)


@pytest.mark.parametrize("version", Version)
def test_subscribes_and_hears_of_all_filters_at_once(version: Version) -> None:
    """Twenty filters go in packets of eight, and one event tells that all are answered."""
    talk = Talk(version).welcome()
    talk.session.subscribe([f"t/{number}" for number in range(20)], 0.0)
    before = [talk.hear(suback(version, number, b"\x01" * size)) for number, size in ((1, 8), (3, 4))]

    assert before == [[], []]
    assert talk.hear(suback(version, 2, b"\x01" * 8)) == [Subscribed()]


def test_a_refused_filter_is_told_in_words() -> None:
    """The event names each filter that was refused, with the reason, and those without a promise."""
    talk = Talk().welcome()
    talk.session.subscribe(["a", "b", "c"], 0.0)
    [event] = talk.hear(suback(Version.V5, 1, b"\x01\x87\x00"))

    assert event == Subscribed(("subscription to b refused: not authorized",), ("c",))


def test_a_refused_filter_of_311_is_told_in_words() -> None:
    """MQTT 3.1.1 gives no reason, but the filter is named."""
    talk = Talk(Version.V311).welcome()
    talk.session.subscribe(["a"], 0.0)

    assert talk.hear(suback(Version.V311, 1, b"\x80")) == [Subscribed(("subscription to a refused: not allowed",))]


def test_asking_again_forgets_earlier_refusals() -> None:
    """A filter that is granted at last is no refusal any more."""
    talk = Talk().welcome()
    talk.session.subscribe(["a"], 0.0)
    talk.hear(suback(Version.V5, 1, b"\x87"))
    talk.session.subscribe(["a"], 0.0)

    assert talk.hear(suback(Version.V5, 2, b"\x01")) == [Subscribed()]


@pytest.mark.parametrize("codes", [b"", b"\x01\x01"])
def test_an_answer_that_does_not_fit_is_a_protocol_error(codes: bytes) -> None:
    """A SUBACK has a code for each filter, no more and no fewer."""
    talk = Talk().welcome()
    talk.session.subscribe(["a"], 0.0)

    failure(talk.hear(suback(Version.V5, 1, codes)), ProtocolError)


def test_gives_up_filters() -> None:
    """UNSUBSCRIBE names them; its answer is no news."""
    talk = Talk().welcome()
    talk.session.unsubscribe(["a", "b"], 0.0)
    [packet] = read_mqtt5(talk.session.take_output())

    assert packet.patterns == ["a", "b"]
    assert talk.hear(b"\xb0\x05\x00\x01\x00\x00\x11") == []


def test_messages_and_their_acknowledgements() -> None:
    """Messages come out as they came; what is acknowledged goes out in one piece."""
    talk = Talk().welcome()
    [run] = talk.hear(publish("a", b"1", packet_id=1, flags=2) + publish("a", b"2", packet_id=2, flags=2))
    talk.order.connected(session_present=False)
    talk.session.acknowledge(run.acks if isinstance(run, Publishes) else (), 0.0)

    assert isinstance(run, Publishes)
    assert [message.payload for message in run.messages] == [b"1", b"2"]
    assert talk.session.take_output() == b"\x40\x02\x00\x01\x40\x02\x00\x02" + PINGREQ


def test_learns_that_ids_count_up() -> None:
    """The first acknowledgement is followed by a ping, and its answer by the proof."""
    talk = Talk().welcome()
    talk.hear(publish("a", b"1", packet_id=1, flags=2))
    talk.session.acknowledge([ACK | 1], 0.0)
    talk.hear(PINGRESP)
    before = talk.session.ids_in_sequence
    talk.hear(publish("a", b"0") + publish("a", b"1", packet_id=2, flags=2))

    assert (before, talk.session.ids_in_sequence) == (False, True)


def test_a_message_of_qos_0_does_not_hide_a_reused_id() -> None:
    """The first message after the answer that has an id counts, wherever in the read it stands."""
    talk = Talk().welcome()
    talk.hear(publish("a", b"1", packet_id=1, flags=2))
    talk.session.acknowledge([ACK | 1], 0.0)
    talk.hear(PINGRESP + publish("a", b"0") + publish("a", b"1", packet_id=1, flags=2))
    talk.hear(publish("a", b"1", packet_id=2, flags=2))

    assert not talk.session.ids_in_sequence


def test_qos_2_is_completed() -> None:
    """PUBREL is answered with PUBCOMP, also of a message that we do not know any more."""
    talk = Talk().welcome()
    talk.session.take_output()
    talk.hear(b"\x62\x02\x00\x09")

    assert talk.session.take_output() == b"\x70\x02\x00\x09"


def test_pings_after_half_the_keep_alive_of_silence() -> None:
    """A quiet connection is pinged once, and the answer starts over."""
    talk = Talk().welcome()
    talk.session.take_output()
    wait = talk.session.tick(9.0, paused=False)
    early = talk.session.take_output()
    talk.session.tick(10.0, paused=False)
    ping = talk.session.take_output()
    talk.session.tick(10.1, paused=False)

    assert (wait, early, ping, talk.session.take_output()) == (1.0, b"", PINGREQ, b"")
    talk.hear(PINGRESP, now=10.2)
    assert talk.session.tick(11.0, paused=False) <= 9.2


def test_silence_of_one_and_a_half_keep_alives_is_the_end() -> None:
    """A connection on which nothing comes is dead at 1.5 times the keep-alive, and the wait ends just then."""
    talk = Talk().welcome()
    now = 0.0
    while now < 29.9:
        now += talk.session.tick(now, paused=False)

    assert now == pytest.approx(30.0)
    with pytest.raises(BrokerUnavailableError, match="silent for 30 s"):
        talk.session.tick(now, paused=False)


def test_a_pause_of_ours_is_not_a_silence_of_the_broker() -> None:
    """While we do not read, pings go out and nothing is said of the broker; then its time starts anew."""
    talk = Talk().welcome()
    talk.session.take_output()
    now, pings = 0.0, 0
    while now < 200:
        now += talk.session.tick(now, paused=True)
        pings += len(talk.session.take_output()) // len(PINGREQ)
    talk.session.resumed(now)

    assert pings >= 200 / KEEP_ALIVE
    assert talk.session.tick(now + 29.0, paused=False) <= 1.0


def test_the_broker_may_set_the_keep_alive() -> None:
    """Server keep alive goes before ours."""
    talk = Talk().welcome(b"\x13\x00\x04")
    talk.session.take_output()
    talk.session.tick(2.0, paused=False)

    assert talk.session.take_output() == PINGREQ
    with pytest.raises(BrokerUnavailableError):
        talk.session.tick(6.0, paused=False)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (0x8E, SessionTakenOverError, "another client uses the same client id"),
        (0x8B, BrokerUnavailableError, "server shutting down"),
        (0x87, BrokerRefusedError, "not authorized"),
        (0x00, BrokerUnavailableError, "ended the connection"),
    ],
)
def test_the_brokers_goodbye_is_told_in_words(code: int, kind: type[BrokerError], words: str) -> None:
    """DISCONNECT says why, and whether coming back may help."""
    packet = b"\xe0\x01" + bytes((code,))
    with pytest.raises(kind, match=words):
        raise failure(Talk().welcome().hear(packet), kind)


def test_a_goodbye_may_come_in_place_of_a_welcome() -> None:
    """A broker may say DISCONNECT before CONNACK."""
    failure(Talk().hear(b"\xe0\x01\x89"), BrokerUnavailableError)


@pytest.mark.parametrize(
    "data",
    [
        b"\xf0\x02\x19\x00",
        b"\x20\x03\x00\x00\x00",
        b"\x40\x02\x00\x01",
        b"\x10\x00",
        b"\x90\x04\x00\x09\x00\x01",
        b"\x00\x00",
        b"\x62\x00",
    ],
    ids=["AUTH", "CONNACK", "PUBACK", "CONNECT", "SUBACK", "zero", "PUBREL"],
)
def test_packets_that_nobody_asked_for_end_the_connection(data: bytes) -> None:
    """They are protocol errors, and the broker is told so."""
    talk = Talk().welcome()
    talk.session.take_output()
    error = failure(talk.hear(data), ProtocolError)
    [goodbye] = read_mqtt5(talk.session.take_output())

    assert isinstance(goodbye, mqtt5.DisconnectPacket)
    assert int(goodbye.reason_code) == error.reason


@pytest.mark.parametrize("data", [publish("a", b"1"), PINGRESP, b"\x90\x04\x00\x01\x00\x01"])
def test_nothing_may_come_before_the_welcome(data: bytes) -> None:
    """The first packet is CONNACK."""
    failure(Talk().hear(data), ProtocolError)


def test_what_came_before_the_end_is_kept() -> None:
    """Messages of the same read as the broker's goodbye come out first."""
    run, end = Talk().welcome().hear(publish("a", b"1") + b"\xe0\x01\x8b")

    assert isinstance(run, Publishes)
    assert isinstance(end, Failed)
