"""What the broker answers."""

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.intake import replies
from ingestor.intake.replies import Connack, Farewell, Granted
from ingestor.intake.wire import ProtocolError, Version


def body(packet: bytes) -> bytes:
    """A packet without its fixed header, which is short here."""
    return packet[2:] if packet[1] < 128 else packet[3:]


@given(
    present=st.booleans(),
    expiry=st.none() | st.integers(0, 2**32 - 1),
    keep_alive=st.none() | st.integers(0, 65_535),
    receive_max=st.integers(1, 65_535),
    retain=st.booleans(),
    text=st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
def test_reads_the_connack_that_mqtt5_writes(
    *, present: bool, expiry: int | None, keep_alive: int | None, receive_max: int, retain: bool, text: str | None
) -> None:
    """Every fact of a CONNACK comes out as another implementation wrote it."""
    packet = mqtt5.ConnAckPacket(
        session_present=present,
        session_expiry_interval=expiry,
        server_keep_alive=keep_alive,
        receive_max=receive_max,
        retain_available=retain,
        wildcard_subscription_available=not retain,
        shared_subscription_available=retain,
        max_qos=mqtt5.QoS.AT_MOST_ONCE,
        reason_str=text,
        assigned_client_id="somebody",
    )

    assert replies.connack(body(packet.write()), Version.V5) == Connack(
        0,
        text or "",
        session_present=present,
        session_expiry_secs=expiry,
        keep_alive_secs=keep_alive,
        receive_maximum=receive_max,
        maximum_qos=0,
        retain_available=retain,
        wildcards_available=not retain,
        shared_available=retain,
    )


@pytest.mark.parametrize(("code", "means"), [(0, 0), (1, 0x84), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87), (77, 77)])
def test_codes_of_311_are_told_as_those_of_mqtt_5(code: int, means: int) -> None:
    """Both versions' refusals have one meaning."""
    assert replies.connack(bytes((0, code)), Version.V311).code == means


def test_a_broker_that_answers_mqtt_5_in_311_is_understood() -> None:
    """The answer of an old broker to MQTT 5 says: unsupported version."""
    assert replies.connack(b"\x00\x01", Version.V5) == Connack(0x84)


def test_where_to_go_is_told() -> None:
    """A broker that sends us elsewhere names the place."""
    packet = mqtt5.ConnAckPacket(
        reason_code=mqtt5.ConnAckReasonCode.USE_ANOTHER_SERVER, server_reference="other.example:1883"
    )

    assert replies.connack(body(packet.write()), Version.V5).detail == "other.example:1883"


def test_a_session_is_not_present_where_we_are_refused() -> None:
    """A refusal says nothing of a session."""
    assert not replies.connack(b"\x01\x05", Version.V311).session_present


def test_reads_the_suback_that_mqtt5_writes() -> None:
    """Codes and words of a SUBACK come out in order."""
    packet = mqtt5.SubAckPacket(
        5,
        [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, mqtt5.SubAckReasonCode.NOT_AUTHORIZED],
        reason_str="no",
    )

    assert replies.suback(body(packet.write()), Version.V5) == Granted(5, b"\x01\x87", "no")
    assert replies.suback(b"\x00\x05\x01\x80", Version.V311) == Granted(5, b"\x01\x80")


def test_reads_the_disconnect_that_mqtt5_writes() -> None:
    """A broker's goodbye has a code, and words where it says some."""
    packet = mqtt5.DisconnectPacket(
        reason_code=mqtt5.DisconnectReasonCode.SERVER_SHUTTING_DOWN, reason_str="back at noon"
    )

    assert replies.farewell(body(packet.write())) == Farewell(0x8B, "back at noon")
    assert replies.farewell(b"\x8e") == Farewell(0x8E)
    assert replies.farewell(b"") == Farewell(0)


@given(st.binary(max_size=30), st.sampled_from(list(Version)))
def test_any_body_gives_a_reply_or_a_protocol_error(raw: bytes, version: Version) -> None:
    """Whatever a broker answers, no other error comes of it."""
    for read in (replies.connack, replies.suback):
        try:
            reply = read(raw, version)
        except ProtocolError:
            continue

        assert isinstance(reply, Connack | Granted)
