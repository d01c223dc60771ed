"""The journal: what is appended is on disk in groups, and cursors read it in order."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ingestor.errors import DataDirError
from ingestor.journal.committer import Committer
from ingestor.journal.cursor import Cursor, WhenFull
from ingestor.journal.disk import Disk
from ingestor.journal.group import Tail
from ingestor.journal.reader import newest_qos1
from ingestor.journal.shelf import Shelf
from ingestor.ports import Message, ReceiptClock

_SEGMENT_BYTES: Final = 16 * 2**20
_SEGMENTS: Final = 8
"""Into at least so many files a full journal is divided, so that making room costs little of it."""
_FRAME_BYTES: Final = 4 * 2**20
_TAIL_BYTES: Final = 8 * 2**20
_READERS: Final = 4
_BACKLOG_BYTES: Final = 4 * 2**20
_LET_GO_SECS: Final = 1.0

Payload = bytes


class Journal:
    """An append-only log of messages on disk (`ports.Log`), read by cursors. An async context manager.

    Positions are numbers of messages, from 0, never used again. Register the cursors of all stores before the
    first append: what no registered cursor needs may be deleted.

    Args:
        directory: Where its files are; it is made.
        max_bytes: Of all its files. When they are full, the cursors' `when_full` says what happens.
        group_ms: How long the first message of a group waits for others.
        keep_secs: For how long messages stay that every cursor has released.
        segment_bytes: When a file is finished; by default 16 MiB, or an eighth of `max_bytes` if that is less.
        tail_bytes: How much of the newest is kept in memory.
        close_secs: How long closing waits for what is not on disk yet.
        disk: How to write.
        now_ns: The time, for `keep_secs`.

    Attributes:
        clock: Gives times of receipt, later than any in the journal.
    """

    clock: ReceiptClock
    _shelf: Shelf
    _tail: Tail
    _committer: Committer
    _task: asyncio.Task[None]

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int = 4 * 2**30,
        group_ms: float = 100,
        keep_secs: float = 0.0,
        segment_bytes: int = _SEGMENT_BYTES,
        tail_bytes: int = _TAIL_BYTES,
        close_secs: float = 5.0,
        disk: Disk | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._group_secs = group_ms / 1000
        self._keep_secs = keep_secs
        self._segment_bytes = min(segment_bytes, max_bytes // _SEGMENTS)
        self._tail_bytes = tail_bytes
        self._close_secs = close_secs
        self._disk = disk or Disk()
        self._now_ns = now_ns
        self._closed = False
        self._writer = ThreadPoolExecutor(1, "journal-write")
        self._readers = ThreadPoolExecutor(_READERS, "journal-read")

    async def __aenter__(self) -> Self:
        """Open the files, and repair what a crash left.

        Raises:
            DataDirError: Another process uses the directory, or it cannot be read or written.
        """
        loop = asyncio.get_running_loop()
        try:
            self._shelf = await loop.run_in_executor(self._writer, self._open)
        except DataDirError:
            self._writer.shutdown(wait=False)
            raise
        except OSError as error:
            self._writer.shutdown(wait=False)
            raise DataDirError(f"{self._directory} cannot be used: {error.strerror or error}") from error
        self.clock = ReceiptClock(self._shelf.newest_ns)
        self._tail = Tail(self._shelf.end, max_bytes=self._tail_bytes)
        self._committer = Committer(
            self._shelf,
            tail=self._tail,
            executor=self._writer,
            frame_bytes=min(_FRAME_BYTES, self._segment_bytes),
            group_secs=self._group_secs,
            keep_secs=self._keep_secs,
            now_ns=self._now_ns,
        )
        self._task = asyncio.create_task(self._committer.run(), name="journal")
        self._task.add_done_callback(self._ended)
        return self

    def _open(self) -> Shelf:
        return Shelf(self._directory, max_bytes=self._max_bytes, segment_bytes=self._segment_bytes, disk=self._disk)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, for at most `close_secs`, cancel the futures of the rest, and let go of the files.

        What a disk that hangs is just doing is left to its thread.
        """
        self._closed = True
        self._committer.stop()
        try:
            await asyncio.wait([self._task], timeout=self._close_secs)
        finally:
            self._task.cancel()
            for cursor in self._committer.cursors:
                cursor.close()
            self._readers.shutdown(wait=False)
            closing = asyncio.get_running_loop().run_in_executor(self._writer, self._shelf.close)
            self._writer.shutdown(wait=False)
        await asyncio.wait([closing], timeout=_LET_GO_SECS)
        with suppress(asyncio.CancelledError):
            await self._task

    async def watch(self) -> None:
        """Raise what ended the journal, should anything ever: nothing can be made safe without it."""
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._closed = True
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._committer.fault = f"stopped: {error!r}"
        self._committer.abandon(error)

    def append(self, messages: Sequence[Message]) -> asyncio.Future[None]:
        """Queue messages for the next group; returns at once.

        Args:
            messages: In the order of their times of receipt; not to be changed afterwards.

        Returns:
            Done when they are on disk, in order over all calls, however long that takes; cancelled when the
            journal closes, or has closed, without having written them.
        """
        done = asyncio.get_running_loop().create_future()
        if self._closed:
            done.cancel()
        elif messages:
            self._committer.append(messages, done)
        else:
            done.set_result(None)
        return done

    def unacknowledged(self) -> Iterator[tuple[int, str, Payload]]:
        """Packet id, topic and payload of the newest QoS 1 messages on disk (up to 65,535), oldest first.

        Reads files: call it in a thread, after the futures of earlier appends are done.
        """
        for message in newest_qos1(self._shelf):
            yield message.packet_id, message.topic, message.payload

    def cursor(self, name: str, position: int, *, when_full: WhenFull) -> Cursor:
        """Register a reader.

        Args:
            name: Of the store.
            position: Where to begin. Older than what exists: the cursor is told what is lost. Newer than what
                exists, after damage or after the files were deleted: the next message gets this position, so
                that none gets one that this reader has behind it.
            when_full: Whether appends wait for this reader when the journal is full, or what it has not yet read
                is dropped, oldest first. Dropped is only what every reader that needs it lets go.

        Raises:
            ValueError: There is a reader of that name.
        """
        if any(cursor.name == name for cursor in self._committer.cursors):
            raise ValueError(f"there is a cursor named {name} already")
        self._committer.end = max(self._committer.end, position)
        cursor = Cursor(
            name,
            position,
            when_full=when_full,
            tail=self._tail,
            catalog=self._shelf,
            executor=self._readers,
            released=self._committer.released,
        )
        self._committer.cursors.append(cursor)
        return cursor

    def start_within(self, share: float) -> int:
        """The oldest position from which on the files take no more than a share of all that the journal may take.

        Whoever keeps no more than that leaves room for what comes.
        """
        room = int(self._max_bytes * share)
        for segment in reversed(self._shelf.segments):
            room -= segment.file_bytes
            if room < 0:
                return segment.end
        return self.start

    def retire(self, cursor: Cursor) -> None:
        """Forget a reader: nothing is kept for it any more."""
        self._committer.cursors.remove(cursor)
        cursor.close()
        self._committer.released()

    @property
    def backlog_bytes(self) -> int:
        """What was appended and is not on disk yet takes about so many bytes of memory."""
        return self._committer.backlog_bytes

    @property
    def backlog_limit(self) -> int:
        """How much may wait in memory: no more than a part of the journal.

        Else what waits, once there is room for it, would push out what the broker may just be sending again.
        """
        return min(_BACKLOG_BYTES, self._max_bytes // 4)

    @property
    def start(self) -> int:
        """The oldest position that can still be read."""
        segments = self._shelf.segments
        return segments[0].first if segments else self.end

    @property
    def start_ns(self) -> int:
        """No message that can still be read was received before this."""
        segments = self._shelf.segments
        return (segments[0].oldest_ns if segments else 0) or self._shelf.floor.newest_ns

    @property
    def end(self) -> int:
        """The position after the newest message on disk: as many were journaled."""
        return self._committer.end

    @property
    def full(self) -> bool:
        """Whether appends wait for a cursor to release messages."""
        return self._committer.full

    @property
    def fault(self) -> str | None:
        """Why nothing can be written, in words; None while all is well."""
        return self._committer.fault

    @property
    def segments(self) -> int:
        """How many files there are."""
        return len(self._shelf.segments)

    @property
    def bytes(self) -> int:
        """What the files take."""
        return self._shelf.file_bytes

    @property
    def bytes_written(self) -> int:
        """How many bytes were written since the start."""
        return self._shelf.bytes_written
