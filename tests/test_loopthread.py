"""A thread with an event loop of its own; more is in the tests of the doors that use it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ingestor.loopthread import LoopThread

NAME = "loop-of-the-test"


@asynccontextmanager
async def resource(seen: list[str]) -> AsyncIterator[None]:
    """Notes in which thread it is entered and left."""
    seen.append(threading.current_thread().name)
    try:
        yield
    finally:
        seen.append(threading.current_thread().name)


async def in_which_thread() -> str:
    """The name of the thread."""
    await asyncio.sleep(0)
    return threading.current_thread().name


def test_everything_runs_in_the_thread() -> None:
    """The resource is entered, used and left there; the thread ends with the `with`."""
    seen: list[str] = []
    with LoopThread(resource(seen), name=NAME) as thread:
        assert thread.call(in_which_thread()) == NAME

    assert seen == [NAME, NAME]
    assert NAME not in {thread.name for thread in threading.enumerate()}


def test_what_is_raised_comes_through() -> None:
    """An error of a call leaves the thread as it was."""

    async def fail() -> None:
        raise ValueError("no")

    with LoopThread(resource([]), name=NAME) as thread:
        with pytest.raises(ValueError, match="no"):
            thread.call(fail())
        assert thread.call(in_which_thread()) == NAME


def test_it_has_to_be_open() -> None:
    """Before, after, and a second time at once it says what is wrong, and nothing is left un-awaited."""
    thread = LoopThread(resource([]), name=NAME)
    assert not thread.is_open
    with pytest.raises(RuntimeError, match="is not open"):
        thread.call(in_which_thread())
    with thread, pytest.raises(RuntimeError, match="is open already"):
        thread.__enter__()
    with pytest.raises(RuntimeError, match="is not open"):
        thread.call(in_which_thread())
