"""Session, link and redelivery against a model of a broker, with cuts and crashes at any moment."""

import asyncio
from collections import Counter
from collections.abc import Coroutine

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingestor.intake.idorder import IdOrder
from ingestor.intake.link import Link
from ingestor.intake.outgoing import Hello
from ingestor.intake.redelivery import Redelivery
from ingestor.intake.session import Session
from ingestor.intake.wire import Version
from ingestor.ports import Message
from tests.intake.fakes import FakeTransport, MemoryLog, Tally
from tests.intake.model import ModelBroker, number_of

VALUES = st.sampled_from([b"20", b"20", b"20.5"])


class Road(RuleBasedStateMachine):
    """A broker, a connection, an intake and its journal; each rule is something that may happen at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.log = MemoryLog(at_once=False)
        self.tally = Tally()
        self.proven_on_disk = False
        self.published: dict[int, tuple[bytes, int]] = {}
        self.excused_loss: set[int] = set()
        self.excused_double: set[int] = set()
        self.seen: Counter[int] = Counter()

    @initialize(
        version=st.sampled_from(list(Version)),
        lowest_free=st.booleans(),
        window=st.integers(1, 8),
        last_id=st.sampled_from([0, 65_530]),
        warm=st.sampled_from([0, 1, 2, 3]),
    )
    def start(self, *, version: Version, lowest_free: bool, window: int, last_id: int, warm: int) -> None:
        """A new broker, the first connection, and some messages, after which the order of ids may be known."""
        self.broker = ModelBroker(version, lowest_free=lowest_free, window=window, last_id=last_id)
        self.connect()
        for _ in range(warm):
            self.publish(b"20", 1, 1)
            self.flow()

    @rule(payload=VALUES, qos=st.sampled_from([1, 1, 1, 0]), times=st.sampled_from([1, 1, 2, 5]))
    def publish(self, payload: bytes, qos: int, times: int) -> None:
        """A sensor repeats a value."""
        for _ in range(times):
            number = self.broker.publish("rack1/t", payload, qos)
            if number is not None:
                self.published[number] = (payload, qos)

    @rule(size=st.sampled_from([5, 45, 10**6, 10**6]))
    def arrive(self, size: int) -> None:
        """Some bytes arrive, or all that are on their way."""
        data = bytes(self.broker.down[:size])
        del self.broker.down[:size]
        if data and self.transport.reading:
            self.do(lambda: self.link.data_received(data))

    @rule()
    def flow(self) -> None:
        """Everything that is on its way arrives, on both sides, and is on disk."""
        for _ in range(3):
            self.arrive(10**6)
            self.commit()
            self.broker_reads()

    @rule(count=st.none() | st.integers(1, 2))
    @precondition(lambda self: self.log.waiting)
    def commit(self, count: int | None = None) -> None:
        """A group gets to the disk, and with it what is known of the order of ids."""
        self.do(lambda: self.log.commit(count))
        self.proven_on_disk = self.order.proven

    @rule()
    @precondition(lambda self: self.transport.written)
    def broker_reads(self) -> None:
        """The broker reads what we sent."""
        self.broker.receive(self.transport.take())

    @rule()
    @precondition(lambda self: self.broker.queue)
    def expire(self) -> None:
        """A message that waits at the broker is over its time."""
        number = self.broker.expire()
        if number is not None:
            self.excused_loss.add(number)

    @rule(killed=st.booleans())
    @precondition(lambda self: self.broker.inflight or self.broker.down)
    def cut(self, *, killed: bool = False) -> None:
        """The connection breaks and is made anew; what came gets to the disk first, or is gone if we are killed."""
        self.end_connection()
        if killed:
            self.do(self.log.crash)
            self.order = IdOrder(proven=self.proven_on_disk)
        self.commit()
        self.connect()

    @rule()
    @precondition(lambda self: self.order.proven and len(self.published) > 5)
    def forget(self) -> None:
        """The broker loses our session, and what it held for us."""
        self.do(lambda: self.link.connection_lost(None))
        self.excused_loss.update(self.broker.forget())
        self.cut()

    @invariant()
    def link_is_well(self) -> None:
        """Nothing that a correct broker does looks like a fault."""
        if hasattr(self, "link"):
            assert self.link.error is None

    def connect(self) -> None:
        """Connect as `MqttIntake` does, up to the subscription."""
        self.do(self._connect)
        self.broker_reads()
        if not self.order.proven:
            self.excuse_doubles()
        self.do(self._subscribe)

    def _connect(self) -> None:
        if not hasattr(self, "order"):
            self.order = IdOrder()
        hello = Hello("model", keep_alive_secs=600)
        session = Session(hello, self.broker.version, max_packet=2**20, order=self.order)
        self.link = Link(session, log=self.log, tally=self.tally)
        self.transport = FakeTransport()
        self.link.connection_made(self.transport)
        redelivery = Redelivery(self.log.unacknowledged() if self.order.proven else ())
        self.in_background(self.link.begin(redelivery))

    def _subscribe(self) -> None:
        """The CONNACK arrives first, alone: messages may follow in any pieces."""
        size = 5 if self.broker.version is Version.V5 else 4
        data = bytes(self.broker.down[:size])
        del self.broker.down[:size]
        self.link.data_received(data)
        if not self.order.proven:
            self.proven_on_disk = False
        self.in_background(self.link.subscribe(["#"]))

    def in_background(self, work: Coroutine[None, None, object]) -> None:
        """Let it go on for as long as the connection does; that it ends with the connection is no news."""
        self.loop.create_task(work).add_done_callback(lambda task: task.cancelled() or task.exception())

    def excuse_doubles(self) -> None:
        """Where it is not proven that ids count up, what the journal has and the broker sends again is kept twice."""
        self.excused_double.update(letter.number for letter in self.broker.inflight)

    def end_connection(self) -> None:
        """Both ends lose the connection."""
        self.do(lambda: self.link.connection_lost(None))
        self.broker.cut()

    def do(self, step: object) -> None:
        """Take a step inside the loop, and let the loop do what it leads to."""

        async def main() -> None:
            step()  # type: ignore[operator]
            for _ in range(4):
                await asyncio.sleep(0)

        self.loop.run_until_complete(main())

    def teardown(self) -> None:
        """When all is quiet at last: nothing is lost, and nothing is double where ids count up."""
        try:
            if hasattr(self, "broker"):
                self.cut()
                while self.broker.queue or self.broker.inflight or self.broker.down:
                    self.flow()
                self.check(self.log.messages)
                self.end_connection()
        finally:
            self.loop.close()

    def check(self, journal: list[Message]) -> None:
        """Compare what was published with what was journaled."""
        wanted = {number for number, (_, qos) in self.published.items() if qos} - self.excused_loss
        if self.broker.version is Version.V311:
            have = Counter(message.payload for message in journal if message.qos)
            want = Counter(self.published[number][0] for number in wanted)
            assert not want - have, "messages are lost"
            if not self.broker.lowest_free and not self.excused_double:
                extra = Counter(self.published[number][0] for number in self.excused_loss)
                assert not have - want - extra, "messages are double"
            return
        seen = Counter(number_of(message) for message in journal)
        assert wanted <= seen.keys(), "messages are lost"
        if not self.broker.lowest_free:
            double = {number for number, times in seen.items() if times > 1}
            assert double <= self.excused_double, "messages are double"


TestRoad = Road.TestCase
TestRoad.settings = settings(deadline=None, max_examples=300, stateful_step_count=30)
