"""What tests share: running coroutines with a limit, waiting for a condition, free ports, servers.

Tests never sleep to wait for something: they say what must become true, and by when at the latest.
"""

import asyncio
import inspect
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

Result = TypeVar("Result")

LOOPS = ("asyncio", "uvloop")
"""For `@pytest.mark.parametrize("loop", LOOPS)`, where a test has to hold on both event loops."""

ROOT = Path(__file__).parents[1]
"""The folder of the project."""

_POLL_SECS = 0.005


def run(main: Coroutine[Any, Any, Result], *, timeout_secs: float = 30.0, loop: str = "asyncio") -> Result:
    """What the coroutine returns, run in an event loop of its own.

    Raises:
        TimeoutError: It took longer than `timeout_secs`.
    """
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(debug=False, loop_factory=factory) as runner:
        return runner.run(_limited(main, timeout_secs=timeout_secs))


async def _limited(main: Coroutine[Any, Any, Result], *, timeout_secs: float) -> Result:
    async with asyncio.timeout(timeout_secs):
        return await main


def eventually(condition: Callable[[], Result], *, deadline_secs: float = 10.0) -> Result:
    """The first true value of `condition`, asked again and again; blocks.

    Raises:
        AssertionError: It was still false at the deadline.
    """
    end = time.monotonic() + deadline_secs
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(_too_late(condition, deadline_secs))
        time.sleep(_POLL_SECS)
    return value


async def eventually_async(
    condition: Callable[[], Result | Awaitable[Result]], *, deadline_secs: float = 10.0
) -> Result:
    """The first true value of `condition` (a function or a coroutine function) while the loop goes on.

    Raises:
        AssertionError: It was still false at the deadline.
    """
    end = time.monotonic() + deadline_secs
    while True:
        answer = condition()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(_too_late(condition, deadline_secs))
        await asyncio.sleep(_POLL_SECS)


def _too_late(condition: Callable[[], object], deadline_secs: float) -> str:
    try:
        said = inspect.getsource(condition).strip()
    except (OSError, TypeError):
        said = repr(condition)
    return f"not true within {deadline_secs:g} s: {said}"


def free_port() -> int:
    """A TCP port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def mosquitto() -> str:
    """The path of the mosquitto broker; without it the test is skipped, and fails in CI."""
    found = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if found is None and os.environ.get("CI"):
        pytest.fail("mosquitto is not installed, and CI skips nothing: apt-get install mosquitto")
    if found is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    return found


def influxd(version: str) -> str:
    """The path of an InfluxDB server ("2" or "1"), or of its command ("cli"), as scripts/influxd finds it, unbuilt.

    Where there is none, the test is skipped, and fails in CI: scripts/test builds it before.
    """
    found = subprocess.run([ROOT / "scripts/influxd", version, "--found"], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return found.stdout.strip()
    why = f"no InfluxDB {version} was found ({found.stderr.strip()}); build one with: scripts/influxd {version}"
    if os.environ.get("CI"):
        pytest.fail(f"{why}; CI skips nothing")
    pytest.skip(why)
