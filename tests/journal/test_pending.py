"""Putting groups together."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.journal.frame import weigh
from ingestor.journal.pending import Pending
from tests.journal.support import messages, number
from tests.support import run


@given(sizes=st.lists(st.integers(1, 30), max_size=20), max_bytes=st.integers(1, 8000))
def test_groups_keep_order_and_bounds(sizes: list[int], max_bytes: int) -> None:
    """All messages come out once, in order, in groups within the bound; each future is in the group that ends it."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pending = Pending()
        futures = [loop.create_future() for _ in sizes]
        start = 0
        for size, future in zip(sizes, futures, strict=True):
            pending.add(messages(size, start=start), now=float(start), done=future)
            start += size
        taken: list[int] = []
        done: list[asyncio.Future[None]] = []
        while pending.count:
            batch = pending.take(max_bytes=max_bytes)
            assert batch.weight == weigh(batch.messages)
            assert batch.weight <= max_bytes or len(batch.messages) == 1
            taken += [number(message) for message in batch.messages]
            done += batch.done
            assert len(done) == sum(sum(sizes[: at + 1]) <= len(taken) for at in range(len(sizes)))

        assert taken == list(range(start))
        assert done == futures
        assert (pending.weight, pending.since) == (0, None)

    run(main())


def test_the_oldest_message_tells_the_age() -> None:
    """A group is due counted from its first message."""

    async def main() -> tuple[float | None, float | None]:
        pending = Pending()
        for now in (3.0, 5.0):
            pending.add(messages(1), now=now, done=asyncio.get_running_loop().create_future())
        before = pending.since
        pending.take(max_bytes=1)
        return before, pending.since

    assert run(main()) == (3.0, 5.0)


def test_those_who_no_longer_wait_are_passed_over() -> None:
    """A future that its owner cancelled does not disturb the others."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        pending = Pending()
        futures = [loop.create_future() for _ in range(3)]
        for future in futures:
            pending.add(messages(1), now=0, done=future)
        futures[1].cancel()
        pending.take(max_bytes=10_000).settle()
        return ["cancelled" if future.cancelled() else "done" for future in futures if future.done()]

    assert run(main()) == ["done", "cancelled", "done"]


@pytest.mark.parametrize("error", [None, RuntimeError("a fault of the code")])
def test_giving_up_ends_the_waiting(error: RuntimeError | None) -> None:
    """What is not going to be written is cancelled, or fails with the error that prevents it."""

    async def main() -> BaseException | None:
        pending = Pending()
        future = asyncio.get_running_loop().create_future()
        pending.add(messages(1), now=0, done=future)
        pending.take(max_bytes=10_000).give_up(error)
        return None if future.cancelled() else future.exception()

    assert run(main()) is error
