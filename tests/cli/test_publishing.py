"""Publishing what simulated racks send."""

import asyncio
from itertools import count

import pytest

from ingestor.cli.devices import emissions
from ingestor.cli.publishing import Publisher, either
from ingestor.config import Mqtt
from ingestor.errors import BrokerUnavailableError
from tests.servers.mosquitto import Mosquitto
from tests.support import eventually_async, free_port, run


def publisher(*, rate: float, faulty: int = 0) -> Publisher:
    """One of two racks whose clock counts milliseconds."""
    ticks = count(10**18, 10**6)
    return Publisher(emissions(2, clock=lambda: next(ticks), faulty=faulty), rate=rate)


async def until(publisher: Publisher, messages: int, config: Mqtt) -> None:
    """Let it publish at least so many, and stop it."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(publisher.run(config, stop))
        await eventually_async(lambda: publisher.published >= messages)
        stop.set()


def test_everything_counted_is_at_the_broker(broker: Mosquitto) -> None:
    """What it calls published, the broker has acknowledged: as many PUBACKs as it counts."""
    busy = publisher(rate=100_000, faulty=1)
    run(until(busy, 1_000, Mqtt(url=broker.url)))

    assert busy.published >= 1_000
    assert 0 < busy.faulty < busy.published
    assert broker.log.count("Sending PUBACK") == busy.published


def test_it_can_go_on_after_an_end(broker: Mosquitto) -> None:
    """A second run counts on."""
    steady = publisher(rate=1_000)
    run(until(steady, 5, Mqtt(url=broker.url)))
    before = steady.published
    run(until(steady, before + 5, Mqtt(url=broker.url)))

    assert broker.log.count("Sending PUBACK") == steady.published > before


def test_a_broker_that_dies_ends_it_at_once(broker: Mosquitto) -> None:
    """What was under way is given up and not counted; nothing hangs, no task is left."""
    busy = publisher(rate=100_000)

    async def main() -> list[str]:
        running = asyncio.create_task(busy.run(Mqtt(url=broker.url), asyncio.Event()))
        await eventually_async(lambda: busy.published >= 100)
        broker.kill()
        with pytest.raises(BrokerUnavailableError):
            await running
        return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "publish"]

    assert run(main()) == []


def test_nobody_there_is_said_at_once() -> None:
    """Nothing is published."""
    lonely = publisher(rate=1)
    with pytest.raises(BrokerUnavailableError):
        run(lonely.run(Mqtt(url=f"mqtt://127.0.0.1:{free_port()}"), asyncio.Event()))

    assert lonely.published == 0


def test_waiting_ends_with_the_time_or_the_signal() -> None:
    """Whichever comes first."""

    async def main() -> tuple[bool, bool]:
        stop = asyncio.Event()
        await either(stop, 0)
        timed_out = not stop.is_set()
        stop.set()
        await either(stop, 3600)
        return timed_out, stop.is_set()

    assert run(main()) == (True, True)
