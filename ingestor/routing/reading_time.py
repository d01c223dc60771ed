"""The time of a reading: what the device says where it says so, and the time of receipt otherwise."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from ingestor.config import TimeOf
from ingestor.ports import RETAIN, Flaw, Message, Reason
from ingestor.routing.payload import Exact, Written
from ingestor.routing.words import shorten, show

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_LONGEST_NS: Final = 100 * 365 * 86_400 * 10**9
"""Added to a time of receipt it still fits into 64 bits."""
_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]+))?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)


class Clock:
    """Reads the times of one route.

    Args:
        rule: What the route says of it; its `field` is set.
        written: Gives the readings of a payload as they were written; see `PayloadReader`.
        needs_zone: Whether a time without a zone is wrong, where the rule names none; else it is no time.
    """

    __slots__ = (
        "_ahead", "_context", "_earliest", "_needs_zone", "_reject", "_rule", "_scales", "_sure", "_written", "_zone",
        "field",
    )  # fmt: skip

    def __init__(self, rule: TimeOf, *, written: Callable[[bytes], Written], needs_zone: bool = True) -> None:
        self.field = rule.field or ""
        self._rule = rule
        self._written = written
        self._needs_zone = needs_zone
        self._zone = None if rule.zone is None else ZoneInfo(rule.zone)
        self._scales = tuple(scale for unit, scale in _SCALES.items() if rule.unit in {unit, "auto"})
        start = datetime(rule.not_before.year, rule.not_before.month, rule.not_before.day, tzinfo=UTC)
        self._earliest = max(_nanoseconds(start), _INT64_MIN)
        self._ahead = min(round(rule.max_ahead * 1e9), _LONGEST_NS)
        self._context = Context(prec=60)
        self._reject = rule.outside == "reject"
        # Windows of two units can only meet where the latest time is a thousand times the earliest.
        self._sure = len(self._scales) == 1 or self._earliest > _INT64_MAX // 1000

    def when(self, raw: object, message: Message, exact: Exact | None = None) -> int | Flaw:
        """Nanoseconds since 1970 UTC of a reading.

        Args:
            raw: What the payload has as its time, None for nothing.
            message: What it came in.
            exact: Gives a value of the reading as it was written; None for the only one of the message.

        Returns:
            The time; or a flaw: with a `field` where the time of receipt is to be used, without where nothing is.
        """
        if type(raw) is int and self._sure:
            latest = message.received_ns + self._ahead
            for scale in self._scales:
                time_ns = raw * scale
                if self._earliest <= time_ns <= latest:
                    return time_ns
        return self._carefully(raw, message, exact)

    def _carefully(self, raw: object, message: Message, exact: Exact | None) -> int | Flaw:
        try:
            times = None if raw is None else self._times(raw, message, exact)
        except ArithmeticError:
            return Flaw(-1, Reason.TIME, f"{self._named} is {show(raw)}: not a number that can be a time")
        except ValueError as error:
            return Flaw(-1, Reason.TIME, shorten(f"{self._named} is {show(raw)}: {error}"))
        if times is None:
            unknown = self._reject or message.flags & RETAIN
            return Flaw(-1, Reason.TIME, f"no time in {self._named}") if unknown else message.received_ns
        latest = message.received_ns + self._ahead
        inside = [time_ns for time_ns in times if self._earliest <= time_ns <= latest]
        if len(inside) > 1:
            return Flaw(-1, Reason.TIME, f"{self._named} is {show(raw)}: its unit cannot be told, set time.unit")
        return inside[0] if inside else self._outside(raw, message)

    def _outside(self, raw: object, message: Message) -> Flaw:
        detail = shorten(
            f"{self._named} {show(raw)} is not between {self._rule.not_before} and "
            f"{self._rule.max_ahead:g} s after it was received"
        )
        if self._reject or message.flags & RETAIN:
            return Flaw(-1, Reason.TIME, detail)
        return Flaw(0, Reason.TIME, detail, self.field)

    def _times(self, raw: object, message: Message, exact: Exact | None) -> list[int] | None:
        """The times that `raw` can mean: one for each unit that it can have; None where it is no time."""
        if isinstance(raw, str) and self._rule.unit in {"iso", "auto"}:
            time_ns = self._iso(raw, message.received_ns)
            return None if time_ns is None else [time_ns]
        if not self._scales or isinstance(raw, bool) or not isinstance(raw, int | float):
            raise ValueError("a time in ISO 8601 belongs here" if not self._scales else "a number belongs here")
        if isinstance(raw, int):
            return [raw * scale for scale in self._scales]
        if not isfinite(raw):
            raise ValueError("not a number that can be a time")
        exact = exact or self._written(message.payload).reading(0)
        digits = Decimal(str(exact(self.field)))
        return [int(self._context.multiply(digits, scale)) for scale in self._scales]

    def _iso(self, text: str, received_ns: int) -> int | None:
        found = _ISO.fullmatch(text.strip()) if len(text) <= 64 else None
        if found is None:
            raise ValueError("not a time in ISO 8601, like 2026-11-24T12:00:00Z")
        day, clock, fraction, zone = found.groups()
        try:
            moment = datetime.fromisoformat(f"{day}T{clock}{(zone or '').upper()}")
        except ValueError as error:
            raise ValueError(f"no such time: {error}") from error
        if zone is not None:
            whole = _nanoseconds(moment)
        elif self._zone is not None:
            whole = _local(moment, self._zone, received_ns)
        elif self._needs_zone:
            raise ValueError("without a zone; write Z or an offset like +08:00 behind it, or set time.zone")
        else:
            return None
        return whole + int((fraction or "0")[:9].ljust(9, "0"))

    @property
    def _named(self) -> str:
        return shorten(self.field, 40)


def _local(moment: datetime, zone: ZoneInfo, received_ns: int) -> int:
    """A time of a clock on the wall; of the two times in the hour that comes twice, the one nearer to the receipt."""
    times = {_nanoseconds(moment.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)}
    told = {time_ns for time_ns in times if _wall(time_ns, zone) == moment}
    if not told:
        raise ValueError(f"no such time in {zone.key}: the clocks were set ahead")
    return min(told, key=lambda time_ns: abs(received_ns - time_ns))


def _wall(time_ns: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=time_ns // 1000)).astimezone(zone).replace(tzinfo=None)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
