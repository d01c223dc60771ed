"""Cuts a time into stretches, one after the other, each about as much work as the last one should have been. Pure."""

_GROWTH = 8


class Stretches:
    """Gives the next stretch, and makes it longer or shorter by what the last one held.

    Args:
        start_ns: Where the first begins.
        stop_ns: Where the last ends.
        length_ns: How long the first is.
        aim: How much a stretch should hold, in whatever `settle` counts.
        unit_ns: Stretches end at multiples of this, but for the last.
    """

    def __init__(self, start_ns: int, stop_ns: int, *, length_ns: int, aim: int, unit_ns: int = 1) -> None:
        self._next_ns = start_ns
        self._stop_ns = stop_ns
        self._length_ns = length_ns
        self._aim = aim
        self._unit_ns = unit_ns

    def take(self) -> tuple[int, int] | None:
        """Where the next stretch begins and ends; the same again until it is settled; None at the end."""
        if self._next_ns >= self._stop_ns:
            return None
        units = max(1, self._length_ns // self._unit_ns)
        return self._next_ns, min(self._stop_ns, (self._next_ns // self._unit_ns + units) * self._unit_ns)

    def settle(self, amount: int) -> None:
        """The stretch is done, and held so much."""
        stretch = self.take()
        if stretch is None:
            return
        start_ns, self._next_ns = stretch
        length = self._next_ns - start_ns
        fitting = length * self._aim // amount if amount else length * _GROWTH
        self._length_ns = max(1, length // _GROWTH, min(fitting, length * _GROWTH))
