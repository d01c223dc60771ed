"""Devices that announce themselves to the whole service."""

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from ingestor.app import Service
from ingestor.config import Config
from ingestor.datadir import state_file
from ingestor.delivery import replays, routings
from ingestor.delivery.replays import Phase, Replay
from ingestor.ports import Value
from ingestor.state import read_state
from ingestor.stats import AnnouncedStats
from ingestor.stores import make_buckets
from tests.routing.homes import KITCHEN, ROW, body
from tests.servers.mosquitto import Mosquitto
from tests.support import eventually_async, run
from tests.test_app import config, running

TOPIC = "kitchen/temperature"


def home(folder: Path, *, port: int, **sections: Any) -> Config:  # noqa: ANN401 - sections of a configuration
    """Nothing but what announces itself."""
    return config(folder, port=port, routes=[ROW], **sections)


async def say(port: int, *messages: tuple[str, object], retain: bool = False) -> None:
    """Publish them in their order; what is not bytes, as JSON."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for topic, payload in messages:
            written = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            await client.publish(topic, written, qos=1, retain=retain)


async def listening(service: Service, *topics: str) -> None:
    """The service has subscribed to these, besides announcements."""
    await eventually_async(lambda: service._accounts.subscriptions[2:] == topics)


async def settled(service: Service, **counts: int) -> Mapping[str, int]:
    """The accounts of each store come to these counts, and nothing is pending."""

    def reached() -> bool:
        stores = service.snapshot().stores
        right = all(getattr(store, key) == count for store in stores for key, count in counts.items())
        return right and not any(store.pending for store in stores)

    await eventually_async(reached)
    return counts


async def values(settings: Config, name: str = "local") -> list[Value]:
    """What is stored of the kitchen, in its order."""
    async with make_buckets(settings, name) as buckets:
        points = await buckets.points("Home")
    return [point.fields["temperature"] for point in sorted(points, key=lambda point: point.time_ns)]


def test_a_device_is_stored_from_its_announcement_until_it_is_taken_back(tmp_path: Path) -> None:
    """Also over a restart: what comes while the service is away is stored then."""

    async def main(port: int) -> None:
        await say(port, (KITCHEN, body()), (TOPIC, b"1"), retain=True)
        async with running(home(tmp_path, port=port)) as service:
            await listening(service, TOPIC)
            await say(port, (TOPIC, b"2"), (TOPIC, b"3"))
            await settled(service, stored=2, ignored=2, set_aside=0, unrouted=0)
        await say(port, (TOPIC, b"4"))
        async with running(home(tmp_path, port=port)) as service:
            assert service._routes.announced_topics == [TOPIC]
            await settled(service, stored=3, set_aside=0, unrouted=0)
            await say(port, (KITCHEN, b""), retain=True)
            await listening(service)
            await say(port, (TOPIC, b"5"), (KITCHEN, b"{"))
            now = await settled(service, stored=3, set_aside=1, unrouted=0)

        assert now["stored"] == 3
        assert service.snapshot().stores[0].reasons == {"format": 1}
        assert await values(home(tmp_path, port=port)) == [2.0, 3.0, 4.0]

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))


def test_a_store_that_is_behind_uses_what_held_for_each_message(tmp_path: Path) -> None:
    """It begins where the journal does, when the other has long gone on to another announcement."""

    async def main(port: int) -> None:
        journal = {"keep": "1h"}
        both = {"local": {"kind": "sqlite"}, "late": {"kind": "sqlite", "from": "start"}}
        async with running(home(tmp_path, port=port, journal=journal)) as service:
            await say(port, (KITCHEN, body()))
            await listening(service, TOPIC)
            await say(port, (TOPIC, b"20"))
            await settled(service, stored=1)
            await say(port, (KITCHEN, body(value_template="{{ value | float / 10 }}")), (TOPIC, b"205"), (KITCHEN, b""))
            await listening(service)
            await settled(service, stored=2)
        async with running(home(tmp_path, port=port, journal=journal, stores=both)) as service:
            await settled(service, stored=2, unrouted=0)

        settings = home(tmp_path, port=port, stores=both)
        assert await values(settings) == await values(settings, "late") == [20.0, 20.5]

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))


@pytest.mark.long
def test_thousands_of_announcements_are_taken_in(tmp_path: Path) -> None:
    """All that they name is subscribed to, in few steps, and a device among them is stored; so after a restart."""
    many = [
        (f"homeassistant/sensor/d{number}/temperature/config", body(f"d{number}/t", device={"ids": f"d{number}"}))
        for number in range(3_000)
    ]

    async def main(port: int) -> list[int]:
        async with running(home(tmp_path, port=port)) as service:
            told = asyncio.create_task(say(port, *many))
            await eventually_async(lambda: len(service._accounts.subscriptions) == 3_002, deadline_secs=60)
            await told
            await say(port, ("d2999/t", b"20"))
            await settled(service, stored=1, ignored=3_000)
        async with running(home(tmp_path, port=port)) as service:
            await eventually_async(lambda: len(service._accounts.subscriptions) == 3_002, deadline_secs=60)
            await say(port, ("d0/t", b"20"))
            await settled(service, stored=2, ignored=3_000, set_aside=0, unrouted=0)
        return [len(service._routes.announced)]

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker.port), timeout_secs=120) == [3_000]


def test_what_a_stranger_announces_stops_nothing(tmp_path: Path) -> None:
    """Wildcards, topics of the broker, templates with code, topics that are another's: each is told, and no more."""
    route = {"topic": "{rack}/temperature", "model": "temperature", "format": "value", "bucket": "Temperature"}
    crowd = {"components": {str(number): {"p": "sensor", "stat_t": "x"} for number in range(600)}}
    strange = [
        body("#"),
        body("+/temperature"),
        body("$SYS/#"),
        body("$SYS/broker/uptime"),
        body(value_template="{{ ''.__class__.__mro__ }}"),
        crowd,
        b"[" * 100_000,
        b"x" * 300_000,
    ]

    async def main(port: int) -> None:
        async with running(config(tmp_path, port=port, routes=[route, ROW])) as service:
            told = [
                (f"homeassistant/{'device' if one is crowd else 'sensor'}/s{number}/config", one)
                for number, one in enumerate(strange)
            ]
            await say(port, *told, (KITCHEN, body()), (TOPIC, b"20"))
            await settled(service, set_aside=len(strange), ignored=1, stored=1)

            assert set(service._accounts.subscriptions) == {
                "+/temperature",
                "homeassistant/+/+/config",
                "homeassistant/+/+/+/config",
            }
            assert service.snapshot().stores[0].reasons == {"format": len(strange)}
            assert service.snapshot().announced == AnnouncedStats(announcements=1, topics=0, left_to_rows=1, refused=0)

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))


def test_a_replay_uses_what_held_then(tmp_path: Path) -> None:
    """When another tag is wanted of what was stored: under the tags of before nothing is left, and each value stays."""

    async def main(port: int) -> None:
        journal = {"keep": "1h"}
        async with running(home(tmp_path, port=port, journal=journal)) as service:
            await say(port, (KITCHEN, body()))
            await listening(service, TOPIC)
            await say(port, (TOPIC, b"20"), (KITCHEN, body(value_template="{{ value | float / 10 }}")), (TOPIC, b"205"))
            await settled(service, stored=2, ignored=2)
            await say(port, (KITCHEN, b""))
            await listening(service)
        tagged = config(tmp_path, port=port, journal=journal, routes=[ROW | {"tags": {"site": "1"}}])
        async with running(tagged) as service:
            text = routings.text_of(tagged)

            def ask(connection: sqlite3.Connection) -> int:
                return replays.ask(connection, "local", 0, None, routing=routings.register(connection, text), now_ns=1)

            def told() -> Replay:
                return read_state(state_file(tagged), replays.all_of)[-1]

            await service._state.run(ask)
            await eventually_async(lambda: told().phase is Phase.DONE)
            await settled(service, stored=2, ignored=3, unrouted=0)
            assert (told().deleted, told().written, told().fault) == (2, 2, "")
        async with make_buckets(tagged, "local") as buckets:
            points = await buckets.points("Home")
        assert [dict(point.tags)["site"] for point in points] == ["1", "1"]
        assert await values(tagged) == [20.0, 20.5]

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))
