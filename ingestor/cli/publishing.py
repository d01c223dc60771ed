"""Publishing what simulated racks send, steadily, until told to stop."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Self

import aiomqtt

from ingestor.cli.devices import Pace
from ingestor.cli.mqttclient import connected
from ingestor.config import Mqtt
from sensors.simulator import Emission

_IN_FLIGHT = 100  # waiting for their acknowledgement; the library's book-keeping grows with their square


class Publisher:
    """Publishes at QoS 1.

    Args:
        source: What to publish, in order.
        rate: Messages a second.

    Attributes:
        published: How many messages the broker has acknowledged.
        faulty: How many of them were faulty on purpose.
    """

    def __init__(self, source: Iterator[Emission], *, rate: float) -> None:
        self.published = 0
        self.faulty = 0
        self._source = source
        self._rate = rate

    async def run(self, config: Mqtt, stop: asyncio.Event, *, on_connected: Callable[[], None] | None = None) -> None:
        """Connect and publish until `stop` is set; what is under way is finished.

        Args:
            config: The broker, and who we are to it.
            stop: Ends it.
            on_connected: Called once the broker has let us in.

        Raises:
            BrokerRefusedError: The broker said no, in words.
            BrokerUnavailableError: It cannot be reached, or is gone.
        """
        async with connected(config) as client:
            if on_connected is not None:
                on_connected()
            now = asyncio.get_running_loop().time
            pace = Pace(self._rate, now=now())
            async with _Flight() as flight:
                while not stop.is_set():
                    for one in islice(self._source, pace.take(now(), at_most=flight.room)):
                        flight.begin(self._publish(client, one))
                    await flight.land()
                    await either(stop, pace.due_in(now()))

    async def _publish(self, client: aiomqtt.Client, one: Emission) -> None:
        await client.publish(one.topic, one.payload, qos=1)
        self.published += 1
        self.faulty += one.fault is not None


class _Flight:
    """The publishes that wait for their acknowledgement; left in good order it waits for all, else it drops them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def room(self) -> int:
        """How many more may begin."""
        return _IN_FLIGHT - len(self._tasks)

    def begin(self, publish: Coroutine[Any, Any, None]) -> None:
        """Send one; its outcome comes with `land`."""
        self._tasks.add(asyncio.create_task(publish, name="publish"))

    async def land(self) -> None:
        """Wait until there is room, and raise what went wrong."""
        if not self.room:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            task.result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=error is not None)


async def either(stop: asyncio.Event, secs: float) -> None:
    """Return when the time is over or `stop` is set."""
    try:
        async with asyncio.timeout(secs):
            await stop.wait()
    except TimeoutError:
        return
