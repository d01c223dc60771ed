"""Messages that wait for the next group, and the futures that wait with them."""

from asyncio import Future
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from ingestor.journal.frame import weigh
from ingestor.ports import Message


class _Append(NamedTuple):
    messages: Sequence[Message]
    weight: int
    since: float
    done: Future[None] | None
    """None where the same call's last messages come in another one."""


class Batch(NamedTuple):
    """What is written at once. `done` are the futures of the appends that end with it."""

    messages: Sequence[Message]
    weight: int
    done: Sequence[Future[None]]

    def settle(self) -> None:
        """Tell those who wait that it is on disk."""
        for future in self.done:
            if not future.done():
                future.set_result(None)

    def give_up(self, error: BaseException | None) -> None:
        """Tell those who wait that it never will be: cancel them, or fail them with an error."""
        for future in self.done:
            if future.done():
                continue
            if error is None:
                future.cancel()
            else:
                future.set_exception(error)


class Pending:
    """Appends in order, until they are taken to be written.

    Attributes:
        count: How many messages wait.
        weight: About what they take in memory, in bytes.
    """

    def __init__(self) -> None:
        self.count = 0
        self.weight = 0
        self._appends: deque[_Append] = deque()

    @property
    def since(self) -> float | None:
        """When the oldest of them came, None while there is none."""
        return self._appends[0].since if self._appends else None

    def add(self, messages: Sequence[Message], *, now: float, done: Future[None]) -> None:
        """Queue messages, at least one; `done` is for when all of them are on disk."""
        weight = weigh(messages)
        self._appends.append(_Append(messages, weight, now, done))
        self.count += len(messages)
        self.weight += weight

    def take(self, *, max_bytes: int) -> Batch:
        """Take the oldest messages, about so many bytes of them, but at least one."""
        messages: list[Message] = []
        done: list[Future[None]] = []
        weight = 0
        if self._appends and self._appends[0].weight > max_bytes:
            self._split(max_bytes)
        while self._appends and (not messages or weight + self._appends[0].weight <= max_bytes):
            append = self._appends.popleft()
            messages += append.messages
            weight += append.weight
            if append.done is not None:
                done.append(append.done)
        self.count -= len(messages)
        self.weight -= weight
        return Batch(messages, weight, done)

    def _split(self, max_bytes: int) -> None:
        """Make two appends of the oldest one, the first of them small enough if it can be."""
        append = self._appends.popleft()
        weights = [weigh((message,)) for message in append.messages]
        fitting = sum(total <= max_bytes for total in accumulate(weights)) or 1
        weight = sum(weights[:fitting])
        rest = append._replace(messages=append.messages[fitting:], weight=append.weight - weight)
        if rest.messages:
            self._appends.appendleft(rest)
            append = append._replace(done=None)
        self._appends.appendleft(append._replace(messages=append.messages[:fitting], weight=weight))
