"""A store that is served under one configuration after the other, with a journal that keeps all, for replays."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast

from ingestor import state
from ingestor.config import Batch, Config
from ingestor.delivery import Delivery, replays, routings
from ingestor.delivery.ledger import Ledger
from ingestor.delivery.replay import Replayer
from ingestor.delivery.replays import Phase, Replay
from ingestor.encode.types import TypeRegistry
from ingestor.journal import Cursor
from ingestor.ports import Decoders, Message, Point, Rejection, Value
from ingestor.retry import Backoff
from ingestor.routing import RoutingTable
from ingestor.stores.memory import MemoryStore
from ingestor.writer import BatchWriter
from tests.delivery.fakes import FakeCursor, FakeJournal
from tests.delivery.rig import InlineState, hurry

AT = 1_800_000_000
_ROUTE = {
    "topic": "sensors/{id}", "model": "climate", "bucket": "Farm", "device": "{id}", "time": {"field": "t", "unit": "s"}
}  # fmt: skip


def config(*devices: Mapping[str, object], **route: object) -> Config:
    """One route, with rows of `devices`."""
    return Config.model_validate({"routes": [_ROUTE | route], "devices": list(devices), "buckets": [{"name": "Lab"}]})


def device(name: str, rack: str, *, offset: float = 0.0, **more: object) -> dict[str, object]:
    """What holds for a device; two of one rack are one series."""
    return {
        "id": name,
        "tags": {"rack": rack, "id": "probe"},
        "calibration": {"temperature": {"offset": offset}},
        **more,
    }


def reading(name: str, number: int, *, temperature: object = 20.0, humidity: object = 50.0) -> Message:
    """A reading with a time of its own, a second after the one before it."""
    payload = f'{{"t": {AT + number}, "temperature": {temperature}, "humidity": {humidity}}}'
    return Message(f"sensors/{name}", payload.encode(), (AT + number) * 10**9 + len(name))


class Store(MemoryStore):
    """In memory; it can be told to fail at deleting.

    Attributes:
        refuse_deletion: Called before anything is deleted; may raise.
        deleted: How many points it was told to delete.
        largest_deletion: How many of them at once at most.
    """

    def __init__(self, answer: Callable[[Sequence[Point]], Sequence[Rejection]]) -> None:
        super().__init__(answer)
        self.refuse_deletion: Callable[[], None] = lambda: None
        self.deleted = 0
        self.largest_deletion = 0

    async def delete(self, points: Sequence[Point]) -> None:
        """Forget what is there of these points."""
        self.refuse_deletion()
        self.deleted += len(points)
        self.largest_deletion = max(self.largest_deletion, len(points))
        await super().delete(points)


class Journal(FakeJournal):
    """One whose readers come and go.

    Attributes:
        start: The oldest position there is.
        readers: Those of replays.
    """

    def __init__(self) -> None:
        super().__init__()
        self.start = 0
        self.readers: list[Cursor] = []

    def cursor(self, name: str, position: int, *, when_full: str = "pause") -> Cursor:  # type: ignore[override]
        """Register one."""
        del name, when_full
        self.readers.append(cast("Cursor", FakeCursor(self, position)))
        return self.readers[-1]

    def start_within(self, share: float) -> int:
        """Where it is told to begin."""
        assert 0.5 < share < 1
        return self.start

    def retire(self, cursor: Cursor) -> None:
        """Forget one."""
        self.readers.remove(cursor)


async def _make_at_once(text: str) -> Decoders:
    return routings.make_table(text)


class KilledError(Exception):
    """The process ends here."""


class Farm:
    """The store, what it was given, and what people want of it.

    Attributes:
        answer: How the store answers a batch; may raise.
        full: Whether the journal waits for room.
        delivery: The last one that was started.
    """

    delivery: Delivery

    def __init__(self, path: Path) -> None:
        self.state = InlineState(path)
        self.journal = Journal()
        self.full = False
        self.answer: Callable[[Sequence[Point]], Sequence[Rejection]] = lambda _: ()
        self.store = Store(self._answer)
        self.state.now(lambda connection: state.begin_cursor(connection, "local", 0))

    def _answer(self, points: Sequence[Point]) -> Sequence[Rejection]:
        return self.answer(points)

    def serve_until_killed(self, of: Config, *, transactions: int, moment: Literal["before", "after"]) -> bool:
        """Run until so many transactions were made, and end before or after the next; whether it came to that."""
        left = iter(range(transactions))

        def die() -> None:
            if next(left, None) is None:
                raise KilledError

        setattr(self.state, moment, die)
        killed = False
        try:
            self.serve(of)
        except* KilledError:
            killed = True
        self.state.before = self.state.after = lambda: None
        return killed

    def serve(
        self, of: Config, *messages: Message, secs: float = 20.0, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Run with a configuration while these come and something else happens, until nothing is left to do."""
        hurry(self._serve(of, messages, secs, meanwhile))

    async def _serve(self, of: Config, messages: Sequence[Message], secs: float, meanwhile: Callable[[], None]) -> None:
        delivery, replayer = self._start(of)
        await replayer.resume()
        self.journal.grown = asyncio.Event()  # of this loop
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            self.journal.append(*messages)
            await asyncio.sleep(secs / 2)
            meanwhile()
            await asyncio.sleep(secs / 2)
            delivery.stop()

    def _start(self, of: Config) -> tuple[Delivery, Replayer]:
        ledger = self.state.now(lambda connection: self._ledger(connection, of))
        table = RoutingTable(of)
        writer = BatchWriter("local", self.store, types=TypeRegistry({}), backoff=Backoff(0.5, 30, lambda: 1.0))
        self.journal.readers.clear()
        replayer = Replayer(
            ledger,
            journal=self.journal,
            decoders=table,
            writer=writer,
            state=self.state,
            make_table=_make_at_once,
        )
        cursor = cast("Cursor", FakeCursor(self.journal, ledger.position))
        batch = Batch(max_points=50)
        self.delivery = Delivery(
            cursor,
            decoders=table,
            writer=writer,
            state=self.state,
            ledger=ledger,
            batch=batch,
            pressed=lambda: self.full,
            replayer=replayer,
        )
        return self.delivery, replayer

    def _ledger(self, connection: sqlite3.Connection, of: Config) -> Ledger:
        row, totals = state.cursors(connection)["local"], state.counters(connection, "local")
        end = len(self.journal.slots)
        routing = routings.begin(connection, "local", row.position, journal_end=end, text=routings.text_of(of))
        replays.retarget(connection, "local", routing)
        types = TypeRegistry({})
        return Ledger("local", row, totals=totals, types=types, max_letter_bytes=2**24, routing=routing)

    def ask(self, of: Config, *, begin: int = 0, until: int | None = None) -> None:
        """Ask for a replay with a configuration."""

        def ask(connection: sqlite3.Connection) -> None:
            routing = routings.register(connection, routings.text_of(of))
            replays.ask(connection, "local", begin, until, routing=routing, now_ns=1)

        self.state.now(ask)

    @property
    def replay(self) -> Replay:
        """The last one that was asked for."""
        return self.state.now(replays.all_of)[-1]

    @property
    def points(self) -> dict[tuple[str, int], dict[str, Value]]:
        """What is stored, by rack and by the number of the reading."""
        return {
            (dict(tags).get("rack", "-"), time_ns // 10**9 - AT): fields
            for (_, _, tags, time_ns), fields in self.store.points.items()
        }

    def accounts(self) -> dict[str, int]:
        """What the messages count as, those of no count left out; that none is missing is made sure of."""
        names = ("stored", "set_aside", "unrouted", "ignored", "dropped", "damaged", "held")
        counters = self.state.now(lambda connection: state.counters(connection, "local"))
        found = {name: counters[name] for name in names if counters.get(name)}

        assert sum(found.values()) == self.state.now(state.cursors)["local"].position
        return found

    @property
    def done(self) -> bool:
        """Whether the last replay is through, and nothing is kept for it any more."""
        return self.replay.phase is Phase.DONE and not self.journal.readers
