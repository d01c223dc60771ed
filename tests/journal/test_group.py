"""Groups in memory."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.journal.frame import weigh
from ingestor.journal.group import Collector, Group, Tail
from tests.journal.support import messages, number


def _group(first: int, count: int) -> Group:
    batch = messages(count, start=first)
    return Group(first, batch, weigh(batch))


@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=12),
    max_messages=st.integers(1, 60),
    max_bytes=st.integers(1, 12_000),
    data=st.data(),
)
def test_reading_keeps_to_both_bounds(sizes: list[int], max_messages: int, max_bytes: int, data: st.DataObject) -> None:
    """From any position, a chunk holds consecutive messages within its bounds, and at least one."""
    tail = Tail(0, max_bytes=2**30)
    for size in sizes:
        tail.add(_group(tail.end, size))
    position = data.draw(st.integers(0, tail.end - 1))
    chunk = tail.read(position, max_messages=max_messages, max_bytes=max_bytes)
    rest = messages(1, start=chunk.end)

    assert chunk.position == position
    assert [number(message) for message in chunk.messages] == list(range(position, chunk.end))
    assert 1 <= len(chunk.messages) <= max_messages
    assert len(chunk.messages) == 1 or weigh(chunk.messages) <= max_bytes
    assert chunk.end == tail.end or len(chunk.messages) == max_messages or weigh([*chunk.messages, *rest]) > max_bytes


def test_a_group_that_fits_is_handed_on_as_it_is() -> None:
    """A reader that keeps up gets the very list that was appended."""
    tail = Tail(0, max_bytes=2**30)
    group = _group(0, 10)
    tail.add(group)

    assert tail.read(0, max_messages=10, max_bytes=2**20).messages is group.messages


def test_a_collector_that_is_full_says_so() -> None:
    """It asks for the next group only while something of it could fit."""
    collector = Collector(0, max_messages=15, max_bytes=2**20)

    assert collector.add(_group(0, 10))
    assert not collector.add(_group(10, 10))
    assert collector.chunk().end == 15


def test_the_tail_is_bounded() -> None:
    """The oldest groups go when it becomes too heavy, and a group that is too heavy is not kept."""
    weight = _group(0, 10).weight
    tail = Tail(0, max_bytes=2 * weight + 100)
    tail.add(_group(0, 10))
    tail.add(_group(10, 10))
    tail.add(_group(20, 10))

    assert (tail.start, tail.end) == (10, 30)
    tail.add(_group(30, 50))
    assert (tail.start, tail.end) == (80, 80)


def test_what_all_have_read_is_let_go() -> None:
    """Groups that lie wholly before the slowest reader need no memory."""
    tail = Tail(0, max_bytes=2**30)
    tail.add(_group(0, 10))
    tail.add(_group(10, 10))
    tail.forget(19)

    assert (tail.start, tail.end) == (10, 20)


def test_positions_left_out_end_the_tail() -> None:
    """Where positions are left out, what was before is read from files, which know of the gap."""
    tail = Tail(5, max_bytes=2**30)
    tail.add(_group(5, 5))
    tail.add(_group(20, 5))

    assert (tail.start, tail.end) == (20, 25)
