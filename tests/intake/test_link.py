"""The session on a socket, without the socket."""

import asyncio

import pytest

from ingestor.errors import BrokerError, BrokerUnavailableError
from ingestor.intake.idorder import IdOrder
from ingestor.intake.link import Link
from ingestor.intake.outgoing import PINGREQ, Hello
from ingestor.intake.redelivery import Redelivery
from ingestor.intake.replies import Connack
from ingestor.intake.session import ClosedError, NoConnackError, Session
from ingestor.intake.wire import Version
from tests.intake.fakes import FakeTransport, MemoryLog, Tally
from tests.intake.packets import connack, publish, suback
from tests.support import eventually_async, run

V5 = Version.V5


def message(number: int, payload: bytes = b"1", *, flags: int = 2) -> bytes:
    """A QoS 1 message of the broker."""
    return publish("a", payload, packet_id=number, flags=flags)


def puback(*numbers: int) -> bytes:
    """Acknowledgements of ours."""
    return b"".join(b"\x40\x02" + number.to_bytes(2, "big") for number in numbers)


class Wire:
    """A link on a transport of the test's, connected."""

    def __init__(self, log: MemoryLog, *, proven: bool = True, keep_alive: int = 60) -> None:
        self.tally = Tally()
        hello = Hello("me", keep_alive_secs=keep_alive)
        session = Session(hello, V5, max_packet=5000, order=IdOrder(proven=proven))
        self.link = Link(session, log=log, tally=self.tally, wall_clock_ns=lambda: 1000)
        self.transport = FakeTransport()

    async def connect(self, *, present: bool = True, redelivery: Redelivery | None = None) -> Connack:
        """Shake hands."""
        self.link.connection_made(self.transport)
        beginning = asyncio.create_task(self.link.begin(redelivery or Redelivery()))
        await eventually_async(lambda: self.transport.written)
        self.link.data_received(connack(V5, present=present))
        self.transport.take()
        return await beginning


async def settle() -> None:
    """Let everything that was called soon be called."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_acknowledges_only_what_is_on_disk() -> None:
    """A message is acknowledged when its group is on disk, and not before."""

    async def main() -> tuple[bytes, bytes]:
        log = MemoryLog(at_once=False)
        wire = Wire(log)
        await wire.connect()
        wire.link.data_received(message(1) + message(2))
        await settle()
        before = wire.transport.take()
        log.commit()
        await settle()
        return before, wire.transport.take()

    assert run(main()) == (b"", puback(1, 2))


def test_a_group_is_acknowledged_with_one_write() -> None:
    """What several reads brought and one group took to the disk shares a write."""

    async def main() -> list[bytes]:
        log = MemoryLog(at_once=False)
        wire = Wire(log)
        await wire.connect()
        for number in (1, 2, 3):
            wire.link.data_received(message(number))
        log.commit()
        await settle()
        return wire.transport.written

    assert run(main()) == [puback(1, 2, 3)]


def test_nothing_is_acknowledged_on_a_later_connection() -> None:
    """What gets to the disk after its connection ended is not acknowledged at all: its id may mean another message."""

    async def main() -> tuple[bytes, bytes]:
        log = MemoryLog(at_once=False)
        first, second = Wire(log), Wire(log)
        await first.connect()
        first.link.data_received(message(1))
        first.link.connection_lost(None)
        first.transport.take()
        await second.connect()
        log.commit()
        await settle()
        return first.transport.take(), second.transport.take()

    assert run(main()) == (b"", b"")


def test_a_journal_that_closes_acknowledges_nothing() -> None:
    """A message that the journal gave up is not acknowledged, and the link lives on."""

    async def main() -> tuple[bytes, bool, BrokerError | None]:
        log = MemoryLog(at_once=False)
        wire = Wire(log)
        await wire.connect()
        wire.link.data_received(message(1))
        log.crash()
        await settle()
        return wire.transport.take(), wire.link.owes, wire.link.error

    assert run(main()) == (b"", True, None)


def test_what_is_recognised_is_acknowledged_but_not_journaled() -> None:
    """A redelivery is counted and acknowledged in its place."""

    async def main() -> tuple[list[bytes], int, bytes]:
        log = MemoryLog()
        wire = Wire(log)
        tail = Redelivery([(1, "a", b"1"), (2, "a", b"1")])
        await wire.connect(redelivery=tail)
        wire.link.data_received(message(1, flags=10) + message(2, flags=10) + message(3, b"new", flags=10))
        await settle()
        return [one.payload for one in log.messages], wire.tally.recognised, wire.transport.take()

    assert run(main()) == ([b"new"], 2, puback(1, 2, 3))


@pytest.mark.parametrize(("present", "proven"), [(False, True), (True, False)])
def test_without_session_or_proof_everything_is_kept(*, present: bool, proven: bool) -> None:
    """Where nothing can be told of the ids, no reading is left out."""

    async def main() -> tuple[int, int]:
        log = MemoryLog()
        wire = Wire(log, proven=proven)
        await wire.connect(present=present, redelivery=Redelivery([(1, "a", b"1")]))
        wire.link.data_received(message(1, flags=10))
        await settle()
        return len(log.messages), wire.tally.recognised

    assert run(main()) == (1, 0)


def test_times_of_receipt_are_unique() -> None:
    """Equal messages of one read and of the next have different times, though the clock stands still."""

    async def main() -> list[int]:
        log = MemoryLog()
        wire = Wire(log)
        await wire.connect()
        wire.link.data_received(message(1) + message(2))
        wire.link.data_received(message(3))
        await settle()
        return [one.received_ns for one in log.messages]

    assert run(main()) == [1000, 1001, 1002]


def test_an_oversized_message_is_acknowledged_in_its_place() -> None:
    """Its head is recorded first; what came after it waits for that."""

    async def main() -> tuple[bytes, bytes]:
        wire = Wire(MemoryLog())
        await wire.connect()
        wire.link.data_received(message(1) + message(2, b"x" * 6000) + message(3))
        await settle()
        before = wire.transport.take()
        [(_, share)] = wire.link.heads
        wire.link.recorded(share)
        await settle()
        return before, wire.transport.take()

    assert run(main()) == (puback(1), puback(2, 3))


def test_reading_pauses_while_the_journal_is_behind() -> None:
    """Over the limit nothing is read; it goes on at half of it, without anything else happening."""

    async def main() -> list[bool]:
        log = MemoryLog()
        wire = Wire(log)
        await wire.connect()
        seen = []
        log.backlog_bytes = log.backlog_limit + 1
        wire.link.data_received(message(1))
        seen.append(wire.transport.reading)
        log.backlog_bytes = log.backlog_limit // 2 + 1
        wire.link.resume_writing()
        seen.append(wire.transport.reading)
        log.backlog_bytes = log.backlog_limit // 2
        await eventually_async(lambda: wire.transport.reading)
        return [*seen, wire.link.paused]

    assert run(main()) == [False, False, False]


def test_a_broker_that_does_not_wait_is_read_in_large_steps() -> None:
    """Once so much came unacknowledged, each read is followed by a short pause in which more comes together."""

    async def main() -> list[bool]:
        wire = Wire(MemoryLog())
        await wire.connect()
        wire.link.data_received(b"".join(map(message, range(1, 130))))
        seen = [wire.transport.reading]
        await eventually_async(lambda: wire.transport.reading)
        wire.link.data_received(message(130))
        seen.append(wire.transport.reading)
        await eventually_async(lambda: wire.transport.reading)
        return seen

    assert run(main()) == [False, False]


def test_a_broker_that_may_wait_for_us_is_read_at_once() -> None:
    """A narrow window that is full, again and again, is no reason to keep the broker waiting."""

    async def main() -> list[bool]:
        wire = Wire(MemoryLog())
        await wire.connect()
        seen = []
        for _ in range(3):
            wire.link.data_received(b"".join(map(message, range(1, 129))))
            seen.append(wire.transport.reading)
        return seen

    assert run(main()) == [True, True, True]


def test_pings_go_out_while_reading_is_paused() -> None:
    """A slow disk does not end the connection: pings go out, and silence means nothing."""

    async def main() -> BrokerError | None:
        log = MemoryLog()
        wire = Wire(log, keep_alive=1)
        await wire.connect()
        log.backlog_bytes = log.backlog_limit + 1
        wire.link.data_received(message(1))
        await eventually_async(lambda: b"".join(wire.transport.written).count(PINGREQ) >= 4)
        return wire.link.error

    assert run(main()) is None


def test_reading_pauses_while_the_broker_does_not_read() -> None:
    """What we owe the broker may not pile up without bound."""

    async def main() -> list[bool]:
        wire = Wire(MemoryLog())
        await wire.connect()
        wire.link.pause_writing()
        paused = wire.transport.reading
        wire.link.resume_writing()
        return [paused, wire.transport.reading]

    assert run(main()) == [False, True]


def test_a_silent_connection_ends() -> None:
    """Without a byte for 1.5 times the keep-alive the link fails by itself."""

    async def main() -> BrokerError | None:
        wire = Wire(MemoryLog(), keep_alive=1)
        await wire.connect()
        await eventually_async(lambda: wire.link.error)
        return wire.link.error

    assert "silent" in str(run(main()))


def test_nothing_is_read_before_connect_is_sent() -> None:
    """What a broker sends before it was asked stays in the socket."""

    async def main() -> bool:
        wire = Wire(MemoryLog())
        wire.link.connection_made(wire.transport)
        return wire.transport.reading

    assert not run(main())


def test_a_broker_that_hangs_up_unanswered_is_told_from_one_that_broke() -> None:
    """Before CONNACK it may not know our version; afterwards it is a broken connection."""

    async def main() -> tuple[type[BrokerError] | None, type[BrokerError] | None]:
        early, late = Wire(MemoryLog()), Wire(MemoryLog())
        early.link.connection_made(early.transport)
        beginning = asyncio.create_task(early.link.begin(Redelivery()))
        await eventually_async(lambda: early.transport.written)
        early.link.connection_lost(None)
        await late.connect()
        late.link.connection_lost(ConnectionResetError("reset"))
        await asyncio.wait({beginning})
        return type(beginning.exception()), type(late.link.error)  # type: ignore[return-value]

    assert run(main()) == (NoConnackError, ClosedError)


def test_subscribing_ends_with_the_connection() -> None:
    """Nobody waits for an answer that cannot come."""

    async def main() -> BaseException | None:
        wire = Wire(MemoryLog())
        await wire.connect()
        subscribing = asyncio.create_task(wire.link.subscribe(["a"]))
        await eventually_async(lambda: wire.transport.written)
        wire.link.connection_lost(None)
        await asyncio.wait({subscribing})
        return subscribing.exception()

    assert isinstance(run(main()), BrokerUnavailableError)


def test_late_answers_and_bytes_do_no_harm() -> None:
    """After the end nothing is taken in, and an answer that nobody waits for is dropped."""

    async def main() -> int:
        log = MemoryLog()
        wire = Wire(log)
        await wire.connect()
        subscribing = asyncio.create_task(wire.link.subscribe(["a"]))
        await eventually_async(lambda: wire.transport.written)
        subscribing.cancel()
        await settle()
        wire.link.data_received(suback(V5, 1, b"\x01"))
        wire.link.fail(BrokerUnavailableError("over"))
        wire.link.data_received(message(1))
        return len(log.messages)

    assert run(main()) == 0
