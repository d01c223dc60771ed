"""A journal in memory, and a transport that goes nowhere."""

import asyncio
from collections.abc import Iterator, Sequence

from ingestor.ports import Message, ReceiptClock


class MemoryLog:
    """`ports.Log` without a disk: a group is "on disk" when the test says so, or at once.

    Args:
        at_once: Whether messages are on disk as soon as they are appended.

    Attributes:
        messages: What is on disk, in order.
        clock: Gives times of receipt.
        backlog_bytes: What the test says.
        backlog_limit: The same.
    """

    def __init__(self, *, at_once: bool = True) -> None:
        self.messages: list[Message] = []
        self.clock = ReceiptClock()
        self.backlog_bytes = 0
        self.backlog_limit = 4 * 2**20
        self._at_once = at_once
        self._waiting: list[tuple[Sequence[Message], asyncio.Future[None]]] = []

    def append(self, messages: Sequence[Message]) -> "asyncio.Future[None]":
        """Take messages; they are on disk after `commit`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((messages, future))
        if self._at_once:
            self.commit()
        return future

    def commit(self, count: int | None = None) -> None:
        """Put what the next so many appends brought (all of them by default) on disk."""
        count = len(self._waiting) if count is None else count
        done, self._waiting = self._waiting[:count], self._waiting[count:]
        for messages, future in done:
            self.messages += messages
            if not future.cancelled():
                future.set_result(None)

    def crash(self) -> None:
        """Forget what is not on disk."""
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    @property
    def waiting(self) -> int:
        """How many appends are not on disk."""
        return len(self._waiting)

    def unacknowledged(self) -> Iterator[tuple[int, str, bytes]]:
        """As `ports.Log` says."""
        newest = [message for message in self.messages if message.qos == 1][-65_535:]
        return ((message.packet_id, message.topic, message.payload) for message in newest)


class FakeTransport(asyncio.Transport):
    """Takes what a link writes, and remembers whether it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.reading = True
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written.append(bytes(data))

    def take(self) -> bytes:
        """All that was written since the last time."""
        data, self.written = b"".join(self.written), []
        return data

    def pause_reading(self) -> None:
        """Note it."""
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        """Note it."""
        assert not self.reading
        self.reading = True

    def is_reading(self) -> bool:
        """Whether it reads."""
        return self.reading

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def abort(self) -> None:
        """Note it."""
        self.closed = True


class Tally:
    """Where a link counts."""

    recognised = 0
