"""Brokers that misbehave: the intake neither hangs nor dies, and comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from ingestor.intake.session import SessionTakenOverError
from ingestor.intake.wire import Version
from tests.intake.fakes import MemoryLog
from tests.intake.packets import PINGRESP, connack, publish, suback
from tests.intake.wait import Notes, make_intake, running, serving
from tests.support import LOOPS, eventually_async, run

V5 = Version.V5
HELLO = connack(V5)
GOODBYE = b"\xe0\x00"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedBroker:
    """Misbehaves on its first connections as scripted, and behaves on every later one.

    Args:
        *scripts: What it does on the first connections.

    Attributes:
        connections: How many it has had.
    """

    def __init__(self, *scripts: Behaviour) -> None:
        self.connections = 0
        self.received = bytearray()
        self._scripts = scripts

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address while it listens."""
        async with serving(self._serve) as port:
            yield f"mqtt://127.0.0.1:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at = self.connections
        self.connections += 1
        with suppress(ConnectionError):
            await (self._scripts[at] if at < len(self._scripts) else self.behave)(reader, writer)

    async def behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Welcome, one message, and an answer to whatever comes."""
        await reader.read(65_536)
        writer.write(HELLO)
        await reader.read(65_536)
        writer.write(suback(V5, 1, b"\x01") + publish("t/good", b"1", packet_id=1, flags=2))
        while (data := await reader.read(65_536)) and not data.endswith(GOODBYE):
            self.received += data
            writer.write(PINGRESP)


async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer CONNECT and SUBSCRIBE as it should be."""
    await reader.read(65_536)
    writer.write(HELLO)
    await reader.read(65_536)
    writer.write(suback(V5, 1, b"\x01"))


def answers(data: bytes) -> Behaviour:
    """Answers CONNECT with these bytes, and hangs up."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(data)
        await writer.drain()

    return script


def sends(data: bytes, *, then_hangs: bool = False) -> Behaviour:
    """Takes us on as it should, then sends these bytes, and waits for the end or, with `then_hangs`, falls silent."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await welcome(reader, writer)
        writer.write(data)
        while await reader.read(65_536):
            if not then_hangs:
                writer.write(PINGRESP)

    return script


async def ignores_subscribe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers pings, but not SUBSCRIBE."""
    await reader.read(65_536)
    writer.write(HELLO)
    while await reader.read(65_536):
        writer.write(PINGRESP)


async def hangs_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closes at once."""
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Breaks the connection off."""
    await reader.read(65_536)
    writer.transport.abort()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a message byte by byte, and then half a packet."""
    await welcome(reader, writer)
    for byte in publish("t/drip", b"1", packet_id=9, flags=2) + publish("t/half", b"x" * 100)[:50]:
        writer.write(bytes((byte,)))
        await writer.drain()


SCRIPTS = {
    "hangs up": hangs_up,
    "resets": resets,
    "drips": drips,
    "silence instead of SUBACK": ignores_subscribe,
    "garbage": answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "zeros": answers(b"\x00" * 100),
    "no CONNACK but a message": answers(publish("t/x", b"1")),
    "two CONNACKs": answers(HELLO * 2),
    "AUTH": answers(HELLO + b"\xf0\x02\x18\x00"),
    "wrong SUBACK": answers(HELLO + suback(V5, 77, b"\x01")),
    "reserved QoS": sends(b"\x36\x07\x00\x01a\x00\x01\x00x"),
    "endless length": sends(b"\x30\xff\xff\xff\xff\xff"),
    "huge control packet": sends(b"\xd0\xff\xff\xff\x7f"),
    "unknown alias": sends(publish("", b"1", properties=b"\x23\x00\x05")),
    "packet id 0": sends(b"\x32\x06\x00\x01a\x00\x00\x00"),
    "cut properties": sends(b"\x30\x05\x00\x01a\x09x"),
    "goodbye": sends(b"\xe0\x01\x8b"),
    "silence after a message": sends(publish("t/x", b"1"), then_hangs=True),
    "half a packet and silence": sends(publish("t/x", b"1" * 900)[:400], then_hangs=True),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_misbehaving_broker_is_left_and_tried_again(script: Behaviour) -> None:
    """After anything that a broker may do the intake connects anew, and then takes messages."""

    async def main() -> list[str]:
        log = MemoryLog()
        broker = ScriptedBroker(script)
        async with broker.listening() as url, running(make_intake(url, log, settings={"protocol": "5"})):
            await eventually_async(lambda: b"\x40\x02\x00\x01" in broker.received)
        return [message.topic for message in log.messages]

    assert run(main())[-1] == "t/good"


def test_a_session_that_is_taken_over_ends_with_the_explanation() -> None:
    """Another client of our name ends the run, in words, also long after the start."""

    async def main() -> None:
        broker = ScriptedBroker(sends(b"\xe0\x01\x8b"), sends(b"\xe0\x01\x8e"))
        async with broker.listening() as url:
            await make_intake(url, MemoryLog(), settings={"protocol": "5"}).run()

    with pytest.raises(SessionTakenOverError, match="another client uses the same client id"):
        run(main())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_topic_that_is_not_utf8_harms_no_other_message(loop: str) -> None:
    """It is journaled and acknowledged like the others."""

    async def main() -> list[str]:
        log = MemoryLog()
        broken = b"\x32\x08\x00\x02t\xff\x00\x07\x00x"

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await welcome(reader, writer)
            writer.write(broken + publish("t/b", b"1", packet_id=8, flags=2))
            while (data := await reader.read(65_536)) and not data.endswith(GOODBYE):
                broker.received += data

        broker = ScriptedBroker(script)
        async with broker.listening() as url, running(make_intake(url, log, settings={"protocol": "5"})):
            await eventually_async(lambda: b"\x40\x02\x00\x07\x40\x02\x00\x08" in broker.received)
        return [message.topic for message in log.messages[:2]]

    assert run(main(), loop=loop) == ["t\\xff", "t/b"]


def test_oversized_messages_are_skipped_without_being_held() -> None:
    """Their heads are recorded, they are acknowledged, and what follows them is journaled."""

    async def main() -> tuple[list[int], int, list[bytes]]:
        log, notes = MemoryLog(), Notes()
        big = publish("t/big", b"x" * 300_000, packet_id=1, flags=2)

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await welcome(reader, writer)
            writer.write(big + publish("t/b", b"small", packet_id=2, flags=2))
            while (data := await reader.read(65_536)) and not data.endswith(GOODBYE):
                broker.received += data

        broker = ScriptedBroker(script)
        intake = make_intake("mqtt://x", log, notes)
        async with broker.listening() as url:
            intake = make_intake(url, log, notes, settings={"protocol": "5", "max_packet": "64KiB"})
            async with running(intake):
                await eventually_async(lambda: b"\x40\x02\x00\x01\x40\x02\x00\x02" in broker.received)
        return [head.size for head in notes.heads], intake.skipped, [message.payload for message in log.messages]

    sizes, skipped, payloads = run(main())

    assert sizes == [300_014]
    assert skipped == 1
    assert payloads == [b"small"]


def test_a_broker_of_311_that_is_silent_to_mqtt_5_is_found_out() -> None:
    """With `auto`, silence to MQTT 5 leads to 3.1.1, and what worked is spoken from then on."""

    async def main() -> tuple[str, int]:
        log = MemoryLog()

        async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = await reader.read(65_536)
            if asked[8] == Version.V311:
                writer.write(connack(Version.V311))
                await reader.read(65_536)
                writer.write(suback(Version.V311, 1, b"\x01"))
            while (data := await reader.read(65_536)) and not data.endswith(GOODBYE):
                writer.write(PINGRESP)

        broker = ScriptedBroker(*([old] * 9))
        async with broker.listening() as url:
            intake = make_intake(url, log)
            async with running(intake):
                await eventually_async(lambda: intake.subscribed)
                return intake.protocol, broker.connections

    assert run(main()) == ("3.1.1", 2)


def test_a_broker_that_reads_nothing_is_not_read_from() -> None:
    """While the broker does not take our acknowledgements, its messages are left in the socket."""

    async def main() -> bool:
        log = MemoryLog()
        flood = b"".join(publish("t/f", b"1", packet_id=number, flags=2) for number in range(1, 60_001))

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await welcome(reader, writer)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            while True:
                writer.write(flood)
                await writer.drain()

        broker = ScriptedBroker(script)
        async with broker.listening() as url:
            intake = make_intake(url, log, settings={"protocol": "5", "keep_alive": "60s"})
            async with running(intake, stop=False):
                link = await eventually_async(lambda: intake._link)
                await eventually_async(lambda: link is not None and link._stuffed)
                return link is not None and link._reading

    assert not run(main())
