"""Messages on their way through memory: waiting to be written, and written a short while ago. Pure."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from ingestor.journal.frame import weigh
from ingestor.ports import Chunk, Message

_first = attrgetter("first")


class Group(NamedTuple):
    """A run of journaled messages in memory. `weight` is about what they take there, in bytes."""

    first: int
    messages: Sequence[Message]
    weight: int

    @property
    def end(self) -> int:
        """The position after the last message."""
        return self.first + len(self.messages)


class Collector:
    """Puts together a chunk within bounds; the first message is always taken.

    Args:
        position: Of the first message.
        max_messages: Never more than this.
        max_bytes: Never heavier than this, unless one message alone is.
    """

    def __init__(self, position: int, *, max_messages: int, max_bytes: int) -> None:
        self._position = position
        self._end = position
        self._room = max_messages
        self._room_bytes = max_bytes
        self._parts: list[Sequence[Message]] = []

    def add(self, group: Group) -> bool:
        """Take what fits of a group that holds the next message; false once nothing more can be taken."""
        skip = self._end - group.first
        if skip == 0 and len(group.messages) <= self._room:
            part, weight = group.messages, group.weight
        else:
            part = group.messages[skip : skip + self._room]
            # A part weighs at most what its group does; where no further message fits, nobody asks for more.
            weight = group.weight if len(part) == self._room else weigh(part)
        if weight > self._room_bytes:
            part, weight = self._fitting(part)
        self._parts.append(part)
        self._end += len(part)
        self._room -= len(part)
        self._room_bytes -= weight
        return self._end == group.end and self._room > 0

    def _fitting(self, messages: Sequence[Message]) -> tuple[Sequence[Message], int]:
        total = 0
        for at, message in enumerate(messages):
            weight = weigh((message,))
            if total + weight > self._room_bytes and (at or self._parts):
                return messages[:at], total
            total += weight
        return messages, total

    def chunk(self) -> Chunk:
        """What was taken."""
        if len(self._parts) == 1:
            return Chunk(self._position, self._parts[0])
        return Chunk(self._position, [message for part in self._parts for message in part])


class Tail:
    """The newest groups, kept so that a cursor that keeps up gets the very objects that were appended.

    Args:
        end: The position of the next message.
        max_bytes: How heavy it may become; older groups are read from disk.
    """

    def __init__(self, end: int, *, max_bytes: int) -> None:
        self.end = end
        self._max_bytes = max_bytes
        self._weight = 0
        self._groups: deque[Group] = deque()

    @property
    def start(self) -> int:
        """The oldest position in it; `end` while it is empty."""
        return self._groups[0].first if self._groups else self.end

    def add(self, group: Group) -> None:
        """Append a group; it begins at `end`, or later where positions were left out."""
        if group.first != self.end:
            self.forget(group.first)
        self._groups.append(group)
        self._weight += group.weight
        self.end = group.end
        while self._weight > self._max_bytes:
            self._drop_oldest()

    def forget(self, position: int) -> None:
        """Let go of groups that lie wholly before a position."""
        while self._groups and self._groups[0].end <= position:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._weight -= self._groups.popleft().weight

    def read(self, position: int, *, max_messages: int, max_bytes: int) -> Chunk:
        """Messages from a position between `start` and `end` on: at least one."""
        collector = Collector(position, max_messages=max_messages, max_bytes=max_bytes)
        at = bisect_right(self._groups, position, key=_first) - 1
        while collector.add(self._groups[at]) and at + 1 < len(self._groups):
            at += 1
        return collector.chunk()
