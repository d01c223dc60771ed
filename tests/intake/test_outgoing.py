"""The packets that we send, held against other implementations."""

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.intake import outgoing
from ingestor.intake.outgoing import ACK, RECEIVED, Hello
from ingestor.intake.wire import Version
from tests.intake.oracles import IDS, TOPICS, PahoWire, read_mqtt5

WORD = "word"
NOT_DUP = False
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@given(client_id=NAMES, username=st.none() | NAMES, keep_alive=st.integers(1, 65_535))
def test_connect_of_mqtt_5_is_understood(client_id: str, username: str | None, keep_alive: int) -> None:
    """CONNECT says who we are, that the session is to be kept, and no maximum packet size."""
    hello = Hello(client_id, keep_alive_secs=keep_alive, username=username, password=WORD if username else None)
    [read] = read_mqtt5(outgoing.connect(hello, Version.V5))

    assert isinstance(read, mqtt5.ConnectPacket)
    assert (read.client_id, read.username, read.keep_alive) == (client_id, username, keep_alive)
    assert read.password == (WORD.encode() if username else None)
    assert (read.clean_start, read.session_expiry_interval) == (False, 604_800)
    assert (read.receive_max, read.topic_alias_max, read.max_packet_size) == (8_192, 64, None)


@given(client_id=NAMES, username=NAMES, keep_alive=st.integers(1, 65_535))
def test_connect_of_311_is_the_same_as_paho_sends(client_id: str, username: str, keep_alive: int) -> None:
    """CONNECT of MQTT 3.1.1 has the very bytes of another client."""
    theirs = PahoWire(client_id, username=username, password=WORD).sent("_send_connect", keep_alive)
    hello = Hello(client_id, keep_alive_secs=keep_alive, username=username, password=WORD)

    assert outgoing.connect(hello, Version.V311) == theirs


@given(st.lists(TOPICS, min_size=1, max_size=8))
def test_subscribe_of_mqtt_5_is_understood(filters: list[str]) -> None:
    """SUBSCRIBE asks for QoS 1, and for kept messages only where the subscription is new."""
    [read] = read_mqtt5(outgoing.subscribe(9, filters, Version.V5))

    assert isinstance(read, mqtt5.SubscribePacket)
    assert read.packet_id == 9
    assert [one.pattern for one in read.topic_filters] == filters
    for one in read.topic_filters:
        assert one.max_qos is mqtt5.QoS.AT_LEAST_ONCE
        assert one.retain_handling is mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS
        assert not one.retain_as_published


@given(st.lists(TOPICS, min_size=1, max_size=8))
def test_subscribe_and_unsubscribe_of_311_are_the_same_as_paho_sends(filters: list[str]) -> None:
    """SUBSCRIBE and UNSUBSCRIBE of MQTT 3.1.1 have the very bytes of another client."""
    raw = [name.encode() for name in filters]
    subscribe = PahoWire("a").sent("_send_subscribe", NOT_DUP, [(name, 1) for name in raw])
    unsubscribe = PahoWire("a").sent("_send_unsubscribe", NOT_DUP, raw)

    assert outgoing.subscribe(1, filters, Version.V311) == subscribe
    assert outgoing.unsubscribe(1, filters, Version.V311) == unsubscribe


@given(st.lists(TOPICS, min_size=1, max_size=8))
def test_unsubscribe_of_mqtt_5_is_understood(filters: list[str]) -> None:
    """UNSUBSCRIBE names the filters."""
    [read] = read_mqtt5(outgoing.unsubscribe(7, filters, Version.V5))

    assert isinstance(read, mqtt5.UnsubscribePacket)
    assert (read.packet_id, read.patterns) == (7, filters)


@given(st.lists(IDS, max_size=50))
def test_a_group_of_acknowledgements_is_that_many_packets(ids: list[int]) -> None:
    """One call writes a PUBACK for each id, in order."""
    packets = read_mqtt5(outgoing.acks([ACK | number for number in ids]))

    assert [(type(one), one.packet_id) for one in packets] == [(mqtt5.PubAckPacket, number) for number in ids]


def test_qos_2_is_acknowledged_in_two_steps() -> None:
    """PUBREC and PUBCOMP carry the packet id."""
    received, done = read_mqtt5(outgoing.acks([RECEIVED | 700]) + outgoing.release_done(701))

    assert isinstance(received, mqtt5.PubRecPacket)
    assert received.packet_id == 700
    assert isinstance(done, mqtt5.PubCompPacket)
    assert done.packet_id == 701


def test_ping_and_goodbye() -> None:
    """PINGREQ and DISCONNECT are what they should be; a reason is told under MQTT 5 only."""
    ping, bye, reasoned, forgetting = read_mqtt5(
        outgoing.PINGREQ
        + outgoing.disconnect(Version.V5)
        + outgoing.disconnect(Version.V5, reason=0x82)
        + outgoing.forget(Version.V5)
    )

    assert isinstance(ping, mqtt5.PingReqPacket)
    assert bye.reason_code is mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION
    assert bye.session_expiry_interval is None
    assert reasoned.reason_code is mqtt5.DisconnectReasonCode.PROTOCOL_ERROR
    assert forgetting.session_expiry_interval == 0
    assert outgoing.disconnect(Version.V311, reason=0x82) == outgoing.forget(Version.V311) == b"\xe0\x00"


@pytest.mark.parametrize("version", Version)
def test_a_clean_session_is_asked_for_by_its_bit(version: Version) -> None:
    """The flag after the protocol level tells a clean start."""
    kept = outgoing.connect(Hello("a"), version)
    clean = outgoing.connect(Hello("a", clean=True), version)

    assert [kept[9] & 2, clean[9] & 2] == [0, 2]


def test_a_text_that_is_too_long_is_refused() -> None:
    """A client id of 65,536 bytes cannot be written."""
    with pytest.raises(ValueError, match="65,535"):
        outgoing.connect(Hello("x" * 65_536), Version.V5)


def test_a_password_does_not_show() -> None:
    """What CONNECT will say can be printed without giving the password away."""
    assert WORD not in repr(Hello("a", username="b", password=WORD))
