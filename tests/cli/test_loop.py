"""How commands that take a while run."""

import asyncio
import os
import signal

import pytest
import uvloop

from ingestor.cli.loop import run_in_loop, stop_on_signals


def test_the_faster_loop_is_used() -> None:
    """Where uvloop is installed, it runs the command, and the command's result comes back."""

    async def main() -> type[asyncio.AbstractEventLoop]:
        return type(asyncio.get_running_loop())

    assert run_in_loop(main()) is uvloop.Loop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_and_the_second_is_as_it_was(number: signal.Signals) -> None:
    """A person who asks twice does not want to wait: the second Ctrl-C is not ours any more."""

    async def main() -> bool:
        stop = asyncio.Event()
        stop_on_signals(stop.set)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await stop.wait()
        loop = asyncio.get_running_loop()
        return loop.remove_signal_handler(number)

    before = signal.getsignal(number)
    try:
        still_handled = run_in_loop(main())
    finally:
        signal.signal(number, before)

    assert not still_handled
