"""The intake when its mosquitto goes away, is not there yet, falls silent, or has another client of the name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from ingestor.intake.mqtt import MqttIntake
from tests.intake.fakes import MemoryLog
from tests.intake.wait import VERSIONS, make_intake, payloads, publish, running, serving, subscribed
from tests.servers.mosquitto import Mosquitto, find_mosquitto, free_port
from tests.support import eventually_async, run

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


@VERSIONS
def test_a_restarted_broker_is_found_again(tmp_path: Path, protocol: str) -> None:
    """With and without its memory the broker's messages flow again without help."""

    async def main(broker: Mosquitto) -> tuple[list[str], int]:
        log = MemoryLog()
        async with running(intake := make_intake(broker.url, log, settings={"protocol": protocol})):
            for times, kill in enumerate((False, True), start=1):
                await subscribed(intake)
                broker.persistent = not kill
                broker.restart(kill=kill)
                await eventually_async(partial(_reconnected, intake, times))
            await subscribed(intake)
            await publish(broker, ["after"])
            await eventually_async(lambda: log.messages)
        return payloads(log), intake.reconnects

    with Mosquitto(tmp_path) as broker:
        got, reconnects = run(main(broker))

    assert got == ["after"]
    assert reconnects >= 2


def _reconnected(intake: MqttIntake, times: int) -> bool:
    return intake.reconnects >= times


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """At first start an unreachable broker is no reason to end."""

    async def main(broker: Mosquitto) -> str | None:
        intake = make_intake(broker.url, MemoryLog())
        async with running(intake):
            await eventually_async(lambda: intake.fault)
            fault = intake.fault
            broker.start()
            await subscribed(intake)
        return fault

    broker = Mosquitto(tmp_path, port=free_port())
    try:
        assert "cannot reach the broker at 127.0.0.1" in str(run(main(broker)))
    finally:
        broker.kill()


@VERSIONS
def test_a_black_hole_is_noticed(tmp_path: Path, protocol: str) -> None:
    """A connection that swallows everything is left within 1.5 times the keep-alive, and another one is made."""

    async def main(broker: Mosquitto) -> list[str]:
        log = MemoryLog()
        swallowing = asyncio.Event()
        async with _proxy(broker.port, swallowing) as port:
            intake = make_intake(f"mqtt://127.0.0.1:{port}", log, settings={"protocol": protocol})
            async with running(intake):
                await subscribed(intake)
                swallowing.set()
                await publish(broker, ["swallowed"])
                await eventually_async(lambda: intake.fault and "silent for 1.5 s" in intake.fault)
                swallowing.clear()
                await eventually_async(lambda: log.messages)
        return payloads(log)

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == ["swallowed"]


@asynccontextmanager
async def _proxy(target: int, swallowing: asyncio.Event) -> AsyncIterator[int]:
    """A port that passes bytes on to another, or takes them and does nothing, without ever closing."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not swallowing.is_set():
                writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", target)
        try:
            await asyncio.gather(pump(reader, away), pump(there, writer))
        finally:
            away.close()
            await away.wait_closed()

    async with serving(serve) as port:
        yield port


def test_a_paused_connection_lives(tmp_path: Path) -> None:
    """While the journal is behind, nothing is read for several keep-alives, and the connection is still the same."""

    async def main(broker: Mosquitto) -> tuple[bool, int, list[str]]:
        log = MemoryLog()
        async with running(intake := make_intake(broker.url, log)):
            await subscribed(intake)
            log.backlog_bytes = log.backlog_limit + 1
            await publish(broker, ["first"])
            await eventually_async(lambda: intake.paused)
            await publish(broker, ["second"])
            await eventually_async(lambda: broker.log.count("Received PINGREQ from intake") >= 6)
            paused_with = (intake.paused, len(log.messages))
            log.backlog_bytes = 0
            await eventually_async(lambda: len(log.messages) == 2)
            return paused_with[0] and paused_with[1] == 1, intake.reconnects, payloads(log)

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == (True, 0, ["first", "second"])


def test_two_clients_of_one_name_are_told_so(tmp_path: Path) -> None:
    """This mosquitto does not say that a session was taken over, but the fault that is seen names the likely reason."""

    async def main(broker: Mosquitto) -> str:
        first, second = (make_intake(broker.url, MemoryLog()) for _ in range(2))
        async with running(first), running(second):
            told = await eventually_async(
                lambda: [one.fault for one in (first, second) if one.fault and "another client" in one.fault]
            )
        return str(told[0])

    with Mosquitto(tmp_path) as broker:
        assert "uses the client id intake too" in run(main(broker))
