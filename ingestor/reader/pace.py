"""How much time one request asks for: as much as gives about so many values. Pure."""

from collections.abc import Iterable

from ingestor.reader.flux import Span
from ingestor.reader.window import Stretch

AIM_VALUES = 500_000
MAX_VALUES = 4 * AIM_VALUES
_AIM_SECS = 5.0
_MAX_GROWTH = 16
_MOST_NS = 2**61


class Pace:
    """Cuts a time into spans that are asked for one after the other, each settled before the next is taken.

    Args:
        runs: The windows that are asked for, or one run of a length of 1 ns for readings as they are.
        start_ns: No span begins earlier, though its first window may.
        stop_ns: No span ends later.
        length_ns: How long the first span is to be; later ones are longer or shorter by what came.
    """

    def __init__(self, runs: Iterable[Stretch], *, start_ns: int, stop_ns: int, length_ns: int) -> None:
        self._runs = iter(runs)
        self._start_ns = start_ns
        self._stop_ns = stop_ns
        self._length_ns = length_ns
        self._longest_ns = 0
        self._left = next(self._runs, None)

    def take(self) -> Span | None:
        """The next span; the same time again until it is settled. None at the end."""
        if self._left is None:
            return None
        first, stop, window = self._left
        stop = min(stop, first + max(1, self._length_ns // window) * window)
        return Span(max(first, self._start_ns), min(stop, self._stop_ns), first, window)

    def most(self, span: Span) -> int | None:
        """With more values than this a span is better given up; None for one that cannot be shorter."""
        return MAX_VALUES if span.stop_ns - span.first_ns > span.length_ns else None

    def is_new(self, span: Span) -> bool:
        """Whether it is longer than all before it: if no answer comes, it may be too long."""
        return span.stop_ns - span.start_ns > self._longest_ns > 0

    def too_much(self, span: Span) -> None:
        """The span was given up: what is taken next begins where it does, and is much shorter."""
        self._length_ns = max(1, min(self._length_ns, span.stop_ns - span.first_ns) // _MAX_GROWTH)

    def settle(self, span: Span, *, values: int, secs: float) -> None:
        """The span's values are here: so many, after so many seconds. The next goes on where it ends."""
        length = span.stop_ns - span.start_ns
        self._longest_ns = max(self._longest_ns, length)
        growth = min(
            AIM_VALUES / max(values, 1), max(1.0, _AIM_SECS / max(secs, 1e-3))
        )  # time may not be of its length
        least, most = self._length_ns // _MAX_GROWTH, self._length_ns * _MAX_GROWTH
        self._length_ns = max(1, min(max(int(length * growth), least), most, _MOST_NS))
        if self._left is None or span.stop_ns >= min(self._left.stop_ns, self._stop_ns):
            self._left = next(self._runs, None)
        else:
            self._left = self._left._replace(start_ns=span.stop_ns)
