"""The loop that takes the journal to one store."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from ingestor import deadletters, state
from ingestor.config import Batch
from ingestor.deadletters import Fate, Letter, Returned
from ingestor.delivery.ledger import Ledger
from ingestor.delivery.parcel import Account, Parcel
from ingestor.delivery.replay import Replayer
from ingestor.errors import StateError
from ingestor.journal import Cursor
from ingestor.ports import Chunk, Decoders, Lost, Reason
from ingestor.state import Result, State, Work
from ingestor.stats import StoreStats
from ingestor.writer import BatchWriter

_log = logging.getLogger(__name__)

_CHUNK_MESSAGES = 500  # read and decoded in one go; about 2 ms during which nothing else runs
_PIECE_MESSAGES = 50  # of them at a time, so that it is noticed when the code of a model takes its time: then in ones
_TURN_SECS = 0.02
_PATIENCE_SECS = 1.0  # so often a parcel that waits for more looks whether the journal waits for it
_CHECKPOINT_SECS = 5.0
_UNSAVED_LETTER_BYTES = 2**20
_RETURN_SECS = 2.0  # how often to look for letters that people marked for replay
_STATE_RETRY_SECS = 2.0


class Delivery:
    """Reads the journal in order, decodes it, has it written, and keeps the accounts.

    While one batch is written, the next is ready and a third gathers; there is no fourth. `run` ends after `stop`,
    when everything that the journal held by then is written and saved; cancel it when that takes too long: nothing
    is lost by that.

    Args:
        cursor: Where in the journal this store is.
        decoders: The routing table.
        writer: The store's writer.
        state: Where accounts are kept.
        ledger: The accounts.
        batch: When a batch is full or due.
        pressed: Whether the journal waits for room: what is stored is then saved, and released, without delay.
        replayer: Takes forward what people asked to be replayed from the journal.
    """

    def __init__(
        self,
        cursor: Cursor,
        *,
        decoders: Decoders,
        writer: BatchWriter,
        state: State,
        ledger: Ledger,
        batch: Batch,
        pressed: Callable[[], bool] = lambda: False,
        replayer: Replayer | None = None,
    ) -> None:
        self._cursor = cursor
        self._decoders = decoders
        self._writer = writer
        self._state = state
        self._ledger = ledger
        self._batch = batch
        self._pressed = pressed
        self._replayer = replayer
        self._parcels: asyncio.Queue[Parcel | None] = asyncio.Queue(1)
        self._gathering = Parcel(cursor.position)
        self._ready: Parcel | None = None
        self._writing: Parcel | None = None
        self._patience: asyncio.Timeout | None = None
        self._piece = _PIECE_MESSAGES
        self._stopping = False
        self._state_fault: str | None = None

    async def run(self) -> None:
        """Deliver until stopped."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._gather(), name=f"gather {self._writer.name}")
            group.create_task(self._deliver(), name=f"deliver {self._writer.name}")

    def stop(self) -> None:
        """Write what the journal holds, without waiting for more, and then end `run`."""
        self._stopping = True
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(0)

    def stats(self, *, journal_end: int, now_ns: int) -> StoreStats:
        """The accounts as they stand."""
        totals = self._ledger.totals
        parcels = (self._writing, self._ready, self._gathering)
        behind = [parcel.oldest_ns for parcel in parcels if parcel and parcel.oldest_ns]
        counted = StoreStats.of(self._writer.name, totals=totals, waiting=journal_end - self._ledger.position)
        return replace(
            counted,
            journaled=journal_end - self._ledger.began,
            lag_secs=max(0.0, (now_ns - behind[0]) / 1e9) if behind else 0.0,
            writes=self._writer.writes,
            write_secs=self._writer.write_secs,
            fault=self._fault(),
        )

    def _fault(self) -> str | None:
        broken = "; ".join(f"bucket {bucket}: {why}" for bucket, why in self._writer.broken_buckets.items())
        kept = self._replayer.fault if self._replayer and self._pressed() else None  # it keeps what would make room
        return self._writer.fault or self._state_fault or broken or kept

    # The first half: from the journal into parcels.

    async def _gather(self) -> None:
        due: float | None = None
        while not (self._stopping and self._cursor.at_end):
            got = await self._read(due)
            parcel = self._gathering
            if isinstance(got, Lost):
                parcel.lose(got)
                _log.warning("messages_lost store=%s messages=%d why=%s", self._writer.name, got.missing, got.why)
            elif got is not None:
                await self._take(got)
                parcel = self._gathering
                await asyncio.sleep(0)  # what is in memory is read without waiting, so give others their turn
            now = asyncio.get_running_loop().time()
            due = due or now + self._batch.max_delay
            if self._full(parcel) or (got is None and (now >= due or self._pressed() or self._stopping)):
                await self._send()
                due = None
        await self._send()
        await self._parcels.put(None)

    async def _take(self, chunk: Chunk) -> None:
        """Decode a run of messages; send on what they fill, and where that is slow, give others their turn after each.

        Messages can have thousands of readings each, or be compressed, so a run of them may fill many batches.
        """
        clock = asyncio.get_running_loop().time
        began, at = clock(), 0
        while at < len(chunk.messages):
            if self._full(self._gathering):
                await self._send()
            piece = Chunk(chunk.position + at, chunk.messages[at : at + self._piece])
            at += self._gathering.take(
                piece, self._decoders, max_points=self._batch.max_points, max_bytes=self._batch.max_bytes
            )
            self._piece = min(2 * self._piece, _PIECE_MESSAGES)
            if clock() - began > _TURN_SECS:
                self._piece = 1
                await asyncio.sleep(0)
                began = clock()

    async def _read(self, due: float | None) -> Chunk | Lost | None:
        """The next run of messages; None when there was nothing for a second, or until `due`, or until `stop`."""
        room = max(1, self._batch.max_points - len(self._gathering.points))
        until = None if due is None or self._stopping else min(due, asyncio.get_running_loop().time() + _PATIENCE_SECS)
        try:
            async with asyncio.timeout_at(until) as self._patience:
                return await self._cursor.read(max_messages=min(_CHUNK_MESSAGES, room), max_bytes=self._batch.max_bytes)
        except TimeoutError:
            return None
        finally:
            self._patience = None

    def _full(self, parcel: Parcel) -> bool:
        full = len(parcel.points) >= self._batch.max_points or parcel.bytes >= self._batch.max_bytes
        return full or parcel.messages >= 4 * self._batch.max_points  # most of them gave no point

    async def _send(self) -> None:
        if self._gathering.end > self._gathering.begin:
            await self._parcels.put(self._gathering)
            self._ready = self._gathering
            self._gathering = Parcel(self._gathering.end)

    # The second half: from parcels into the store and the accounts.

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        save_at, return_at = loop.time() + _CHECKPOINT_SECS, loop.time()
        while True:
            try:
                async with asyncio.timeout_at(min(save_at, return_at, loop.time() + _PATIENCE_SECS)):
                    parcel = await self._parcels.get()
            except TimeoutError:
                parcel = Parcel(self._ledger.position)  # an empty one
            else:
                self._ready = None
            if parcel is None:
                break
            await self._write(parcel)
            if loop.time() >= save_at or self._ledger.unsaved_bytes > _UNSAVED_LETTER_BYTES or self._pressed():
                await self._save()
                save_at = loop.time() + _CHECKPOINT_SECS
            if loop.time() >= return_at:
                more = await self._try_again() or await self._replay()
                return_at = loop.time() + (0 if more else _RETURN_SECS)
        await self._save()

    async def _write(self, parcel: Parcel) -> None:
        if parcel.end == parcel.begin:
            return
        self._writing = parcel
        outcome = await self._writer.write(parcel.points)
        account = parcel.settle(*outcome)
        self._ledger.enter(parcel.end, account.counts, account.letters)
        self._writing = None

    async def _save(self) -> None:
        """Put the accounts on disk; where the disk refuses, go on as long as what is unsaved stays small."""
        while self._ledger.unsaved:
            saved = await self._in_state(self._ledger.save)
            if saved is not None:
                self._ledger.saved(saved, all_entered=True)
                self._cursor.release(self._ledger.position)
            elif self._ledger.unsaved_bytes <= _UNSAVED_LETTER_BYTES and not self._stopping:
                return
            else:
                await asyncio.sleep(_STATE_RETRY_SECS)

    async def _in_state(self, work: Work[Result]) -> Result | None:
        """What the work returns; None where the disk refuses, which then is a fault until it takes something again."""
        try:
            result = await self._state.run(work)
        except StateError as error:
            self._state_fault = str(error)
            return None
        self._state_fault = None
        return result

    # Beside it: what is held is tried again when its bucket may be back, what was set aside when people ask for it.

    async def _try_again(self) -> bool:
        """One round of it, between two parcels; whether there may be more."""
        name, closed = self._writer.name, self._writer.closed_buckets
        returned = await self._in_state(
            lambda connection: deadletters.held(connection, name, closed=closed) or deadletters.marked(connection, name)
        )
        if not returned:
            totals = await self._in_state(lambda connection: state.counters(connection, name))
            if totals is not None:
                self._ledger.reload(totals)
                self._reopen_buckets()
            return False
        parcel = Parcel(0)
        for one in returned:
            parcel.take(Chunk(one.position, [one.message]), self._decoders)
            if self._full(parcel):
                break
        returned = returned[: parcel.messages]  # the others have their turn with the next round
        outcome = await self._writer.write(parcel.points)
        if 0 < len(parcel.points) == len(outcome.held) and all(one.fate is Fate.HELD for one in returned):
            return False  # nothing has changed, and need not be written down
        counts, letters = _settle_returned(returned, parcel, parcel.settle(*outcome))
        saved = await self._in_state(
            lambda connection: self._ledger.save_returned(connection, returned, counts, letters)
        )
        if saved is None:
            return False
        self._ledger.saved(saved, all_entered=False)
        return True

    async def _replay(self) -> bool:
        """A step of what people asked to be replayed from the journal; whether there may be more."""
        if self._replayer is None or self._stopping:
            return False
        try:
            return await self._replayer.step()
        except StateError as error:
            self._state_fault = str(error)
            return False

    def _reopen_buckets(self) -> None:
        """Where nothing is held any more (it was purged), no write of it would tell that a bucket is mended."""
        if not self._ledger.totals.get("held"):
            self._writer.reopen()


def _settle_returned(
    returned: Sequence[Returned], parcel: Parcel, account: Account
) -> tuple[Counter[str], list[Letter]]:
    """How the accounts change by messages that were tried again, and what is still wrong with them."""
    counts = Counter({name: account.counts[name] for name in ("points", "fields_set_aside")})
    counts["tried_again"] = len(returned)
    fates: dict[int, Fate] = {}
    letters = list(account.letters)
    for number, one in enumerate(returned):
        fate = account.fates.get(number)
        if fate is None and not parcel.points_of(number):
            letters.append(_unrouted(one))
            counts[f"reason.{Reason.UNROUTED}"] += 1
        elif fate is None:
            fate = Fate.STORED
        if fate is not Fate.HELD and one.fate is Fate.STORED:
            fate = Fate.STORED  # other points of it were stored before
        fates[one.position] = fate or Fate.SET_ASIDE
        counts[one.fate] -= 1
        counts[fates[one.position]] += 1
    return counts, [letter._replace(fate=fates[letter.position]) for letter in letters]


def _unrouted(one: Returned) -> Letter:
    detail = f"no route takes {one.message.topic!r} any more"
    return Letter(one.position, one.message, deadletters.WHOLE_MESSAGE, Reason.UNROUTED, detail, (), Fate.SET_ASIDE)
