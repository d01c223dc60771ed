"""Publishes readings from a device: QoS 1, and again until the broker has them. Needs `aiomqtt` beside pydantic."""

import asyncio
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from sensors.measurement import Measurement

if TYPE_CHECKING:
    import aiomqtt

_log = logging.getLogger(__name__)
_LONGEST_WAIT_SECS: Final = 60.0


class Publisher:
    """Sends readings to one broker as JSON, while the code that measures goes on; use it as an async context manager.

    A reading without a time gets the present one, in nanoseconds since 1970 UTC, under `time`: a route says
    `time: {field: time, unit: ns}`. What cannot be sent waits in memory, in order; a reading that may have arrived
    is sent again, and is the same point then. Leaving waits a moment for what is left, and gives up the rest.

    Args:
        url: Of the broker: `mqtt://host:1883`, or `mqtts://` with TLS.
        topic: Where readings go that are published without a topic of their own.
        username: Of an account at the broker.
        password: The same.
        tls: What certificates to trust, for `mqtts://`; those of the system where it is None.
        waiting: How many readings wait at most while there is no connection; then the oldest is dropped.
        leave_secs: How long leaving waits for the broker.
        retry_secs: How long the first new try waits; each further one twice as long, up to a minute.
        clock: Tells the time in nanoseconds since 1970 UTC.

    Attributes:
        dropped: How many readings were dropped because too many waited.

    Raises:
        ValueError: The URL is none of a broker.
    """

    def __init__(
        self,
        url: str,
        topic: str,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        waiting: int = 10_000,
        leave_secs: float = 5.0,
        retry_secs: float = 1.0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise ValueError(f"{url} is not the address of a broker, like mqtt://broker.local:1883")
        secure = parts.scheme == "mqtts"
        self._host, self._port = parts.hostname, parts.port or (8883 if secure else 1883)
        self._account = (username, password)
        self._tls = (tls or ssl.create_default_context()) if secure else None
        self._topic = topic
        self._most = waiting
        self._leave_secs = leave_secs
        self._retry_secs = retry_secs
        self._clock = clock
        self._queue: deque[tuple[str, bytes]] = deque()
        self._sending: tuple[str, bytes] | None = None  # stays over a new connection
        self._filled, self._emptied = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    async def __aenter__(self) -> Self:
        """Begin to connect; there need be no broker yet.

        Raises:
            ModuleNotFoundError: `aiomqtt` is not installed.
        """
        import aiomqtt  # noqa: F401, PLC0415 - for those who publish

        self._task = asyncio.create_task(self._run(), name=f"publisher {self._host}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task = self._task
        assert task is not None  # noqa: S101 - entered before
        if self.waiting and not task.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), self._leave_secs)
        if self.waiting:
            _log.warning("%d readings were not sent to %s", self.waiting, self._host)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @property
    def waiting(self) -> int:
        """How many readings the broker does not have yet."""
        return len(self._queue) + (self._sending is not None)

    def publish(self, reading: Measurement, topic: str | None = None) -> None:
        """Send a reading as soon as that can be; returns at once.

        Raises:
            RuntimeError: The publisher was not entered.
        """
        if self._task is None:
            raise RuntimeError("enter the publisher first: async with Publisher(...) as publisher")
        if self._task.done():
            self._task.result()  # it never ends, but with an error that nobody expected
        timed = reading if reading.time is not None else reading.model_copy(update={"time": self._clock()})
        if len(self._queue) >= self._most:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append((topic or self._topic, timed.model_dump_json(exclude_none=True).encode()))
        self._emptied.clear()
        self._filled.set()

    async def _run(self) -> None:
        """Keep a connection, and send what waits."""
        import aiomqtt  # noqa: PLC0415 - for those who publish

        username, password = self._account
        wait_secs = self._retry_secs
        while True:
            try:
                async with (
                    aiomqtt.Client(
                        self._host, self._port, username=username, password=password, tls_context=self._tls
                    ) as client,
                    asyncio.TaskGroup() as tasks,
                ):
                    wait_secs = self._retry_secs
                    tasks.create_task(self._send(client))
                    await anext(aiter(client.messages))  # there are none, but this ends with the connection
            except* aiomqtt.MqttError as errors:
                _log.warning("%s:%d: %s; trying again", self._host, self._port, errors.exceptions[0])
            await asyncio.sleep(wait_secs * random.uniform(0.5, 1.0))
            wait_secs = min(2 * wait_secs, _LONGEST_WAIT_SECS)

    async def _send(self, client: "aiomqtt.Client") -> None:
        while True:
            while self.waiting:
                self._sending = self._sending or self._queue.popleft()
                await client.publish(*self._sending, qos=1)
                self._sending = None
            self._filled.clear()
            self._emptied.set()
            await self._filled.wait()
