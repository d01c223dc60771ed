"""Publishing what simulated racks send, steadily, until told to stop."""

import asyncio
from collections.abc import Iterator
from itertools import islice

import aiomqtt

from ingestor.cli.devices import Pace
from ingestor.cli.mqttclient import connected
from ingestor.config import Mqtt
from sensors.simulator import Emission

_AT_ONCE = 50  # in flight together; the library's own book-keeping grows with their square


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

    async def run(self, config: Mqtt, stop: asyncio.Event) -> None:
        """Connect and publish until `stop` is set; what is under way is finished.

        Raises:
            BrokerRefusedError: The broker said no, in words.
            BrokerUnavailableError: It cannot be reached, or is gone.
        """
        async with connected(config) as client:
            now = asyncio.get_running_loop().time
            pace = Pace(self._rate, now=now())
            while not stop.is_set():
                due = pace.take(now(), at_most=_AT_ONCE)
                await self._publish(client, list(islice(self._source, due)))
                await either(stop, pace.due_in(now()))

    async def _publish(self, client: aiomqtt.Client, some: list[Emission]) -> None:
        await asyncio.gather(*(client.publish(one.topic, one.payload, qos=1) for one in some))
        self.published += len(some)
        self.faulty += sum(one.fault is not None for one in some)


async def either(stop: asyncio.Event, secs: float) -> None:
    """Return when the time is over or `stop` is set."""
    try:
        async with asyncio.timeout(secs):
            await stop.wait()
    except TimeoutError:
        return
