"""What is asked of a store, checked before any request goes out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo


class QuestionError(ValueError):
    """The question cannot be asked so; the text says what is allowed."""


class Interval(NamedTuple):
    """A length of time as people write it: `1h` is (1, "h"). Days and weeks are those of a calendar."""

    count: int
    unit: str


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
