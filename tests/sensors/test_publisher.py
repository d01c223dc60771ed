"""Readings come from a device to a broker, and from there into the store."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import yaml

from sensors.climate import Temperature
from sensors.power import Power
from sensors.publisher import Publisher
from tests.servers.mosquitto import Mosquitto, free_port
from tests.servers.service import ServiceProcess
from tests.support import ROOT, eventually_async, run

GUIDE = ROOT / "docs" / "how-to" / "publish-from-a-device.md"
pytestmark = pytest.mark.usefixtures("mosquitto")


async def heard(client: aiomqtt.Client, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The next messages, read as JSON."""
    found = []
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        assert message.qos == 1
        found.append((message.topic.value, json.loads(message.payload)))
        if len(found) == count:
            break
    return found


def test_readings_arrive_with_their_times(tmp_path: Path) -> None:
    """In order, each with the time at which it was measured; leaving waits until the broker has them."""

    async def main(url: str, port: int) -> list[tuple[str, dict[str, Any]]]:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("farm/#", qos=1)
            async with Publisher(url, "farm/rack1/temperature", clock=iter(range(7, 99)).__next__) as publisher:
                publisher.publish(Temperature(temperature=21.5))
                publisher.publish(Power(rack="r", power=5, time=3), "farm/power")
                publisher.publish(Temperature(temperature=22))
            assert publisher.waiting == 0
            return await heard(client, 3)

    with Mosquitto(tmp_path) as broker:
        found = run(main(broker.url, broker.port))

    assert found == [
        ("farm/rack1/temperature", {"temperature": 21.5, "time": 7}),
        ("farm/power", {"rack": "r", "power": 5.0, "time": 3}),
        ("farm/rack1/temperature", {"temperature": 22.0, "time": 8}),
    ]


def test_readings_wait_for_a_broker_that_is_away(tmp_path: Path) -> None:
    """From before its start and from while it was down; they are sent as soon as it is there."""

    async def main(broker: Mosquitto) -> list[tuple[str, dict[str, Any]]]:
        async with listener(broker.port) as client:
            await client.subscribe("t", qos=1)
        await asyncio.to_thread(broker.stop)
        async with Publisher(broker.url, "t", retry_secs=0.01) as publisher:
            for value in (1, 2):
                publisher.publish(Temperature(temperature=value))
                await asyncio.to_thread(broker.start)
                await eventually_async(lambda: publisher.waiting == 0)
                await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        async with listener(broker.port) as client:
            return await heard(client, 2)

    with Mosquitto(tmp_path) as broker:
        found = run(main(broker))

    assert [payload["temperature"] for _, payload in found] == [1.0, 2.0]


def listener(port: int) -> aiomqtt.Client:
    """A client for which the broker keeps messages while it is away."""
    return aiomqtt.Client("127.0.0.1", port, identifier="listener", clean_session=False)


def test_the_oldest_is_dropped_where_too_many_wait(caplog: pytest.LogCaptureFixture) -> None:
    """Memory has an end; what is lost is counted, and said at the end."""

    async def main() -> tuple[int, int]:
        url = f"mqtt://127.0.0.1:{free_port()}"
        async with Publisher(url, "t", waiting=2, leave_secs=0.01, retry_secs=0.01) as publisher:
            for value in range(5):
                publisher.publish(Temperature(temperature=value))
        return publisher.waiting, publisher.dropped

    assert run(main()) == (2, 3)
    assert "trying again" in caplog.text
    assert "2 readings were not sent to 127.0.0.1" in caplog.text


def test_what_is_dropped_while_it_is_sent_takes_no_other_with_it(tmp_path: Path) -> None:
    """The reading that is on its way may be the oldest."""

    async def main(url: str, port: int) -> list[float]:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("t", qos=1)
            async with Publisher(url, "t", waiting=1) as publisher:
                for value in range(50):
                    publisher.publish(Temperature(temperature=value))
                    await asyncio.sleep(0)
            return [payload["temperature"] for _, payload in await heard(client, 50 - publisher.dropped)]

    with Mosquitto(tmp_path) as broker:
        found = run(main(broker.url, broker.port))

    assert found[-1] == 49.0
    assert found == sorted(set(found))


@pytest.mark.parametrize("url", ["broker.local", "http://broker.local", "mqtt://", "broker.local:1883"])
def test_an_address_is_told_from_what_is_none(url: str) -> None:
    """At once, not when somebody looks for readings."""
    with pytest.raises(ValueError, match="is not the address of a broker, like mqtt://"):
        Publisher(url, "t")


def test_importing_needs_pydantic_alone() -> None:
    """Only who publishes needs a client; nobody needs the service."""
    code = (
        "import sys, sensors.publisher, sensors.testing, sensors.catalog, sensors.simulator;"
        "sys.exit(', '.join({'aiomqtt', 'ingestor', 'pint', 'yaml', 'aiohttp'} & {*sys.modules}) or 0)"
    )

    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)


def test_whoever_forgets_to_enter_it_is_told() -> None:
    """Nothing would ever be sent."""

    async def main() -> None:
        Publisher("mqtt://127.0.0.1", "t").publish(Temperature(temperature=1))

    with pytest.raises(RuntimeError, match="async with"):
        run(main())


def test_the_guide_works_as_it_stands(tmp_path: Path) -> None:
    """Its program on the device, its route in the service: the reading is stored, and nothing is set aside."""
    text = GUIDE.read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(python|yaml)\n(.*?)```", text, re.DOTALL))
    probe = tmp_path / "temperature"
    probe.write_text("21437\n")
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker:
        code = blocks["python"].replace("mqtt://broker.local:1883", broker.url)
        code = re.sub(r'"/sys/bus/.*?"', repr(str(probe)), code)
        route = yaml.safe_load(blocks["yaml"])
        with ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=route) as service:
            device = subprocess.Popen([sys.executable, "-W", "error", "-c", code], cwd=ROOT, stderr=subprocess.PIPE)
            try:
                accounts = service.wait_until_settled(1)
            finally:
                device.send_signal(signal.SIGINT)
                device.communicate(timeout=20)
            with service.bucket("Farm") as bucket:
                rows = bucket.execute("SELECT rack, temperature FROM temperature").fetchall()

    assert len([line for line in blocks["python"].splitlines() if line.strip()]) <= 15
    assert rows[0] == ("rack1", 21.437)
    assert not accounts["reasons"]
