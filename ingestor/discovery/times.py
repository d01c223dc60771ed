"""Which of the values that devices send are times."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ingestor.ports import Message

_NAMES: Final = (
    "ts",
    "timestamp",
    "time",
    "datetime",
    "date_time",
    "epoch",
    "unixtime",
    "utc",
    "measured_at",
    "recorded_at",
    "sent_at",
    "created_at",
    "date",
    "at",
    "t",
)
"""The likeliest first."""
_EARLIEST_NS: Final = 946_684_800 * 10**9
_AHEAD_NS: Final = 300 * 10**9
_RECENT_NS: Final = 86_400 * 10**9
_SCALES: Final = (10**9, 10**6, 10**3, 1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}\S*", re.ASCII)


def rank(name: str) -> int | None:
    """How likely a value is a time, by its name: the smaller the likelier; None where it is not."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name[:40]).lower().strip("_").replace("-", "_")
    return _NAMES.index(plain) if plain in _NAMES else None


class TimeWatch:
    """Whether the values of one place are times between 2000 and a little after the time of receipt.

    Attributes:
        fits: How many are.
        zoneless: How many are of the last day if their zone, which they do not name, is UTC.
        others: How many are something else.
    """

    def __init__(self) -> None:
        self.fits = 0
        self.zoneless = 0
        self.others = 0

    def add(self, value: object, message: Message) -> None:
        """Take the value of one reading more; None is no value."""
        if value is None:
            return
        latest = message.received_ns + _AHEAD_NS
        if isinstance(value, str):
            found = _iso(value)
            if found is None:
                self.others += 1
            elif found.tzinfo is not None:
                self._count(_EARLIEST_NS <= _nanoseconds(found) <= latest)
            else:
                time_ns = _nanoseconds(found.replace(tzinfo=UTC))
                self.zoneless += latest - _RECENT_NS <= time_ns <= latest
                self.others += not latest - _RECENT_NS <= time_ns <= latest
        elif isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**63:
            self.others += 1
        else:
            self._count(sum(_EARLIEST_NS <= value * scale <= latest for scale in _SCALES) == 1)

    def merge(self, other: "TimeWatch") -> None:
        """Take what another has seen."""
        self.fits += other.fits
        self.zoneless += other.zoneless
        self.others += other.others

    @property
    def is_time(self) -> bool:
        """Whether they are, each of them."""
        return self.others == 0 < self.fits + self.zoneless and not (self.fits and self.zoneless)

    @property
    def zone(self) -> str | None:
        """The zone that fits where they name none; None where they name one."""
        return "UTC" if self.zoneless else None

    def _count(self, fits: bool) -> None:  # noqa: FBT001 - what is counted
        self.fits += fits
        self.others += not fits


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()) if _ISO.fullmatch(text.strip()[:64]) else None
    except ValueError:
        return None


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
