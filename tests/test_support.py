"""The helpers of the tests keep what they promise."""

import asyncio
import socket

import pytest

from tests import support


@pytest.mark.parametrize("loop", support.LOOPS)
def test_run_uses_the_loop_that_was_asked_for(loop: str) -> None:
    """A coroutine runs in a loop of the named kind and its value comes back."""

    async def main() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert support.run(main(), loop=loop).startswith(loop)


def test_run_ends_what_hangs() -> None:
    """A coroutine that never ends fails its test instead of the whole run."""
    with pytest.raises(TimeoutError):
        support.run(asyncio.Event().wait(), timeout_secs=0.01)


def test_eventually_returns_the_first_true_value() -> None:
    """A condition is asked until it holds."""
    answers = iter([0, None, 7])

    assert support.eventually(lambda: next(answers)) == 7


def test_eventually_says_what_did_not_come_true() -> None:
    """At the deadline the error names the condition."""
    never: list[bool] = []

    with pytest.raises(AssertionError, match=r"any\(never\)"):
        support.eventually(lambda: any(never), deadline_secs=0.01)


def test_eventually_async_takes_functions_and_coroutine_functions() -> None:
    """Both kinds of condition are asked until they hold, while the loop goes on."""

    async def main() -> tuple[bool, bool]:
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon(event.set)

        async def is_set() -> bool:
            return event.is_set()

        return await support.eventually_async(event.is_set), await support.eventually_async(is_set)

    assert support.run(main()) == (True, True)


def test_eventually_async_gives_up_at_the_deadline() -> None:
    """A condition that stays false fails the test."""
    with pytest.raises(AssertionError, match=r"not true within 0\.01 s"):
        support.run(support.eventually_async(lambda: False, deadline_secs=0.01))


def test_a_free_port_can_be_bound() -> None:
    """The port is free at the time of asking."""
    port = support.free_port()

    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
