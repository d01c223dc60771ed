"""Taking the bytes of a connection apart."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.intake.incoming import Item, Packet, Publishes, Scanner
from ingestor.intake.outgoing import ACK, RECEIVED
from ingestor.intake.oversize import OversizedHead
from ingestor.intake.wire import ProtocolError, Version, write_text
from ingestor.ports import Message
from tests.intake import parse_cost
from tests.intake.oracles import IDS, PAYLOADS, TOPICS, PahoWire, mqtt5_publishes
from tests.intake.packets import publish

LIMIT = 4096


def scanner(version: Version = Version.V5, *, max_packet: int = LIMIT) -> Scanner:
    """A reader of a new connection."""
    return Scanner(version, max_packet=max_packet, alias_maximum=8)


def feed(reader: Scanner, data: bytes, *, cuts: Iterable[int] = (), first_ns: int = 1) -> list[Item]:
    """Everything that comes out when the bytes come in pieces, cut at these places."""
    items: list[Item] = []
    places = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    for start, stop in pairwise(places):
        items += reader.feed(data[start:stop], first_ns)
    return items


def messages_of(items: Iterable[Item]) -> list[Message]:
    """The messages among them, in order."""
    return [message for item in items if isinstance(item, Publishes) for message in item.messages]


@given(st.lists(mqtt5_publishes(), max_size=8), st.lists(st.integers(1, 4000), max_size=6))
def test_reads_what_mqtt5_writes_wherever_it_is_cut(packets: Sequence[mqtt5.PublishPacket], cuts: list[int]) -> None:
    """Messages of another implementation come out as they went in, however the socket cuts them."""
    messages = messages_of(feed(scanner(), b"".join(packet.write() for packet in packets), cuts=cuts))

    assert [
        (message.topic, message.payload, message.qos, message.packet_id, message.retain, message.flags >> 3)
        for message in messages
    ] == [
        (packet.topic, packet.payload, packet.qos, packet.packet_id or 0, packet.retain, packet.duplicate)
        for packet in packets
    ]


@given(
    st.lists(st.tuples(TOPICS, PAYLOADS, IDS, st.sampled_from([0, 1, 2, 3, 10, 4])), max_size=8),
    st.lists(st.integers(1, 2000), max_size=6),
)
def test_reads_what_paho_reads(sent: list[tuple[str, bytes, int, int]], cuts: list[int]) -> None:
    """Under MQTT 3.1.1 paho and we understand the same of the same bytes."""
    wire = [
        publish(topic, payload, packet_id=number, flags=flags, properties=None)
        for topic, payload, number, flags in sent
    ]
    theirs = PahoWire("a")
    theirs.receive(b"".join(packet for packet, (*_, flags) in zip(wire, sent, strict=True) if not flags & 4))
    messages = messages_of(feed(scanner(Version.V311), b"".join(wire), cuts=cuts))

    assert [
        (one.topic, one.payload, one.qos, one.retain, one.packet_id) for one in messages if one.qos < 2
    ] == theirs.messages
    assert [(one.topic, one.payload, one.packet_id) for one in messages if one.qos == 2] == [
        (topic, payload, number) for topic, payload, number, flags in sent if flags & 4
    ]


@given(st.binary(max_size=300), st.sampled_from(list(Version)), st.lists(st.integers(1, 300), max_size=4))
def test_garbage_ends_in_packets_or_a_protocol_error(data: bytes, version: Version, cuts: list[int]) -> None:
    """Whatever comes, no other error does, and never more messages than bytes allow."""
    reader = scanner(version, max_packet=1024)
    try:
        items = feed(reader, data, cuts=cuts)
    except ProtocolError:
        return

    assert len(messages_of(items)) * 5 <= len(data)


@given(mqtt5_publishes(), st.data())
def test_a_damaged_byte_ends_in_packets_or_a_protocol_error(packet: mqtt5.PublishPacket, data: st.DataObject) -> None:
    """One flipped byte in a valid packet does no more harm than a refused connection."""
    wire = bytearray(packet.write())
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        items = feed(scanner(), bytes(wire) + packet.write())
    except ProtocolError:
        return

    assert all(isinstance(item, Publishes | Packet | OversizedHead) for item in items)


def test_each_message_has_a_time_of_its_own() -> None:
    """Messages of one read, oversized ones among them, count up from the time of the read."""
    reader = scanner()
    big = publish("big", b"x" * LIMIT)
    items = feed(reader, publish("a", b"1") + publish("a", b"1") + big + publish("a", b"1"), first_ns=100)
    head = next(item for item in items if isinstance(item, OversizedHead))

    assert [message.received_ns for message in messages_of(items)] == [100, 101, 103]
    assert head.received_ns == 102


def test_acknowledgements_come_in_order_and_by_qos() -> None:
    """QoS 1 is owed a PUBACK, QoS 2 a PUBREC, QoS 0 nothing."""
    [run] = feed(
        scanner(),
        publish("a", b"", packet_id=5, flags=2) + publish("a", b"") + publish("a", b"", packet_id=6, flags=4),
    )

    assert isinstance(run, Publishes)
    assert run.acks == [ACK | 5, RECEIVED | 6]


def test_control_packets_stand_in_their_place() -> None:
    """A packet between messages comes out between them."""
    items = feed(scanner(), publish("a", b"1") + b"\xd0\x00" + publish("a", b"2"))

    assert [type(item) for item in items] == [Publishes, Packet, Publishes]
    assert items[1] == Packet(13, 0, b"")


def test_properties_are_kept_as_they_came() -> None:
    """The property block is handed on undecoded, without its length."""
    block = b"\x26" + write_text("unit") + write_text("degree # celsius")
    [message] = messages_of(feed(scanner(), publish("a", b"1", properties=block)))

    assert message.properties == block


@given(st.lists(st.tuples(st.integers(1, 8), st.none() | TOPICS), max_size=30))
def test_aliases_stand_for_the_topic_that_they_were_last_given(steps: list[tuple[int, str | None]]) -> None:
    """A topic with an alias defines it, an empty topic uses it, an unknown alias is an error."""
    reader = scanner()
    known: dict[int, str] = {}
    for alias, topic in steps:
        packet = publish(topic or "", b"", properties=b"\x23" + alias.to_bytes(2, "big"))
        if topic is None and alias not in known:
            with pytest.raises(ProtocolError, match="known alias") as caught:
                feed(reader, packet)
            assert caught.value.reason == 0x82
            return
        known[alias] = topic or known[alias]
        [message] = messages_of(feed(reader, packet))

        assert message.topic == known[alias]


def test_an_alias_over_our_maximum_is_an_error() -> None:
    """The broker may not use more aliases than we offered."""
    with pytest.raises(ProtocolError, match="over our maximum") as caught:
        feed(scanner(), publish("a", b"", properties=b"\x23\x00\x09"))

    assert caught.value.reason == 0x94


def test_an_oversized_message_may_define_an_alias() -> None:
    """The alias of a skipped message stands for its topic afterwards."""
    alias = b"\x23\x00\x03"
    items = feed(scanner(), publish("big", b"x" * LIMIT, properties=alias) + publish("", b"1", properties=alias))

    assert [message.topic for message in messages_of(items)] == ["big"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x30\x00", "without a topic"),
        (b"\x30\x03\x00\x01a", "too early"),
        (b"\x30\x05\x00\x09abc" + b"\x00" * 20, "do not fit"),
        (b"\x36\x07\x00\x01a\x00\x01\x00x", "do not fit"),
        (b"\x32\x06\x00\x01a\x00\x00\x00", "do not fit"),
        (b"\x30\x05\x00\x00\x00xx", "without a topic"),
        (b"\x30\x05\x00\x01a\x09x", "over the end"),
        (b"\x30\x06\x00\x01a\x02\x23\x00", "cut short"),
        (b"\x20\xff\xff\xff\xff\x01", "more than four bytes"),
        (b"\x30\xff\xff\xff\xff\x01", "more than four bytes"),
        (b"\x90\x81\x80\x80\x01", "bytes"),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else None,
)
def test_malformed_packets_are_named(data: bytes, words: str) -> None:
    """Each way of being malformed is a protocol error that says what is wrong."""
    with pytest.raises(ProtocolError, match=words):
        feed(scanner(), data)


def test_what_was_good_before_an_error_still_comes_out() -> None:
    """Messages before a malformed packet of the same read are not lost."""
    reader = scanner().feed(publish("a", b"1", packet_id=3, flags=2) + b"\x32\x06\x00\x01a\x00\x00\x00", 1)

    assert next(reader) == Publishes([Message("a", b"1", 1, 2, 3)], [ACK | 3])
    with pytest.raises(ProtocolError):
        next(reader)


def test_a_topic_that_is_not_utf8_is_kept_readable() -> None:
    """A topic that a lax broker let through loses nothing: its bytes show as escapes."""
    [message] = messages_of(feed(scanner(Version.V311), b"\x30\x06\x00\x02\xffa12"))

    assert message.topic == "\\xffa"
    assert message.payload == b"12"


def test_topics_are_shared_and_bounded() -> None:
    """One topic is one string for all its messages; inventing topics does not fill the memory."""
    reader = scanner()
    first, second = messages_of(feed(reader, publish("rack/1", b"1") + publish("rack/1", b"2")))
    feed(reader, b"".join(publish(f"t/{number}", b"") for number in range(20_000)))

    assert first.topic is second.topic
    assert len(reader._topics) <= 8192


def test_an_unfinished_packet_is_all_that_is_held() -> None:
    """Byte by byte, a reader never holds more than the packet that is not whole yet."""
    reader = scanner()
    wire = publish("a", b"x" * 3000) * 3
    held = 0
    for byte in wire:
        feed(reader, bytes((byte,)))
        held = max(held, len(reader._partial))

    assert held < LIMIT


@given(st.integers(LIMIT, 3 * LIMIT), st.lists(st.integers(1, 3 * LIMIT), max_size=5), st.sampled_from([0, 2, 4]))
def test_an_oversized_message_is_skipped_and_its_head_kept(size: int, cuts: list[int], flags: int) -> None:
    """However it is cut, what follows an oversized message is read, and its head holds 1 KiB of payload."""
    payload = bytes(number % 251 for number in range(size))
    wire = publish("big/one", payload, packet_id=9, flags=flags)
    items = feed(scanner(), wire + publish("a", b"1"), cuts=cuts)
    head = next(item for item in items if isinstance(item, OversizedHead))

    assert head == OversizedHead("big/one", payload[:1024], len(wire), 1, flags, 9 if flags else 0)
    assert [message.topic for message in messages_of(items)] == ["a"]


def test_the_limit_is_the_whole_packet() -> None:
    """A packet of exactly the limit is kept, one byte more is not."""
    fits = publish("a", b"x" * (LIMIT - 7))
    over = publish("a", b"x" * (LIMIT - 6))
    items = feed(scanner(), fits + over)

    assert (len(fits), len(over)) == (LIMIT, LIMIT + 1)
    assert [type(item) for item in items] == [Publishes, OversizedHead]


def test_reading_costs_little_more_than_a_codec_in_rust() -> None:
    """Nothing in the hot path has become slow: mqtt5, which makes no messages, is the measure, best of many runs."""
    assert parse_cost.ours_secs(Version.V5) < 4 * parse_cost.mqtt5_secs()
