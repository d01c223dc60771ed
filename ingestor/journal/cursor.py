"""A reader of the journal: one for each store."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, Literal

from ingestor.journal.group import Collector, Group, Tail
from ingestor.journal.reader import Catalog, FileReader
from ingestor.journal.retention import Need
from ingestor.ports import Chunk, Lost

WhenFull = Literal["pause", "drop_oldest"]

_RETRY_SECS: Final = 1.0

_log = logging.getLogger(__name__)


class Cursor:
    """Reads the journal in order, each message once. Made by `Journal.cursor`; used by one task.

    What was appended a short while ago comes from memory, the very objects; the rest is read from files in a
    thread, one frame (at most 4 MiB, or one message) at a time.

    Args:
        name: Of the store.
        position: Of the message to read first.
        when_full: Whether the journal waits for this cursor when it is full, or drops what it has not read.
        tail: The newest messages.
        catalog: The files.
        executor: Where files are read.
        released: Called when messages were released.

    Attributes:
        name: Of the store.
        position: Of the message that is read next.
        released: Everything before it is not needed again.
    """

    def __init__(
        self,
        name: str,
        position: int,
        *,
        when_full: WhenFull,
        tail: Tail,
        catalog: Catalog,
        executor: Executor,
        released: Callable[[], None],
    ) -> None:
        self.name = name
        self.position = position
        self.released = position
        self._yields = when_full == "drop_oldest"
        self._tail = tail
        self._files = FileReader(catalog)
        self._executor = executor
        self._on_release = released
        self._appended = asyncio.Event()
        self._loading: asyncio.Future[Group | Lost] | None = None
        self._loaded: Group | Lost | None = None

    async def read(self, *, max_messages: int, max_bytes: int) -> Chunk | Lost:
        """Wait for what comes next, and move on behind it.

        May be cancelled at any time: nothing is skipped.

        Args:
            max_messages: How many at most.
            max_bytes: How much memory they may take, about; one message is always given.

        Returns:
            Consecutive messages, at least one, or a run of positions whose messages are gone.
        """
        while (found := self.read_nowait(max_messages=max_messages, max_bytes=max_bytes)) is None:
            await self.wait()
        return found

    def read_nowait(self, *, max_messages: int, max_bytes: int) -> Chunk | Lost | None:
        """What comes next if it is in memory, moving on behind it; None where `wait` has to come first."""
        if isinstance(self._loaded, Lost):
            lost, self._loaded = self._loaded, None
            self.position = lost.position + lost.missing
            return lost
        if self._loaded is not None:
            collector = Collector(self.position, max_messages=max_messages, max_bytes=max_bytes)
            collector.add(self._loaded)
            chunk = collector.chunk()
            if chunk.end == self._loaded.end:
                self._loaded = None
        elif self.ready():
            chunk = self._tail.read(self.position, max_messages=max_messages, max_bytes=max_bytes)
        else:
            return None
        self.position = chunk.end
        return chunk

    def ready(self) -> bool:
        """Whether `read_nowait` has something."""
        return self._loaded is not None or self._tail.start <= self.position < self._tail.end

    @property
    def at_end(self) -> bool:
        """Whether it has read everything that is on disk."""
        return self.position >= self._tail.end and self._loaded is None

    async def wait(self) -> None:
        """Return when `read_nowait` has something. May be cancelled at any time."""
        while not self.ready():
            if self.position < self._tail.end:
                await self._load()
            else:
                self._appended.clear()
                await self._appended.wait()

    async def _load(self) -> None:
        """Read the next frame from disk. A read that was cancelled is waited for, never begun a second time."""
        loop = asyncio.get_running_loop()
        if self._loading is None:
            self._loading = loop.run_in_executor(self._executor, self._files.read, self.position)
        await asyncio.wait([self._loading])
        loading, self._loading = self._loading, None
        try:
            self._loaded = loading.result()
        except OSError as error:
            _log.error("journal_unreadable cursor=%s error=%s", self.name, error)
            await asyncio.sleep(_RETRY_SECS)

    def release(self, position: int) -> None:
        """Say that everything before a position is durable elsewhere, and so is the knowledge of that."""
        if position > self.released:
            self.released = position
            self._on_release()

    @property
    def need(self) -> Need:
        """What the journal keeps for it."""
        return Need(self.released, self._yields)

    def notify(self) -> None:
        """Wake `wait` up: there are new messages."""
        self._appended.set()

    def close(self) -> None:
        """Let go of the open file, once it is not being read."""
        if self._loading is None:
            self._files.close()
        else:
            self._loading.add_done_callback(lambda _: self._files.close())
