"""Gives a store messages of the journal once more, beside what comes: what people asked for with `journal replay`."""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, Self

from ingestor import deadletters
from ingestor.deadletters import Fate, Letter, Returned
from ingestor.delivery import replays, routings
from ingestor.delivery.ledger import Ledger, Saved
from ingestor.delivery.parcel import Parcel
from ingestor.delivery.replays import Phase, Replay
from ingestor.delivery.routings import Exceptional, Span
from ingestor.delivery.understanding import Understood, differ, understand
from ingestor.errors import ConfigError, StoreError, StoreUnavailableError
from ingestor.journal import Cursor
from ingestor.journal.cursor import WhenFull
from ingestor.ports import Chunk, Decoders, Message, Point
from ingestor.state import State
from ingestor.writer import BatchWriter
from ingestor.writer.engine import SLOW_RETRY_SECS

_log = logging.getLogger(__name__)

_CHUNK_MESSAGES = 500
_PATIENCE_SECS = 1.0
_CHUNK_BYTES = 4 * 2**20
_MAX_POINTS = 5_000  # that end a step: messages can have thousands of readings each, or be compressed
_TURN_SECS = 0.002  # of decoding, during which nothing else runs
_KEPT_SHARE = 0.75  # of the journal: what comes while a replay runs, or is held up, needs room too
_TABLES = 4  # of former routings, that are kept in memory


class Journal(Protocol):
    """What a replay wants of the journal; see `ingestor.journal.Journal`."""

    def start_within(self, share: float) -> int:
        """The oldest position that can still be read, and from which on the files take no more than a share."""

    def cursor(self, name: str, position: int, *, when_full: WhenFull) -> Cursor:
        """Register a reader."""

    def retire(self, cursor: Cursor) -> None:
        """Forget a reader."""


class UnknowableError(Exception):
    """A configuration of before cannot be used any more: a package with a model is gone, say."""


class Known(NamedTuple):
    """What is known of what a run of messages became when they were given to the store before."""

    spans: Sequence[Span]
    exceptions: dict[int, Exceptional]
    returned: dict[int, Returned]

    @classmethod
    def load(cls, connection: sqlite3.Connection, store: str, begin: int, until: int) -> "Known":
        """All that there is: the work of a transaction."""
        letters = deadletters.of_positions(connection, store, begin, until)
        return cls(
            routings.spans(connection, store, begin, until),
            routings.exceptions(connection, store, begin, until),
            {one.position: one for one in letters},
        )

    def routings_of(self, position: int) -> set[int]:
        """All under which a message may have been given to the store."""
        found = {span.routing for span in self.spans if span.covers(position)}
        more = self.exceptions.get(position)
        return found if more is None or more.routing is None else {*found, more.routing}

    def sure_routing(self, position: int) -> int | None:
        """The one under which it was, None where that is not known."""
        sure = [span for span in self.spans if span.sure and span.covers(position)]
        return sure[-1].routing if sure else None

    def before(self, until: int) -> Self:
        """Less what is known of messages from `until` on."""
        return self._replace(returned={at: one for at, one in self.returned.items() if at < until})

    @property
    def all_routings(self) -> set[int]:
        """All that any of the messages may have been given under."""
        more = {one.routing for one in self.exceptions.values() if one.routing is not None}
        return {span.routing for span in self.spans} | more


async def _in_thread(text: str) -> Decoders:
    return await asyncio.to_thread(routings.make_table, text)


class Replayer:
    """Takes what people asked for forward by one run of messages at a time, for one store.

    Every step may be repeated: what is to be deleted and what messages counted as is worked out from what is on disk,
    and that changes together with the position, once the store has done its part.

    Args:
        ledger: The store's accounts.
        journal: Where messages are read from; it keeps what a replay has still to read.
        decoders: The routing table in force, whose number the ledger knows.
        writer: The store's writer.
        state: Where all is kept.
        make_table: Makes the routing table of a text.

    Attributes:
        fault: What keeps a replay from going on, and what to do where that cannot be mended; None while nothing does.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        journal: Journal,
        decoders: Decoders,
        writer: BatchWriter,
        state: State,
        make_table: Callable[[str], Awaitable[Decoders]] = _in_thread,
    ) -> None:
        assert ledger.routing is not None  # noqa: S101 - else nobody would know what is in force
        self._routing = ledger.routing
        self._ledger = ledger
        self._journal = journal
        self._decoders = decoders
        self._writer = writer
        self._state = state
        self._make_table = make_table
        self._tables: dict[int, Decoders] = {}
        self._cursor: Cursor | None = None
        self._opened = 0
        self.fault: str | None = None
        self._again_at = 0.0

    async def resume(self) -> None:
        """Have the journal keep what a replay that is under way has still to read; before anything is appended."""
        replay = await self._next()
        if replay is not None and replay.phase is not Phase.ASKED:
            self._open(replay)

    async def step(self) -> bool:
        """Take the oldest replay forward by a run of messages; whether there is more to do at once.

        Raises:
            StateError: What was done is not on disk; it will be done again.
        """
        replay = await self._next()
        if replay is None or replay.routing != self._routing:
            self.fault = None
            self._let_go()
            return False
        clock = asyncio.get_running_loop().time
        if replay.fault and clock() < self._again_at:
            return False
        try:
            await self._advance(replay)
            self.fault = None
        except StoreError as error:
            asked = error.retry_after if isinstance(error, StoreUnavailableError) else None
            self._again_at = clock() + max(SLOW_RETRY_SECS, asked or 0.0)
            self.fault = f"replay {replay.id}: {error} (or give it up: journal replay --cancel {replay.id})"
            await self._keep(replay._replace(fault=str(error)))
            _log.warning("replay_held id=%d store=%s reason=%s", replay.id, replay.store, error)
            return False
        except UnknowableError as error:
            await self._keep(replay._replace(phase=Phase.FAILED, fault=str(error)))
            _log.error("replay_failed id=%d store=%s reason=%s", replay.id, replay.store, error)
        return True

    async def _advance(self, replay: Replay) -> None:
        if replay.phase is Phase.ASKED:
            await self._begin(replay)
            return
        assert replay.until is not None  # noqa: S101 - since it began
        if replay.position >= replay.until:
            await self._end_phase(replay)
            return
        room = min(_CHUNK_MESSAGES, replay.until - replay.position)
        try:
            async with asyncio.timeout(_PATIENCE_SECS):
                found = await self._reader(replay).read(max_messages=room, max_bytes=_CHUNK_BYTES)
        except TimeoutError:
            return  # a disk that is slow: what comes live has its turn first
        if isinstance(found, Chunk):
            await (self._delete if replay.phase is Phase.DELETE else self._write)(replay, found)
        else:
            gone = min(found.missing, replay.until - replay.position)
            lost = gone if replay.phase is Phase.WRITE else 0
            await self._keep(replay._replace(position=replay.position + gone, lost=replay.lost + lost))

    async def _begin(self, replay: Replay) -> None:
        self._open(replay)  # from here on the journal keeps what is wanted
        has = self._ledger.saved_position
        begin = max(replay.begin, self._journal.start_within(_KEPT_SHARE))
        until = max(begin, has if replay.until is None else min(replay.until, has))
        used = await self._state.run(lambda connection: routings.used(connection, replay.store, begin, until))
        others = used - {self._routing}
        for routing in others:
            await self._table(routing)  # rather now than between deleting and writing
        position = begin if others else until
        _log.info("replay_begins id=%d store=%s from=%d messages=%d", replay.id, replay.store, begin, until - begin)
        await self._keep(replay._replace(begin=begin, until=until, position=position, phase=Phase.DELETE, fault=""))

    async def _end_phase(self, replay: Replay) -> None:
        until = replay.until or 0
        if replay.phase is Phase.DELETE:
            following = replay._replace(phase=Phase.WRITE, position=replay.begin)

            def begin_to_write(connection: sqlite3.Connection) -> None:
                routings.note(connection, replay.store, replay.begin, until, self._routing, sure=False)
                replays.save(connection, following)

            await self._state.run(begin_to_write)
            return
        await self._keep(replay._replace(phase=Phase.DONE))
        self._let_go()
        _log.info(
            "replay_done id=%d store=%s messages=%d deleted=%d written=%d lost=%d",
            *(replay.id, replay.store, replay.messages, replay.deleted, replay.written, replay.lost),
        )

    async def _delete(self, replay: Replay, chunk: Chunk) -> None:
        """Delete what the messages left in other places, or with fields that they do not have now."""
        known = await self._known(chunk.position, chunk.end)
        gone: list[Point] = []
        end = chunk.end
        if known.all_routings - {self._routing}:
            async for position, message in _in_turns(chunk, lambda: len(gone) >= _MAX_POINTS):
                others = known.routings_of(position) - {self._routing}
                now = understand(position, message, self._decoders)
                gone.extend(differ([await self._before(position, message, other) for other in others], now).gone)
                end = position + 1
        if gone:
            await self._writer.delete(gone)
        done = replay._replace(position=end, deleted=replay.deleted + len(gone), fault="")
        await self._keep(done)

    async def _write(self, replay: Replay, chunk: Chunk) -> None:
        """Write what the messages come to now, and move them in the accounts from what they counted as."""
        known = await self._known(chunk.position, chunk.end)
        counts: Counter[str] = Counter()
        parcel = Parcel(chunk.position)
        async for position, message in _in_turns(chunk, lambda: _is_full(parcel)):
            await self._take_back(position, message, known, counts)
            parcel.take(Chunk(position, [message]), self._decoders)
        chunk = Chunk(chunk.position, chunk.messages[: parcel.messages])
        known = known.before(chunk.end)
        outcome = await self._writer.write(parcel.points)
        account = parcel.settle(*outcome)
        for number, message in enumerate(chunk.messages):
            fate: str = account.fates.get(number, Fate.STORED)
            if number not in account.fates and not parcel.points_of(number):
                fate = understand(chunk.position + number, message, self._decoders).fate
            counts[fate] += 1
        for name in ("points", "fields_set_aside"):
            counts[name] += account.counts[name]
        for letter in account.letters:
            counts[f"reason.{letter.reason}"] += letter.position not in known.returned
        await self._settle(replay, chunk, known, counts, account.letters)

    async def _take_back(self, position: int, message: Message, known: Known, counts: Counter[str]) -> None:
        """Take a message out of what it counts as."""
        returned, told = known.returned.get(position), known.exceptions.get(position)
        if returned is not None:
            counts[returned.fate] -= 1  # and its letters tell which fields were left out
            return
        routing = known.sure_routing(position) if told is None or told.routing is None else told.routing
        before = await self._before(position, message, routing)
        counts[before.fate if told is None else told.fate] -= 1
        counts["fields_set_aside"] -= before.fields_left_out

    async def _settle(
        self, replay: Replay, chunk: Chunk, known: Known, counts: Counter[str], letters: list[Letter]
    ) -> None:
        done = replay._replace(
            position=chunk.end,
            messages=replay.messages + len(chunk.messages),
            written=replay.written + counts["points"],
            fault="",
        )

        def settle(connection: sqlite3.Connection) -> Saved:
            saved = self._ledger.save_replayed(connection, list(known.returned.values()), counts, letters)
            routings.supersede(connection, replay.store, chunk.position, chunk.end, self._routing)
            replays.save(connection, done)
            return saved

        self._ledger.saved(await self._state.run(settle), all_entered=False)
        if self._cursor is not None:
            self._cursor.release(chunk.end)

    # What was there before.

    async def _next(self) -> Replay | None:
        return await self._state.run(lambda connection: replays.next_of(connection, self._ledger.store))

    async def _known(self, begin: int, until: int) -> Known:
        return await self._state.run(lambda connection: Known.load(connection, self._ledger.store, begin, until))

    async def _keep(self, replay: Replay) -> None:
        await self._state.run(lambda connection: replays.save(connection, replay))

    async def _before(self, position: int, message: Message, routing: int | None) -> Understood:
        """What a message came to under a routing; under that in force where it is not known."""
        return understand(position, message, self._decoders if routing is None else await self._table(routing))

    async def _table(self, routing: int) -> Decoders:
        if routing == self._routing:
            return self._decoders
        table = self._tables.get(routing)
        if table is None:
            text = await self._state.run(lambda connection: routings.text_by_number(connection, routing))
            try:
                table = await self._make_table(text)
            except (ConfigError, ValueError) as error:
                why = f"how messages were decoded then cannot be worked out any more: {error}"
                raise UnknowableError(why) from error
            while len(self._tables) >= _TABLES:
                self._tables.pop(next(iter(self._tables)))
            self._tables[routing] = table
        return table

    # Reading: the next cursor is there before the last one is let go, so that nothing is forgotten in between.

    def _reader(self, replay: Replay) -> Cursor:
        """A cursor that reads on where the replay is."""
        if self._cursor is None or self._cursor.position != replay.position:
            self._open(replay)
        assert self._cursor is not None  # noqa: S101 - just opened
        return self._cursor

    def _open(self, replay: Replay) -> None:
        self._opened += 1
        name = f"replay {replay.id} of {replay.store} ({self._opened})"
        # What is written is let go of. By beginning there, and not by releasing it: at a start, cursors of other stores
        # may be missing yet, and what nobody seems to need would be deleted.
        needed = replay.position if replay.phase is Phase.WRITE else replay.begin
        cursor = self._journal.cursor(name, needed, when_full="pause")
        cursor.position = replay.position
        self._retire()
        self._cursor = cursor

    def _retire(self) -> None:
        if self._cursor is not None:
            self._journal.retire(self._cursor)
            self._cursor = None

    def _let_go(self) -> None:
        self._retire()
        self._tables.clear()


def _is_full(parcel: Parcel) -> bool:
    """Whether there is enough in it for a step."""
    return len(parcel.points) >= _MAX_POINTS or parcel.bytes >= _CHUNK_BYTES


async def _in_turns(chunk: Chunk, is_enough: Callable[[], bool]) -> AsyncIterator[tuple[int, Message]]:
    """The messages with their positions, with a turn for others whenever what is done with them took its time.

    Up to the one with which there is enough for a step.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    for position, message in enumerate(chunk.messages, chunk.position):
        yield position, message
        if is_enough():
            return
        if clock() - began > _TURN_SECS:
            await asyncio.sleep(0)
            began = clock()
