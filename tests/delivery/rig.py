"""A delivery with everything around it under the test's control, and a loop whose time passes at once."""

import asyncio
import selectors
import sqlite3
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from ingestor import state
from ingestor.config import Batch
from ingestor.delivery.ledger import Ledger
from ingestor.delivery.loop import Delivery
from ingestor.encode.types import TypeRegistry
from ingestor.errors import BucketError
from ingestor.ports import Point, Rejection
from ingestor.retry import Backoff
from ingestor.state import Result, State, Work
from ingestor.stats import StoreStats
from ingestor.stores.memory import MemoryStore
from ingestor.writer import BatchWriter
from tests.delivery.fakes import FakeCursor, FakeDecoders, FakeJournal

Returned = TypeVar("Returned")


class _Hurried(selectors.SelectSelector):
    """Where nothing is ready, time jumps to when the next timer is due."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits for ever"
            self.now += timeout
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """Waits take no time. Only for what uses neither threads nor sockets."""

    def __init__(self) -> None:
        self._hurried = _Hurried()
        super().__init__(self._hurried)

    def time(self) -> float:
        """Seconds that have passed for what runs in it."""
        return self._hurried.now

    def pass_time(self, secs: float) -> None:
        """As if what runs had computed for so long."""
        self._hurried.now += secs


def hurry(main: Coroutine[Any, Any, Returned]) -> Returned:
    """What the coroutine returns, without any waiting."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(main)


class InlineState(State):
    """The state without its thread: the same transactions on the same file, at once.

    Attributes:
        before: Called before each transaction; may raise.
        after: The same once it is on disk, while the caller does not know that yet.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path
        self.connection = state.open_state(path)
        self.connection.execute("PRAGMA synchronous = OFF")
        weakref.finalize(self, self.connection.close)
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    async def run(self, work: Work[Result]) -> Result:
        """Run one transaction."""
        self.before()
        result = self.now(work)
        self.after()
        return result

    def now(self, work: Work[Result]) -> Result:
        """The same for the test itself."""
        return state.transact(self.connection, work, self.path)


class Rig:
    """A journal, a store and a state that outlive the deliveries that `start` makes.

    Attributes:
        answer: How the store answers a batch; may raise.
        letter_bytes: The bound of all dead letters together.
    """

    def __init__(self, path: Path, journal: FakeJournal, batch: Batch) -> None:
        self.state = InlineState(path)
        self.journal = journal
        self.decoders = FakeDecoders()
        self.store = MemoryStore(self._answer)
        self.answer: Callable[[Sequence[Point]], Sequence[Rejection]] = lambda _: ()
        self.batch = batch
        self.letter_bytes = 2**24
        self.state.now(lambda connection: state.begin_cursor(connection, "local", 0))

    def _answer(self, points: Sequence[Point]) -> Sequence[Rejection]:
        return self.answer(points)

    def break_buckets(self, *buckets: str) -> None:
        """From now on the store refuses these buckets, and no others."""

        def answer(points: Sequence[Point]) -> Sequence[Rejection]:
            if broken := {point.series.bucket for point in points}.intersection(buckets):
                raise BucketError.together([BucketError(bucket, "no rights") for bucket in sorted(broken)])
            return ()

        self.answer = answer

    def start(self) -> Delivery:
        """A delivery from what is on disk, as a start of the service makes it."""

        def load(connection: sqlite3.Connection) -> tuple[Ledger, TypeRegistry]:
            types = TypeRegistry(state.field_types(connection, "local"))
            row, totals = state.cursors(connection)["local"], state.counters(connection, "local")
            return Ledger("local", row, totals=totals, types=types, max_letter_bytes=self.letter_bytes), types

        self.ledger, types = self.state.now(load)
        self.writer = BatchWriter(
            "local",
            self.store,
            types=types,
            may_hold=lambda: self.ledger.may_hold,
            backoff=Backoff(0.5, 30, lambda: 1.0),
        )
        self.cursor = self.journal.cursor(self.ledger.position)
        self.delivery = Delivery(
            self.cursor,
            decoders=self.decoders,
            writer=self.writer,
            state=self.state,
            ledger=self.ledger,
            batch=self.batch,
        )
        return self.delivery

    @property
    def released(self) -> int:
        """Up to where the journal may forget."""
        assert isinstance(self.cursor, FakeCursor)
        return self.cursor.released

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start; in the end stop, and wait until everything is written."""
        delivery = self.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            yield
            delivery.stop()

    async def run_for(self, secs: float) -> None:
        """Start, let that much time pass, and stop."""
        async with self.running():
            await asyncio.sleep(secs)

    def stats(self, *, now_ns: int = 0) -> StoreStats:
        """What the delivery says of itself."""
        return self.delivery.stats(journal_end=len(self.journal.slots), now_ns=now_ns)

    def saved(self) -> dict[str, int]:
        """The counters on disk that are not 0, reasons left out."""
        counters = self.state.now(lambda connection: state.counters(connection, "local"))
        return {name: number for name, number in counters.items() if number and not name.startswith("reason.")}
