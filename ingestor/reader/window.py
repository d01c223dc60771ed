"""Where the windows of an aggregation begin. Pure; in nanoseconds since 1970 UTC, and in any time zone.

One rule for all lengths: a window begins at each instant at which the clock of the zone shows, or passes over, a
multiple of the length, counted from the beginning of 1970 on that clock; weeks from its first Monday. So a day is from
midnight to midnight, 23 or 25 hours long where the clock is changed; a week begins on Monday; hours are hours on every
day; and of windows of six hours the one with the change in it is five or seven hours long.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from ingestor.reader.question import Interval

_NS = 10**9
_DAY_NS = 86_400 * _NS
_UNIT_NS = {"s": _NS, "m": 60 * _NS, "h": 3_600 * _NS, "d": _DAY_NS, "w": 7 * _DAY_NS}
_FIRST_MONDAY_NS = 4 * _DAY_NS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_NS, _MOST_NS = -(2**63), 2**63 - 1


class Stretch(NamedTuple):
    """Windows of one length without a gap: the first begins at `start_ns`, the last ends at `stop_ns`."""

    start_ns: int
    stop_ns: int
    length_ns: int


class _Period(NamedTuple):
    """A time in which the clock of a zone is not changed; `ahead_ns` of UTC, and what it was before."""

    start_ns: int
    stop_ns: int
    ahead_ns: int
    ahead_before_ns: int


def length_ns(interval: Interval) -> int:
    """How long it is on a clock that nobody changes."""
    return interval.count * _UNIT_NS[interval.unit]


def before(time_ns: int, interval: Interval, zone: tzinfo) -> int:
    """So much earlier; with days and weeks at the same time of day."""
    length = length_ns(interval)
    if interval.unit not in {"d", "w"}:
        return time_ns - length
    local = time_ns + _ahead_ns(zone, time_ns) - length
    guess = local - _ahead_ns(zone, local)
    return local - _ahead_ns(zone, guess)


def stretches(every: Interval, zone: tzinfo, *, start_ns: int, stop_ns: int) -> Iterator[Stretch]:
    """The windows that have a part in the time from `start_ns` until before `stop_ns`, as few stretches."""
    open_one: Stretch | None = None
    for stretch in _stretches(every, zone, start_ns=start_ns, stop_ns=stop_ns):
        first, stop, length = stretch
        first += max(0, (start_ns - first) // length * length)
        stop = min(stop, first + max(0, -((first - stop_ns) // length)) * length)
        if first >= stop:
            continue
        if open_one and open_one.length_ns == length and open_one.stop_ns == first:
            open_one = open_one._replace(stop_ns=stop)
            continue
        if open_one:
            yield open_one
        open_one = Stretch(first, stop, length)
    if open_one:
        yield open_one


def edges(every: Interval, zone: tzinfo, *, start_ns: int, stop_ns: int) -> Iterator[int]:
    """The beginnings of those windows, and the end of the last; as far as 64 bits can tell them."""
    end = None
    for first, stop, length in stretches(every, zone, start_ns=start_ns, stop_ns=stop_ns):
        for edge in range(first, stop, length):
            yield max(edge, _LEAST_NS)
        end = stop
    if end is not None:
        yield min(end, _MOST_NS)


def _stretches(every: Interval, zone: tzinfo, *, start_ns: int, stop_ns: int) -> Iterator[Stretch]:
    """The same from well before the beginning until well after the end."""
    length = length_ns(every)
    origin = _FIRST_MONDAY_NS if every.unit == "w" else 0
    around = length + 2 * _DAY_NS
    last: int | None = None
    for period in _periods(zone, start_ns - around, stop_ns + around):
        for first, count in _beginnings(period, length, origin):
            if last is not None and first > last:
                yield Stretch(last, first, first - last)
            last = first + (count - 1) * length
            if count > 1:
                yield Stretch(first, last, length)


def _beginnings(period: _Period, length: int, origin: int) -> Iterator[tuple[int, int]]:
    """Runs of windows that begin in the period: where the first does, and how many follow each other."""
    shown = period.start_ns + period.ahead_ns - origin
    first = period.start_ns + -shown % length
    shown_before = period.start_ns - 1 + period.ahead_before_ns - origin
    if first != period.start_ns and shown // length > shown_before // length:
        yield period.start_ns, 1  # a multiple was passed over
    count = -((first - period.stop_ns) // length)
    if count > 0:
        yield first, count


def _periods(zone: tzinfo, start_ns: int, stop_ns: int) -> Iterator[_Period]:
    """Looks once a day: no zone changes its clock twice within one."""
    begin, ahead = start_ns, _ahead_ns(zone, start_ns)
    ahead_before = ahead
    for look in (*range(start_ns + _DAY_NS, stop_ns, _DAY_NS), stop_ns):
        if _ahead_ns(zone, look) != ahead:
            change = _change(zone, max(begin, look - _DAY_NS), look)
            yield _Period(begin, change, ahead, ahead_before)
            ahead_before, ahead, begin = ahead, _ahead_ns(zone, look), change
    yield _Period(begin, stop_ns, ahead, ahead_before)


def _change(zone: tzinfo, before_ns: int, after_ns: int) -> int:
    """The second at which the clock is changed between these."""
    low, high = before_ns // _NS, after_ns // _NS
    old = _ahead_ns(zone, before_ns)
    while high - low > 1:
        middle = (low + high) // 2
        if _ahead_ns(zone, middle * _NS) == old:
            low = middle
        else:
            high = middle
    return high * _NS


def _ahead_ns(zone: tzinfo, time_ns: int) -> int:
    ahead = (_EPOCH + timedelta(seconds=time_ns // _NS)).astimezone(zone).utcoffset()
    return (ahead or timedelta()) // timedelta(microseconds=1) * 1_000
