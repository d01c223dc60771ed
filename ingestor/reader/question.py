"""What is asked of a store, checked before any request goes out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

STORE_FUNCTIONS = ("mean", "min", "max", "sum", "count", "first", "last", "median")
"""What every store works out itself; and quantiles, `p95`."""
OF_ANY_TYPE = ("first", "last", "count")
"""What there is of fields that are no numbers."""

_LONGEST_DAYS = 36_500
_SECS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LENGTH_RULE = "a whole number above 0 and a unit, s m h d or w: 30m, 1h, 7d"
_TIME_RULE = "a datetime with a time zone, or ISO text: 2026-01-31T08:00:00+08:00, or 2026-01-31"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Where = Mapping[str, str | Iterable[str]]


class QuestionError(ValueError):
    """The question cannot be asked so; the text says what is allowed."""


class Interval(NamedTuple):
    """A length of time as people write it: `1h` is (1, "h"). Days and weeks are those of a calendar."""

    count: int  # type: ignore[assignment]  # a tuple's method of that name is not missed
    unit: str

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


@dataclass(frozen=True, slots=True)
class Question:
    """Which readings, and in what form.

    Attributes:
        bucket: Where they are.
        measurement: Of which kind.
        start_ns: From here on, included.
        stop_ns: Up to here, not included.
        zone: In which time zone windows begin, and in which times are shown.
        where: Tags, and the values that they may have; all of them must fit. "" means without that tag.
        fields: Which fields; None for all.
        every: The length of a window of an aggregation; None for the readings as they are.
        functions: What is made of the readings of a window; with more than one, a column is called FIELD_FUNCTION.
    """

    bucket: str
    measurement: str
    start_ns: int
    stop_ns: int
    zone: ZoneInfo
    where: Mapping[str, tuple[str, ...]]
    fields: tuple[str, ...] | None = None
    every: Interval | None = None
    functions: tuple[str, ...] = ()


def parse_interval(text: object, *, of: str = "every") -> Interval:
    """A length of time: `{length}{unit}`.

    Raises:
        QuestionError: It is none.
    """
    match = re.fullmatch(r"([0-9]{1,18})([smhdw])", text) if isinstance(text, str) else None
    if not match or not int(match[1]):
        raise QuestionError(f"{of}={text!r}: a length of time is {_LENGTH_RULE}")
    interval = Interval(int(match[1]), match[2])
    if interval.count * _SECS[interval.unit] > _LONGEST_DAYS * 86_400:
        raise QuestionError(f"{of}={text!r}: a length of time is at most a hundred years, {_LONGEST_DAYS}d")
    return interval


def parse_zone(name: str | ZoneInfo) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        QuestionError: There is none.
    """
    if isinstance(name, ZoneInfo):
        return name
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise QuestionError(f"zone={name!r}: a time zone is a name like UTC, Asia/Singapore or Europe/Berlin") from None


def parse_time(value: object, zone: ZoneInfo, *, of: str = "start") -> int:
    """Nanoseconds of an aware datetime, or of ISO text; text without a time zone is meant in `zone`.

    Raises:
        QuestionError: It is neither, or out of what 64 bits can tell: 1677 to 2262.
    """
    nanos = 0
    if isinstance(value, str):
        text, nanos = _split_nanos(value)
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise QuestionError(f"{of}={value!r}: a time is {_TIME_RULE}") from None
        time = time if time.tzinfo else time.replace(tzinfo=zone)
    elif isinstance(value, datetime) and _is_aware(value):
        time = value
    else:
        raise QuestionError(f"{of}={value!r}: a time is {_TIME_RULE}")
    time_ns = (time - _EPOCH) // timedelta(microseconds=1) * 1_000 + nanos
    if not -(2**63) <= time_ns < 2**63:
        raise QuestionError(f"{of}={value!r}: times are from 1677-09-22 to 2262-04-11")
    return time_ns


def parse_name(value: object, *, of: str) -> str:
    """The name of a bucket or of a measurement.

    Raises:
        QuestionError: It is none.
    """
    if isinstance(value, str) and value and _is_text(value):
        return value
    raise QuestionError(f"{of}={value!r}: a {of} has a name")


def parse_where(where: Where | None) -> Mapping[str, tuple[str, ...]]:
    """Tags and the values that they may have.

    Raises:
        QuestionError: A value is no text, or a tag may have none.
    """
    given: object = where
    if not isinstance(given, Mapping | None):
        raise QuestionError(f"where={where!r}: it is tags and their values: {{'rack': 'rack1'}}")
    return {tag: _tag_values(tag, values) for tag, values in (where or {}).items()}


def parse_fields(fields: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """The names of the fields, each once; None for all of them.

    Raises:
        QuestionError: They are no names, or none.
    """
    if fields is None:
        return None
    names = _texts(fields)
    if not names:
        raise QuestionError(f"fields={fields!r}: fields are a list of names; leave it out for all of them")
    return tuple(dict.fromkeys(names))


def quantile(function: str) -> float | None:
    """The share of a function like `p95`: 0.95; of the median one half; None for all others."""
    if function == "median":
        return 0.5
    return float(function[1:]) / 100 if re.fullmatch(r"p\d{1,2}(\.\d{1,6})?", function) else None


def column(field: str, function: str, functions: Sequence[str]) -> str:
    """How the column is called that one of the functions makes of a field."""
    return field if len(functions) == 1 else f"{field}_{function}"


def _split_nanos(text: str) -> tuple[str, int]:
    """Text without what is finer than a microsecond, and that: datetime has no place for it."""
    match = re.fullmatch(r"(.*\.\d{6})(\d{1,3})(\D.*)?", text)
    return (match[1] + (match[3] or ""), int(match[2].ljust(3, "0"))) if match else (text, 0)


def _tag_values(tag: object, values: object) -> tuple[str, ...]:
    found = _texts(values)
    if not isinstance(tag, str):
        raise QuestionError(f"where={{{tag!r}: …}}: the name of a tag is a text")
    if not found:
        raise QuestionError(f"where={{{tag!r}: {values!r}}}: a tag has a text for a value, or a list of them")
    return found


def _texts(given: object) -> tuple[str, ...]:
    """A text, or several; none where it is something else."""
    several = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else ()
    texts = tuple(text for text in several if isinstance(text, str) and _is_text(text))
    return texts if len(texts) == len(several) else ()


def _is_text(text: str) -> bool:
    """Half of a surrogate pair is none; Python takes it for one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_aware(time: datetime) -> bool:
    try:
        return time.utcoffset() is not None
    except ValueError:  # pandas has a time that is none
        return False
