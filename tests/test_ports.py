"""What the parts hand to each other holds what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Chunk, FieldType, Message, ReceiptClock, Series, type_of_value

DAY_NS = 86_400 * 10**9


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, DAY_NS)), max_size=50), st.integers(0, DAY_NS))
def test_times_of_receipt_only_increase(takes: list[tuple[int, int]], last_ns: int) -> None:
    """However the system's clock jumps, no time is given out twice or before an earlier one."""
    clock, newest = ReceiptClock(last_ns), last_ns
    for count, now_ns in takes:
        first = clock.take(count, now_ns=now_ns)

        assert first > newest
        assert first >= now_ns
        newest = first + count - 1


def test_a_clock_that_is_right_is_followed() -> None:
    """While the system's clock goes forward, the time of receipt is its time."""
    clock = ReceiptClock(5)

    assert clock.take(3, now_ns=100) == 100
    assert clock.take(1, now_ns=200) == 200


@pytest.mark.parametrize(
    ("flags", "qos", "retain"), [(0x00, 0, False), (0x02, 1, False), (0x0B, 1, True), (0x0D, 2, True)]
)
def test_flags_are_those_of_a_publish_packet(flags: int, qos: int, *, retain: bool) -> None:
    """QoS and RETAIN are read from the bits that MQTT gives them."""
    message = Message("a", b"", 1, flags)

    assert message.qos == qos
    assert message.retain == retain


def test_a_chunk_ends_where_the_next_one_begins() -> None:
    """Positions count messages."""
    chunk = Chunk(7, [Message("a", b"", 1), Message("a", b"", 2)])

    assert chunk.end == 9


def test_tags_are_in_order_whatever_order_they_came_in() -> None:
    """Two devices that name their tags differently still write the same series."""
    types = {"temperature": FieldType.FLOAT}
    one = Series("Farm", "climate", {"rack": "1", "bed": "2"}, types=types)
    other = Series("Farm", "climate", {"bed": "2", "rack": "1"}, types=types)

    assert one.tags == other.tags == (("bed", "2"), ("rack", "1"))
    assert repr(one) == "Series('Farm', climate,bed=2,rack=1)"


@pytest.mark.parametrize(("value", "type_"), [(1.0, "float"), (1, "int"), ("a", "text"), (True, "bool")])
def test_a_boolean_is_no_number(value: object, type_: str) -> None:
    """Each kind of value has one type of its own."""
    assert type_of_value[type(value)] == type_
