"""One line of a picture, made of any number of readings in bounded memory. Pure.

Readings are kept as they are while they are few. Of more, the first, the smallest, the largest and the last of each
short stretch of time are kept: a line through these looks the same as one through all, and no peak is lost.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

Spot = tuple[int, float]
"""A time (ns) and a value."""

_MOST_STRETCHES = 1_000
_WIDE = 3
_BITS = 65


class _Stretch:
    """What is kept of the readings of a stretch of time."""

    __slots__ = ("count", "first", "highest", "last", "lowest", "total")

    def __init__(self, spot: Spot) -> None:
        self.first = self.last = self.lowest = self.highest = spot
        self.count = 1
        self.total = spot[1]

    def add(self, other: "_Stretch") -> None:
        """Take one that is later."""
        self.last = other.last
        if other.lowest[1] < self.lowest[1]:
            self.lowest = other.lowest
        if other.highest[1] > self.highest[1]:
            self.highest = other.highest
        self.count += other.count
        self.total += other.total

    def spots(self) -> list[Spot]:
        """In the order of time."""
        return sorted({self.first, self.lowest, self.highest, self.last})


class Summary(NamedTuple):
    """Of all readings of a line."""

    readings: int
    lowest: float
    highest: float
    last: Spot


class Line:
    """Takes the readings of a series in the order of time.

    Args:
        most: So many stretches are kept at most, 2 or more (before and after 1970 are never one); and about half as
            many at least, where there are enough readings.
    """

    def __init__(self, *, most: int = _MOST_STRETCHES) -> None:
        self._most = most
        self._shift = 0  # a stretch is 2**shift ns long
        self._stretches: dict[int, _Stretch] = {}
        self._distances = [0] * _BITS  # how many distances between readings have so many bits
        self._last_ns: int | None = None

    def extend(self, times: Iterable[int], values: Iterable[float | None]) -> None:
        """Take further readings; None is none."""
        for time_ns, value in zip(times, values, strict=True):
            if value is None:
                continue
            if self._last_ns is not None:
                self._distances[(time_ns - self._last_ns).bit_length()] += 1
            self._last_ns = time_ns
            self._put(time_ns >> self._shift, _Stretch((time_ns, value)))
            while len(self._stretches) > self._most:
                self._join()

    def summary(self) -> Summary | None:
        """How many readings, the smallest, the largest, and the last; None where there is none."""
        if not self._stretches:
            return None
        all_of_it = list(self._stretches.values())
        return Summary(
            sum(one.count for one in all_of_it),
            min(one.lowest[1] for one in all_of_it),
            max(one.highest[1] for one in all_of_it),
            all_of_it[-1].last,
        )

    def widest(self) -> int | None:
        """How far apart (ns) two readings may be before something is missing: 3 to 6 times of what is usual.

        None where there are not enough to tell.
        """
        seen = 0
        for bits, count in enumerate(self._distances):
            seen += count
            if 2 * seen > sum(self._distances):
                return _WIDE << bits
        return None

    def pieces(self, widest: int | None) -> list[list[Spot]]:
        """The spots to draw a line through, a new piece after each gap; `widest` is no gap yet, None knows none."""
        pieces: list[list[Spot]] = []
        last_ns: int | None = None
        for stretch in self._stretches.values():
            if last_ns is None or (widest is not None and stretch.first[0] - last_ns > widest):
                pieces.append([])
            pieces[-1] += stretch.spots()
            last_ns = stretch.last[0]
        return pieces

    def columns(
        self, count: int, *, start_ns: int, stop_ns: int, widest: int | None, last: bool = False
    ) -> Sequence[float | None]:
        """What so many equal parts of a time look like: of each its mean, or the part before it, or None in a gap.

        Args:
            count: How many parts.
            start_ns: When the first begins.
            stop_ns: When the last ends.
            widest: What is no gap yet; None knows none.
            last: To take the last value of each part instead of the mean: states have none.
        """
        sums = [(0.0, 0)] * count
        places = []
        for stretch in self._stretches.values():
            place = (stretch.first[0] - start_ns) * count // max(1, stop_ns - start_ns)
            if 0 <= place < count:
                total, number = sums[place]
                sums[place] = (stretch.last[1], 1) if last else (total + stretch.total, number + stretch.count)
                places.append((place, stretch))
        found = [total / number if number else None for total, number in sums]
        for (place, stretch), (following, next_one) in pairwise(places):
            if widest is None or next_one.first[0] - stretch.last[0] <= widest:
                found[place + 1 : following] = [found[place]] * (following - place - 1)
        return found

    def __bool__(self) -> bool:
        """Whether there is a reading."""
        return bool(self._stretches)

    def _put(self, place: int, stretch: _Stretch) -> None:
        there = self._stretches.get(place)
        if there is None:
            self._stretches[place] = stretch
        else:
            there.add(stretch)

    def _join(self) -> None:
        """Make stretches twice as long."""
        before, self._stretches = self._stretches, {}
        self._shift += 1
        for place, stretch in before.items():
            self._put(place >> 1, stretch)
