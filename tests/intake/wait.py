"""Running an intake in a test, giving it something to receive, and seeing what came of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiomqtt
import pytest

from ingestor.config import Mqtt
from ingestor.errors import BrokerError
from ingestor.intake.mqtt import MqttIntake, Timing
from ingestor.intake.oversize import OversizedHead
from tests.intake.fakes import MemoryLog
from tests.servers.mosquitto import Mosquitto
from tests.support import eventually_async

FAST = Timing(connect_secs=2, answer_secs=1, first_retry_secs=0.05, last_retry_secs=0.1, refused_retry_secs=0.1)
VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
"""For tests of what has to hold in both versions of MQTT."""


class Notes:
    """What an intake reported.

    Attributes:
        heads: Of oversized messages.
        subscribed: The filters of each time that all were in force.
        orders: What it found out of the order of ids.
    """

    def __init__(self) -> None:
        self.heads: list[OversizedHead] = []
        self.subscribed: list[Sequence[str]] = []
        self.orders: list[bool] = []

    async def on_oversize(self, head: OversizedHead) -> None:
        """Note it."""
        self.heads.append(head)

    async def on_subscribed(self, filters: Sequence[str]) -> None:
        """Note it."""
        self.subscribed.append(filters)

    async def on_id_order(self, proven: bool) -> None:  # noqa: FBT001 - as the intake calls it
        """Note it."""
        self.orders.append(proven)


def make_intake(
    url: str,
    log: MemoryLog,
    notes: Notes | None = None,
    *,
    settings: dict[str, Any] | None = None,
    client_id: str = "intake",
    filters: Sequence[str] = ("t/#",),
    more: Callable[[], Sequence[str]] = tuple,
    previous_filters: Sequence[str] = (),
    ids_in_sequence: bool = False,
    timing: Timing = FAST,
) -> MqttIntake:
    """An intake for a test: quick to try again, subscribed to `t/#`."""
    notes = notes or Notes()
    return MqttIntake(
        Mqtt.model_validate({"url": url, "keep_alive": "1s", **(settings or {})}),
        client_id=client_id,
        filters=filters,
        more=more,
        log=log,
        on_oversize=notes.on_oversize,
        on_subscribed=notes.on_subscribed,
        previous_filters=previous_filters,
        ids_in_sequence=ids_in_sequence,
        on_id_order=notes.on_id_order,
        timing=timing,
    )


@asynccontextmanager
async def running(intake: MqttIntake, *, stop: bool = True) -> AsyncIterator["asyncio.Task[None]"]:
    """Let it run; in the end it is stopped in good order, or ended as `kill -9` would."""
    task = asyncio.create_task(intake.run())
    try:
        yield task
        if stop:
            await intake.stop()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, BrokerError):
            await task


async def publish(
    broker: Mosquitto, payloads: Sequence[str], *, topic: str = "t/a", qos: int = 1, retain: bool = False
) -> None:
    """Publish, and return when the broker has confirmed it."""
    async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=qos, retain=retain)


async def subscribed(intake: MqttIntake) -> None:
    """Return once all subscriptions are in force."""
    await eventually_async(lambda: intake.subscribed)


def payloads(log: MemoryLog) -> list[str]:
    """What was journaled, in order."""
    return [message.payload.decode() for message in log.messages]


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """A port on which `serve` has each connection; in the end every one is closed."""
    connections: set[asyncio.Task[None]] = set()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(keep(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
