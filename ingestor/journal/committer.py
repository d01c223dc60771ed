"""The one task that writes: groups when they are due, and deletions when files are not needed any more."""

import asyncio
import errno
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, ParamSpec, TypeVar

from ingestor.journal.cursor import Cursor
from ingestor.journal.group import Group, Tail
from ingestor.journal.pending import Batch, Pending
from ingestor.journal.retention import Need, count_expired, count_for_room
from ingestor.journal.shelf import NoRoomError, Shelf
from ingestor.ports import Message
from ingestor.retry import Backoff

_GROUP_MESSAGES: Final = 16
"""So many waiting messages are written at once: a broker's usual window is 20, and then it waits for us."""
_UNSAVED_SECS: Final = 3.0  # a delivery that is asked for it saves every second
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)
_NANOSECONDS: Final = 1_000_000_000

_log = logging.getLogger(__name__)

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Committer:
    """Writes what is appended, in order, one group at a time, and makes room.

    Args:
        shelf: The files; from now on only this task uses it.
        tail: Gets what was written.
        executor: Of one thread, for all that blocks.
        frame_bytes: A group is no heavier than this, unless a single message is.
        group_secs: How long the first message of a group waits for others.
        keep_secs: For how long messages stay that every cursor has released.
        now_ns: The time.

    Attributes:
        cursors: All readers.
        end: The position of the next message.
        fault: Why nothing can be written, in words.
        full: A group waits for a cursor to release messages.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        tail: Tail,
        executor: Executor,
        frame_bytes: int,
        group_secs: float,
        keep_secs: float,
        now_ns: Callable[[], int],
    ) -> None:
        self.cursors: list[Cursor] = []
        self.end = shelf.end
        self.fault: str | None = None
        self.full = False
        self._shelf = shelf
        self._tail = tail
        self._executor = executor
        self._frame_bytes = frame_bytes
        self._group_secs = group_secs
        self._keep_ns = int(keep_secs * _NANOSECONDS)
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self._pending = Pending()
        self._writing: Batch | None = None
        self._wake = asyncio.Event()
        self._freed = asyncio.Event()
        self._in_vain: dict[Cursor, int] = {}  # what was released when a cursor was waited for without result
        self._look_for_expired = False
        self._stopping = False

    @property
    def backlog_bytes(self) -> int:
        """What was appended and is not on disk, about, as it weighs in memory."""
        return self._pending.weight + (self._writing.weight if self._writing else 0)

    def append(self, messages: Sequence[Message], done: asyncio.Future[None]) -> None:
        """Queue messages, at least one; `done` is for when they are on disk."""
        before = self._pending.count
        self._pending.add(messages, now=self._loop.time(), done=done)
        if not before or self._pending.count >= _GROUP_MESSAGES:
            self._wake.set()

    def released(self) -> None:
        """A cursor needs less than before."""
        self._freed.set()
        segments = self._shelf.segments
        if len(segments) > 1 and not any(need.of(segments[0]) for need in self._needs()):
            self._look_for_expired = True
            self._wake.set()

    def stop(self) -> None:
        """Let `run` return as soon as everything is written."""
        self._stopping = True
        self._wake.set()

    def abandon(self, error: BaseException | None) -> None:
        """Cancel those who wait for what was not written, or fail them with the error that ended `run`."""
        batches = [self._writing] if self._writing else []
        while self._pending.count:
            batches.append(self._pending.take(max_bytes=self._frame_bytes))
        for batch in batches:
            batch.give_up(error)

    async def run(self) -> None:
        """Write until stopped. A full journal or a failing disk delays it, however long that lasts."""
        while not self._stopping or self._pending.count:
            await self._until_due()
            if self._look_for_expired:
                self._look_for_expired = False
                await self._delete_expired()
            if self._due_at() <= self._loop.time():
                await self._write(self._pending.take(max_bytes=self._frame_bytes))

    def _due_at(self) -> float:
        since = self._pending.since
        if since is None:
            return float("inf")
        if self._stopping or self._pending.count >= _GROUP_MESSAGES:
            return since
        return since + self._group_secs

    async def _until_due(self) -> None:
        self._wake.clear()
        due_at = self._due_at()
        if self._stopping or self._look_for_expired or due_at <= self._loop.time():
            return
        timer = None
        if self._pending.count:
            timer = self._loop.call_at(due_at, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer:
                timer.cancel()

    async def _write(self, batch: Batch) -> None:
        self._writing = batch
        group = Group(self.end, batch.messages, batch.weight)
        await self._store(group)
        self.end = max(self.end, group.end)
        self._writing = None
        self._tail.add(group)
        batch.settle()
        if self.cursors:
            self._tail.forget(min(cursor.position for cursor in self.cursors))
        for cursor in self.cursors:
            cursor.notify()

    async def _store(self, group: Group) -> None:
        """Append until it succeeds."""
        backoff = Backoff(0.1, 5.0)
        files = len(self._shelf.segments)
        while True:
            try:
                await self._in_thread(self._shelf.append, group.messages, first=group.first)
            except NoRoomError as error:
                count = self._count_for_room(error.missing_bytes)
                if not count:
                    await self._until_released()
                elif self._only_unsaved(count) and await self._released_soon():
                    continue
                elif not await self._delete(count):
                    await asyncio.sleep(backoff.next())
            except OSError as error:
                self._note(error)
                count = self._count_for_room(1) if error.errno in _NO_SPACE else 0
                if not await self._delete(count):
                    await asyncio.sleep(backoff.next())
            else:
                break
        if self.fault:
            _log.warning("journal_writable_again")
        self.full, self.fault = False, None
        self._look_for_expired |= len(self._shelf.segments) > files

    def _note(self, error: OSError) -> None:
        fault = f"cannot write: {error.strerror or error}; nothing is acknowledged until that is mended"
        if fault != self.fault:
            _log.error("journal_unwritable error=%s", error)
        self.fault = fault

    async def _until_released(self) -> None:
        if not self.full:
            _log.warning("journal_full bytes=%d", self._shelf.file_bytes)
        self.full = True
        self._freed.clear()
        await self._freed.wait()

    def _only_unsaved(self, count: int) -> bool:
        """Whether the oldest files hold what a cursor has read and not released yet, and nothing that it has not read.

        After a crash it would be told that this was dropped, although it may well be stored. Where a wait for it was
        in vain its store is away: until it releases something, it is not waited for again.
        """
        end = self._shelf.segments[count - 1].end
        late = [cursor for cursor in self.cursors if cursor.released < end]
        waited_for = all(self._in_vain.get(cursor) == cursor.released for cursor in late)
        return not waited_for and all(end <= cursor.position for cursor in late)

    async def _released_soon(self) -> bool:
        """Whether a cursor releases something within a short time; `full` asks for that."""
        self.full = True
        self._freed.clear()
        try:
            async with asyncio.timeout(_UNSAVED_SECS):
                await self._freed.wait()
        except TimeoutError:
            self._in_vain = {cursor: cursor.released for cursor in self.cursors}
            return False
        return True

    def _count_for_room(self, missing_bytes: int) -> int:
        return count_for_room(self._shelf.segments, self._needs(), missing_bytes=missing_bytes)

    async def _delete_expired(self) -> None:
        # A clock that was set back must not keep what came before it for as long as it was ahead.
        before_ns = max([self._now_ns(), *(segment.newest_ns for segment in self._shelf.segments)]) - self._keep_ns
        await self._delete(count_expired(self._shelf.segments, self._needs(), before_ns=before_ns))

    async def _delete(self, count: int) -> bool:
        """Delete the oldest files; whether that freed anything."""
        if not count:
            return False
        before, end = self._shelf.file_bytes, self._shelf.segments[count - 1].end
        for cursor in self.cursors:
            if cursor.released < end:
                _log.warning("journal_dropped cursor=%s up_to=%d", cursor.name, end)
        try:
            await self._in_thread(self._shelf.delete, count)
        except OSError as error:
            # They stay, and are tried again with the next ones; if that goes on, the journal gets full.
            _log.warning("journal_cannot_delete error=%s", error)
        return self._shelf.file_bytes < before

    def _needs(self) -> list[Need]:
        return [cursor.need for cursor in self.cursors]

    async def _in_thread(self, work: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
        return await self._loop.run_in_executor(self._executor, lambda: work(*args, **kwargs))
