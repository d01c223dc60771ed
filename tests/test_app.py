"""The composition root: parts made from the configuration, started and stopped in order."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from ingestor.app import Service
from ingestor.config import Config
from ingestor.errors import BrokerRefusedError, ConfigError, DataDirError, UnknownStoresError
from ingestor.journal import Journal
from ingestor.journal.shelf import Shelf
from tests.builders import message
from tests.servers.mosquitto import Mosquitto
from tests.support import LOOPS, eventually_async, free_port, run

ROUTE = {"topic": "{rack}/temperature", "model": "temperature", "format": "value", "bucket": "Temperature"}


def config(folder: Path, *, port: int, **sections: object) -> Config:
    """A configuration with one route, for a broker on that port."""
    return Config.model_validate(
        {
            "data_dir": folder / "data",
            "mqtt": {"url": f"mqtt://127.0.0.1:{port}"},
            "routes": [ROUTE],
            "web": {"port": 0},
            "batch": {"max_delay": "10ms"},
            **sections,
        }
    )


@asynccontextmanager
async def running(settings: Config) -> AsyncIterator[Service]:
    """A service that is ready, stopped in good order at the end."""
    async with Service(settings) as service, asyncio.TaskGroup() as group:
        group.create_task(service.run())
        await eventually_async(lambda: service.snapshot().ready)
        yield service
        service.stop()


async def publish(port: int, *payloads: bytes) -> None:
    """Publish readings of one rack."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for payload in payloads:
            await client.publish("rack1/temperature", payload, qos=1)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_reading_is_stored_and_accounted_for(tmp_path: Path, loop: str) -> None:
    """What is published is journaled and stored, or set aside, and every equation of the accounts holds."""

    async def main(port: int) -> None:
        async with running(config(tmp_path, port=port)) as service:
            await publish(port, b"20.5", b"hot", b"20.5")
            await eventually_async(lambda: service.snapshot().stores[0].stored == 2)
            now = service.snapshot()

        store = now.stores[0]
        assert (now.intake.received, now.intake.journaled) == (3, 3)
        assert (store.journaled, store.stored, store.set_aside, store.pending) == (3, 2, 1, 0)
        assert store.reasons == {"type": 1}

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port), loop=loop)


def test_accounts_go_on_after_a_restart(tmp_path: Path) -> None:
    """A second run of the same data directory counts on, and is the same client to the broker."""

    async def main(port: int) -> None:
        for number in range(1, 3):
            async with running(config(tmp_path, port=port)) as service:
                await publish(port, b"20.5")
                await eventually_async(lambda: service.snapshot().stores[0].stored == number)  # noqa: B023 - at once

        assert service.snapshot().intake.received == 2

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))

        assert broker.log.count("New client connected") >= 2
        assert (
            len({line.split(" as ")[1].split()[0] for line in broker.log.splitlines() if " as ingestor-" in line}) == 1
        )


def test_the_embedded_broker_is_subscribed_to_like_any_other(tmp_path: Path) -> None:
    """With `embedded_broker` the service brings its own broker, and readings flow through it."""
    port = free_port()
    settings = config(tmp_path, port=port, mqtt={"url": f"mqtt://127.0.0.1:{port}", "embedded_broker": True})

    async def main() -> None:
        async with running(settings) as service:
            await publish(port, b"20.5")
            await eventually_async(lambda: service.snapshot().stores[0].stored == 1)

    run(main())


def test_a_store_that_is_gone_from_the_configuration_stops_the_start(tmp_path: Path) -> None:
    """Its cursor would keep the journal for ever, so a person has to decide."""

    async def open_with(*names: str) -> None:
        async with Service(config(tmp_path, port=1, stores={name: {} for name in names})):
            pass

    run(open_with("one", "two"))
    with pytest.raises(UnknownStoresError, match="stores forget two") as raised:
        run(open_with("one"))

    assert raised.value.names == ("two",)


@pytest.mark.parametrize(("start", "begun"), [("start", 0), ("now", 2)])
def test_a_new_store_begins_where_it_was_told_to(tmp_path: Path, start: str, begun: int) -> None:
    """`from: start` takes what the journal still has, `from: now` only what comes from then on."""
    later = {"one": {}, "new": {"from": start}}

    async def main(port: int) -> None:
        async with running(config(tmp_path, port=port, stores={"one": {}}, journal={"keep": "1d"})) as service:
            await publish(port, b"20.5", b"21.5")
            await eventually_async(lambda: service.snapshot().stores[0].stored == 2)
        async with running(config(tmp_path, port=port, stores=later, journal={"keep": "1d"})) as service:
            await publish(port, b"22.5")
            await eventually_async(lambda: service.snapshot().stores[1].stored == 3 - begun)

            assert [store.journaled for store in service.snapshot().stores] == [3, 3 - begun]

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))


def test_a_data_directory_belongs_to_one_process(tmp_path: Path) -> None:
    """A second service on the same directory is refused before it touches anything."""

    async def main() -> None:
        async with Service(config(tmp_path, port=1)):
            with pytest.raises(DataDirError, match="in use by another ingestor"):
                async with Service(config(tmp_path, port=1)):
                    pass

    run(main())


def test_a_route_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """Routes are compiled before anything is opened."""
    with pytest.raises(ConfigError, match="no model"):
        Service(config(tmp_path, port=1, routes=[{**ROUTE, "model": "nonsense"}]))

    assert not (tmp_path / "data").exists()


def test_a_refusal_at_first_start_ends_the_run(tmp_path: Path) -> None:
    """A broker that does not accept us at all is a fault of the configuration, in the broker's words."""

    async def main(port: int) -> None:
        async with Service(config(tmp_path, port=port)) as service:
            await service.run()

    with Mosquitto(tmp_path, anonymous=False) as broker, pytest.raises(ExceptionGroup) as raised:
        run(main(broker.port))

    assert raised.group_contains(BrokerRefusedError)


def test_a_journal_that_dies_ends_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing can be made safe: better to end, and be started again, than to look alive."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    async def main(port: int) -> None:
        async with Service(config(tmp_path, port=port)) as service, asyncio.TaskGroup() as group:
            group.create_task(service.run())
            await eventually_async(lambda: service.snapshot().ready)
            monkeypatch.setattr(Shelf, "append", fail)
            await publish(port, b"20.5")

    with Mosquitto(tmp_path) as broker, pytest.raises(RuntimeError, match="a fault of ours"):
        run(main(broker.port))


def test_a_clock_that_was_set_back_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Times of receipt stay ahead until it has caught up, and people should know."""

    async def main(port: int) -> None:
        async with Journal(tmp_path / "data" / "journal") as journal:
            await journal.append([message(received_ns=time.time_ns() + 3600 * 10**9)])
        async with running(config(tmp_path, port=port)):
            await eventually_async(lambda: "clock_was_set_back seconds=3" in caplog.text)

    with Mosquitto(tmp_path) as broker:
        run(main(broker.port))
