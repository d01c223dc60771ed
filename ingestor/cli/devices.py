"""Simulated racks in turn: what they publish, and how steadily."""

import math
from collections.abc import Callable, Iterator

from sensors.simulator import Emission, Simulator

_ONE_MS = 1_000_000


def emissions(
    racks: int, *, clock: Callable[[], int], seed: int = 0, faulty: int = 0, fault_share: float = 0.2
) -> Iterator[Emission]:
    """What the racks publish, one after the other, without end.

    Each sends bare numbers on topics like `rack1/temperature`, and its climate once more as JSON with its own time.

    Args:
        racks: How many there are.
        clock: Nanoseconds since 1970 UTC.
        seed: Another seed is another farm.
        faulty: Of how many racks, the last ones, some readings are faulty.
        fault_share: How many of their readings are, from 0 to 1.
    """
    simulator = Simulator(seed=seed, faulty=range(racks - faulty + 1, racks + 1), fault_share=fault_share)
    now_ns = 0
    while True:
        # Racks tell their time in ms; two readings of one must not be at the same time, however fast they are sent.
        now_ns = max(clock(), now_ns + _ONE_MS)
        for rack in range(1, racks + 1):
            yield from simulator.values(rack, now_ns)
            yield simulator.message(rack, now_ns)


class Pace:
    """Says how many messages are due, so that they come at a steady rate; pure.

    Args:
        rate: Messages a second.
        now: The time of the first one, of a monotonic clock in seconds.
    """

    def __init__(self, rate: float, *, now: float) -> None:
        self._rate = rate
        self._began = now
        self._taken = 0

    def take(self, now: float, *, at_most: int) -> int:
        """How many are due and not taken yet; what is missed by more than a second is not made up for."""
        due = math.floor((now - self._began) * self._rate) + 1 - self._taken
        if due > max(1.0, self._rate):
            self._taken += due - max(1, math.floor(self._rate))
            due = max(1, math.floor(self._rate))
        taken = min(due, at_most)
        self._taken += taken
        return taken

    def due_in(self, now: float) -> float:
        """Seconds until one is due; 0 when one is."""
        return max(0.0, self._began + self._taken / self._rate - now)
