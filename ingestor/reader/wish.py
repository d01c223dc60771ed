"""What the arguments of the reader's methods mean. Pure."""

import math
import operator
import sys
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Literal, NamedTuple, SupportsIndex, TypedDict
from zoneinfo import ZoneInfo

from ingestor.reader.question import (
    STORE_FUNCTIONS,
    Interval,
    Question,
    QuestionError,
    Where,
    parse_fields,
    parse_interval,
    parse_name,
    parse_time,
    parse_where,
    parse_zone,
    quantile,
)
from ingestor.reader.window import before, length_ns

READER_FUNCTIONS = ("difference", "rate")
"""What the reader makes of the last value of each window."""
MOST_ROWS = 50_000_000
"""So many rows are filled at most."""

_DEFAULT_EVERY = "30m"
_FILL_RULE = "none, null, previous, linear, or a number"
_FIRST_NS, _BEHIND_NS = -(2**63) + 2, 2**63 - 1

FillWord = Literal["none", "null", "previous", "linear"]
Fill = FillWord | float
"""What windows without readings get: no row, a row without values, the value before, one on the line between, this."""

_BY_NAME = {"measurement", "where", "fields"}
"""Arguments that every method has."""

_MOST_FILL = sys.float_info.max
_FILL_WORDS: tuple[FillWord, ...] = ("none", "null", "previous", "linear")


class Grouping(NamedTuple):
    """The aggregation that somebody asked for; no functions are the readings as they are."""

    every: Interval | None = None
    functions: tuple[str, ...] = ()
    fill: Fill = "none"


class Bounds(TypedDict, total=False):
    """From `start` until before `stop` (now, where it is left out); `zone` is the time zone, also of text without."""

    start: datetime | str | None
    stop: datetime | str | None
    zone: str | ZoneInfo | None


class Span(Bounds, total=False):
    """Which time is meant: that, or `last`, so long until now."""

    last: str | None


class Rest(Bounds, total=False):
    """What `read` takes by name alone; see `Reader.read`."""

    where: Where | None
    fields: str | Iterable[str] | None
    function: str | None
    functions: Sequence[str] | None
    fill: Fill | None


class Wish(Rest, Span, total=False):
    """All that `Reader.read` and `Reader.stream` take."""

    every: str | None


class Asked(NamedTuple):
    """What arguments mean; `question` has no measurement yet."""

    question: Question
    grouping: Grouping


def understand(bucket: str, wish: Wish, *, zone: ZoneInfo, now_ns: int, all_time: bool = False) -> Asked:
    """Check all that can be checked without the store.

    Args:
        bucket: Where the readings are.
        wish: The other arguments of a method of the reader.
        zone: The time zone, where the wish names none.
        now_ns: What time it is.
        all_time: Whether all of it is meant, where the wish names no time.

    Raises:
        QuestionError: Something is not allowed.
    """
    check_arguments(wish, Wish.__optional_keys__)
    bucket = parse_name(bucket, of="bucket")
    named = wish.get("zone")
    zone = zone if named is None else parse_zone(named)
    grouping = parse_grouping(
        wish.get("every"), function=wish.get("function"), functions=wish.get("functions"), fill=wish.get("fill")
    )
    start_ns, stop_ns = _span(wish, zone, now_ns=now_ns, all_time=all_time)
    if grouping.fill != "none" and grouping.every and (stop_ns - start_ns) // length_ns(grouping.every) > MOST_ROWS:
        raise QuestionError(f"every={str(grouping.every)!r}: these are more windows than can be filled ({MOST_ROWS:,})")
    question = Question(
        bucket,
        "",
        start_ns,
        stop_ns,
        zone,
        parse_where(wish.get("where")),
        parse_fields(wish.get("fields")),
        grouping.every,
        tuple(dict.fromkeys(map(store_function, grouping.functions))),
    )
    return Asked(question, grouping)


def check_arguments(given: Mapping[str, object], allowed: AbstractSet[str]) -> None:
    """See that there is no argument that would be overlooked.

    Raises:
        QuestionError: There is.
    """
    if unknown := given.keys() - allowed:
        names = sorted({*allowed, *_BY_NAME})
        raise QuestionError(f"there is no argument {min(unknown)!r}; there is: {', '.join(names)}")


def _span(wish: Span, zone: ZoneInfo, *, now_ns: int, all_time: bool) -> tuple[int, int]:
    last, start, stop = wish.get("last"), wish.get("start"), wish.get("stop")
    if last is not None and (start is not None or stop is not None):
        raise QuestionError("last= is the time until now: use it, or start= and stop=, not both")
    if all_time and last is None and start is None and stop is None:
        return _FIRST_NS, _BEHIND_NS
    if last is None and start is None:
        raise QuestionError("which time is meant? Say last='30d', or start= and, unless it is now, stop=")
    stop_ns = now_ns if stop is None else parse_time(stop, zone, of="stop")
    if start is None:
        return max(before(stop_ns, parse_interval(last, of="last"), zone), _FIRST_NS), stop_ns
    start_ns = parse_time(start, zone)
    if start_ns >= stop_ns:
        raise QuestionError(f"start={start!r} is not before {'now' if stop is None else f'stop={stop!r}'}")
    return start_ns, stop_ns


def parse_grouping(
    every: str | None = None,
    *,
    function: str | None = None,
    functions: Sequence[str] | None = None,
    fill: Fill | None = None,
) -> Grouping:
    """Which aggregation these arguments of `Reader.read` ask for.

    Raises:
        QuestionError: One of them is not allowed, or they do not go together.
    """
    if function is not None and functions is not None:
        raise QuestionError("function= and functions= are both given: use one of them")
    asked: object = functions if function is None else [function]
    if asked is not None and (isinstance(asked, str) or not isinstance(asked, Sequence) or not asked):
        raise QuestionError(f"functions={asked!r}: functions are a list of names: {_all_functions()}")
    if every is None and asked is None:
        if _fill(fill) != "none":
            raise QuestionError(f"fill={fill!r}: only windows can be filled: say how long they are, every='1h'")
        return Grouping()
    names = tuple(dict.fromkeys(map(_function, asked or ["mean"])))
    length = parse_interval(_DEFAULT_EVERY if every is None else every)
    return Grouping(length, names, _fill(fill))


def store_function(function: str) -> str:
    """What a store is asked for it."""
    return "last" if function in READER_FUNCTIONS else function


def _function(name: object) -> str:
    if isinstance(name, str) and (name in {*STORE_FUNCTIONS, *READER_FUNCTIONS} or quantile(name)):
        return name
    raise QuestionError(f"function={name!r}: there is {_all_functions()}")


def _all_functions() -> str:
    return (
        f"{', '.join((*STORE_FUNCTIONS, *READER_FUNCTIONS))}, and quantiles above p0 and below p100, like p95 or p99.9"
    )


def _fill(value: object) -> Fill:
    if value is None:
        return "none"
    for word in _FILL_WORDS:
        if isinstance(value, str) and value == word:
            return word
    number: float = math.nan
    if isinstance(value, float):
        number = float(value)
    elif isinstance(value, SupportsIndex) and not isinstance(value, bool):  # NumPy has ints of its own
        number = operator.index(value)
    if -_MOST_FILL <= number <= _MOST_FILL:
        return number
    raise QuestionError(f"fill={value!r}: it is {_FILL_RULE}")
