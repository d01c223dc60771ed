"""Keeps acknowledgements in the order of receipt, however the messages' ways to the disk end. Pure.

A broker frees ids in the order in which it reads our acknowledgements, and `redelivery` relies on that: what a broker
has not read is then always the newest. Messages are durable at different times (in the journal, or as the head of a
packet that was too large), so what is done early waits here for what came before it.
"""

from collections import deque
from collections.abc import Sequence


class Share:
    """The acknowledgements of what came together; `done` once all of it is durable."""

    __slots__ = ("acks", "done")

    def __init__(self, acks: Sequence[int]) -> None:
        self.acks = acks
        self.done = False


class AckQueue:
    """The acknowledgements that one connection owes, in the order of receipt."""

    def __init__(self) -> None:
        self._owed: deque[Share] = deque()

    def __len__(self) -> int:
        return len(self._owed)

    def owe(self, acks: Sequence[int]) -> Share:
        """Add the next ones; set `done` of what is returned once they may go out."""
        share = Share(acks)
        self._owed.append(share)
        return share

    def take(self) -> Sequence[int]:
        """What may go out now, in order: everything before the first share that is not done."""
        ready: list[int] = []
        while self._owed and self._owed[0].done:
            ready += self._owed.popleft().acks
        return ready
