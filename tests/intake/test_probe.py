"""Trying a broker out."""

import asyncio
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from ingestor.config import Mqtt
from ingestor.errors import BrokerRefusedError, BrokerUnavailableError
from ingestor.intake.probe import Finding, probe
from ingestor.intake.wire import Version
from tests.intake.fakes import MemoryLog
from tests.intake.packets import connack, suback
from tests.intake.wait import make_intake, running, serving
from tests.servers.mosquitto import Mosquitto, find_mosquitto, free_port
from tests.support import eventually_async, run

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


async def try_out(url: str, *filters: str, **settings: Any) -> Finding:  # noqa: ANN401 - settings are of any kind
    """What is found of the broker."""
    config = Mqtt.model_validate({"url": url, **settings})
    return await probe(config, client_id="probe", filters=filters, answer_secs=0.5)


@needs_mosquitto
def test_tells_what_mosquitto_tells(tmp_path: Path) -> None:
    """Under MQTT 5 the limits are known, under 3.1.1 they are not."""
    with Mosquitto(tmp_path, lines=["max_qos 1", "retain_available false"]) as broker:
        new = run(try_out(broker.url, "t/#"))
        old = run(try_out(broker.url, "t/#", protocol="3.1.1"))

    assert new == Finding("5", 65_535, 604_800, 1, False, (), ())  # noqa: FBT003
    assert old == Finding("3.1.1", None, None, None, None, (), ())


@needs_mosquitto
def test_leaves_no_session_and_takes_no_message(tmp_path: Path) -> None:
    """The service's own session lives on, and afterwards the broker keeps nothing for the probe."""

    async def main(broker: Mosquitto) -> tuple[list[bytes], bool, int]:
        log = MemoryLog()
        async with running(intake := make_intake(broker.url, log, settings={"shared_group": "farm"})):
            await eventually_async(lambda: intake.subscribed)
            await try_out(broker.url, "t/#", shared_group="farm")
            async with aiomqtt.Client("127.0.0.1", broker.port) as publisher:
                for number in range(20):
                    await publisher.publish("t/a", str(number), qos=1)
            await eventually_async(lambda: len(log.messages) >= 20)
            alive = intake.reconnects == 0
        async with aiomqtt.Client(
            "127.0.0.1", broker.port, identifier="probe", protocol=aiomqtt.ProtocolVersion.V5, clean_start=False
        ) as again:
            await again.subscribe("other")
        return [message.payload for message in log.messages], alive, broker.log.count("Sending CONNACK to probe (1, 0)")

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == ([str(number).encode() for number in range(20)], True, 0)


@needs_mosquitto
def test_a_wrong_password_is_told_in_words(tmp_path: Path) -> None:
    """A refusal is an error with the broker's reason."""
    with (
        Mosquitto(tmp_path, anonymous=False) as broker,
        pytest.raises(BrokerRefusedError, match="not authorized"),
    ):
        run(try_out(broker.url, "t/#"))


def test_refused_filters_and_limits_are_told() -> None:
    """What a broker refuses, caps or shortens is in the finding."""

    async def main() -> Finding:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1000)
            writer.write(connack(Version.V5, properties=b"\x11\x00\x00\x00\x3c\x21\x00\x14\x24\x00\x25\x00"))
            if (await reader.read(1000))[0] >> 4 == 8:
                writer.write(suback(Version.V5, 1, b"\x00\x87"))
                await reader.read(1000)

        async with serving(serve) as port:
            return await try_out(f"mqtt://127.0.0.1:{port}", "a", "b", protocol="5")

    finding = run(main())

    assert finding == Finding("5", 20, 60, 0, False, ("subscription to b refused: not authorized",), ("a",))  # noqa: FBT003


def test_a_broker_of_311_is_found() -> None:
    """With `auto`, a broker that is silent to MQTT 5 is tried with 3.1.1."""

    async def main() -> Finding:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if (await reader.read(1000))[8] == Version.V311:
                writer.write(connack(Version.V311))
            if (await reader.read(1000))[:1] == b"\x82":
                writer.write(suback(Version.V311, 1, b"\x01"))
                await reader.read(1000)

        async with serving(serve) as port:
            return await try_out(f"mqtt://127.0.0.1:{port}", "a")

    assert run(main()).protocol == "3.1.1"


def test_nobody_there_is_told() -> None:
    """A broker that cannot be reached is an error with its address."""
    port = free_port()

    with pytest.raises(BrokerUnavailableError, match=f"cannot reach the broker at 127.0.0.1:{port}"):
        run(try_out(f"mqtt://127.0.0.1:{port}"))


def test_silence_is_told() -> None:
    """A broker that answers nothing is given up in time."""

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            while await reader.read(1000):
                pass

        async with serving(serve) as port:
            await try_out(f"mqtt://127.0.0.1:{port}", "a")

    with pytest.raises(BrokerUnavailableError, match=r"did not answer within 0\.5 s"):
        run(main())
