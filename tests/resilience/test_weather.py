"""Each fault of a weather service in turn, while readings flow: they flow on, it is counted, and told once."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.resilience.load import numbered
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import NUMBERED, ServiceProcess
from tests.servers.weather import KEY, LIMITED, NOON, REFUSED, FakeWeather, Reply, openweathermap
from tests.support import eventually, eventually_async, run

MESSAGES = 300
ROUNDS = 4
MOST_LAG_SECS = 5.0


class Fault(NamedTuple):
    """What the service answers, how that is counted, and for what reason its body is set aside, if it is."""

    reply: Reply
    counted: str
    set_aside: str | None = None


FAULTS: Mapping[str, Fault] = {
    "refuses": Fault(REFUSED, "refused"),
    "asked too often": Fault(LIMITED._replace(headers={"Retry-After": "1"}), "limited"),
    "not well": Fault(Reply(503, "", {"Retry-After": "1"}), "unavailable"),
    "hangs up": Fault(Reply(0), "unavailable"),
    "hangs": Fault(Reply(-1), "time_limit"),
    "no JSON": Fault(Reply(200, "<html>down for maintenance</html>"), "nonsense", "not_json"),
    "changed": Fault(Reply(200, '{"version": 4, "data": {"temperature": 25.3}}'), "nonsense", "format"),
}


def weather(fake: FakeWeather, **spec: object) -> dict[str, Any]:
    """The configuration of a service that asks OpenWeatherMap every second."""
    task = {
        "every": "1s",
        "latitude": 1.35,
        "longitude": 103.82,
        "api_key": KEY,
        "providers": ["openweathermap"],
        "addresses": fake.addresses,
        **spec,
    }
    return {**NUMBERED, "tasks": {"weather": task}}


def load(publisher: Publisher, service: ServiceProcess, sent: int) -> int:
    """Rounds of messages, each stored before the next; returns how many there were in all."""
    for _ in range(ROUNDS):
        sent += publisher.publish(numbered(sent, MESSAGES))
        eventually(lambda: service.store()["stored"] >= sent, deadline_secs=MOST_LAG_SECS)  # noqa: B023 - asked here
    return sent


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", FAULTS)
def test_readings_flow_whatever_a_weather_service_does(tmp_path: Path, name: str) -> None:
    """Before, with and after the fault; one line tells of it, and the accounts hold with what was fetched."""
    fault = FAULTS[name]
    spec = {"time_limit": "1s"} if fault.counted == "time_limit" else {}

    async def main(broker: Mosquitto) -> None:
        async with FakeWeather() as fake:
            service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=weather(fake, **spec))
            await asyncio.to_thread(service.start)
            try:
                await watch(service, fake)
            finally:
                service.kill()

    async def watch(service: ServiceProcess, fake: FakeWeather) -> None:
        with Publisher(broker.port) as publisher:
            await asyncio.to_thread(eventually, lambda: task_of(service, "done"))
            before = len(fake.asked["openweathermap"])
            fake.instead["openweathermap"] = fault.reply
            sent = await asyncio.to_thread(load, publisher, service, 0)
            await asyncio.to_thread(eventually, lambda: counted(service, fault.counted), deadline_secs=90)
            sent = await asyncio.to_thread(load, publisher, service, sent)
        status = await asyncio.to_thread(service.status) or {}
        store = status["stores"][0]
        bodies = 1 + (fault.set_aside is not None)

        assert len(fake.asked["openweathermap"]) > before
        assert status["ready"]
        assert status["intake"]["reconnects"] == 0
        assert status["intake"]["received"] == status["intake"]["journaled"] == sent + bodies
        assert (store["stored"], store["set_aside"]) == (sent + 1, bodies - 1)
        assert set(store["reasons"]) == ({fault.set_aside} if fault.set_aside else set())
        assert service.log.count("task_failed task=weather") == 1
        assert service.log.count("WARNING") == 1
        assert KEY not in service.log

    with Mosquitto(tmp_path) as broker:
        run(main(broker), timeout_secs=150)


def task_of(service: ServiceProcess, outcome: str) -> bool:
    """Whether the last run of the task came to that."""
    return bool((service.status() or {})["tasks"][0]["outcome"] == outcome)


def counted(service: ServiceProcess, fault: str) -> bool:
    """Whether such a fault was counted."""
    return bool((service.status() or {})["tasks"][0]["faults"].get(fault))


@pytest.mark.long
@pytest.mark.timeout(120)
def test_weather_and_readings_are_stored_side_by_side(tmp_path: Path) -> None:
    """A new observation is a new point, the same one is none; the second provider stands in for the first."""

    async def main(broker: Mosquitto) -> None:
        async with FakeWeather() as fake:
            both = weather(fake, providers=["openweathermap", "open-meteo"])
            service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=both)
            await asyncio.to_thread(service.start)
            try:
                for at in (NOON, NOON + 600, NOON + 1200):
                    fake.at = at
                    asked = len(fake.asked["openweathermap"])
                    await eventually_async(lambda: len(fake.asked["openweathermap"]) > asked + 2)  # noqa: B023 - here
                fake.instead["openweathermap"] = REFUSED
                await asyncio.to_thread(service.wait_until_settled, 4)
            finally:
                await asyncio.to_thread(service.stop)
            with service.bucket("Weather") as bucket:
                rows = bucket.execute("SELECT provider, count(*) FROM weather GROUP BY provider ORDER BY provider")
                assert rows.fetchall() == [("open-meteo", 1), ("openweathermap", 3)]

    with Mosquitto(tmp_path) as broker:
        run(main(broker), timeout_secs=100)


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_broker_cannot_pass_for_a_weather_service(tmp_path: Path) -> None:
    """Whoever publishes under the topics of weather, also where everything is subscribed to, changes nothing."""
    topic = "$weather/weather/openweathermap/current"
    everything = {"topic": "#", "model": "numbered", "bucket": "Rest"}

    async def main(broker: Mosquitto) -> None:
        async with FakeWeather() as fake:
            config = weather(fake)
            config["routes"] = [*config["routes"], everything]
            service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config)
            await asyncio.to_thread(service.start)
            try:
                with Publisher(broker.port) as publisher:
                    forged = json.dumps(openweathermap(NOON + 1)).encode()
                    await asyncio.to_thread(publisher.publish, [(topic, forged), ("numbered/a", b'{"n": 1}')])
                    store = await asyncio.to_thread(service.wait_until_settled, 2)
                assert (store["stored"], store["unrouted"]) == (2, 0)
            finally:
                service.kill()

    with Mosquitto(tmp_path) as broker:
        run(main(broker), timeout_secs=100)
