"""The order of acknowledgements."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ingestor.intake.acks import AckQueue


@given(st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=1, max_size=10), st.randoms())
def test_acknowledgements_keep_the_order_of_receipt(owed: list[list[int]], chance: Random) -> None:
    """In whatever order messages become durable, they are acknowledged in the order in which they came."""
    queue = AckQueue()
    shares = [queue.owe(acks) for acks in owed]
    chance.shuffle(shares)
    sent: list[int] = []
    for share in shares:
        share.done = True
        sent += queue.take()

    assert sent == [ack for acks in owed for ack in acks]
    assert len(queue) == 0


def test_nothing_goes_out_before_what_came_first() -> None:
    """What is durable early waits for what came before it."""
    queue = AckQueue()
    first, second = queue.owe([1]), queue.owe([2])
    second.done = True
    before = list(queue.take())
    first.done = True

    assert before == []
    assert list(queue.take()) == [1, 2]
