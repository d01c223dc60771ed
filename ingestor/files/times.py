"""Times in files: ISO 8601 with nanoseconds, or whole numbers since 1970. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

PRECISIONS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
"""How many nanoseconds a number counts."""

_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_MIN_NS: Final = -(2**63)
_MAX_NS: Final = 2**63 - 1
_DOUBTFUL_NS: Final = 10**15
"""Numbers below this are days of 1970 as nanoseconds, and of our time as seconds or milliseconds."""

_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:[.,](\d{1,9})0*)?\s?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_NUMBER: Final = re.compile(r"-?\d{1,20}", re.ASCII)


def iso_times(times: Sequence[int]) -> list[str]:
    """The times (ns) as `2026-01-31T12:00:00.000000000Z`: all of one length, so that they sort as text."""
    minutes: dict[int, str] = {}
    texts = []
    for time_ns in times:
        minute, rest = divmod(time_ns, _MINUTE)
        start = minutes.get(minute)
        if start is None:
            start = minutes[minute] = (_EPOCH + timedelta(minutes=minute)).isoformat()[:17]
        texts.append(f"{start}{rest // _SECOND:02}.{rest % _SECOND:09}Z")
    return texts


class TimeReader:
    """Reads times as people and programs write them.

    Args:
        precision: What a number counts: a name of PRECISIONS; None for nanoseconds, where numbers that would be of
            the first days of 1970 are refused: they count something else.
        zone: Of times that name none.
    """

    def __init__(self, *, precision: str | None = None, zone: tzinfo = UTC) -> None:
        self._scale = PRECISIONS[precision or "ns"]
        self._doubtful = _DOUBTFUL_NS if precision is None else 0
        self.zone = zone

    def read(self, text: str) -> int:
        """A time in ns, from a number or ISO 8601.

        Raises:
            ValueError: It is none; says why.
        """
        if _NUMBER.fullmatch(text):
            return self.number(text)
        found = _ISO.fullmatch(text)
        if found is None:
            raise ValueError(f"time {_shown(text)} is neither ISO 8601 (2026-01-31T12:00:00Z) nor a whole number")
        whole, fraction, zone = found.groups()
        try:
            moment = datetime.fromisoformat(whole)
        except ValueError:
            raise ValueError(f"time {_shown(text)} is not in the calendar") from None
        secs = 86_400 * (moment.toordinal() - _EPOCH_DAY) + 3_600 * moment.hour + 60 * moment.minute + moment.second
        time_ns = (secs - self._offset(moment, zone)) * _SECOND + int((fraction or "").ljust(9, "0"))
        return _within(time_ns, text)

    def number(self, text: str) -> int:
        """A time in ns, from the digits of a whole number.

        Raises:
            ValueError: It does not fit into 64 bits, or counts something else than nanoseconds.
        """
        number = int(text)
        if -self._doubtful < number < self._doubtful:
            raise ValueError(f"time {number} would be in January 1970 as nanoseconds: say what it counts (--precision)")
        return _within(number * self._scale, text)

    def _offset(self, moment: datetime, zone: str | None) -> int:
        """How many seconds local time is ahead of UTC."""
        if zone is None:
            ahead = moment.replace(tzinfo=self.zone).utcoffset() or timedelta()
            return round(ahead.total_seconds())
        if zone in "Zz":
            return 0
        secs = 3_600 * int(zone[1:3]) + 60 * int(zone[-2:])
        return -secs if zone[0] == "-" else secs


def _within(time_ns: int, text: str) -> int:
    if not _MIN_NS <= time_ns <= _MAX_NS:
        raise ValueError(f"time {_shown(text)} lies further from 1970 than 64 bits of nanoseconds can tell")
    return time_ns


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
