"""What an answer has to be, worked out in plain Python from the points that were written. The judge of every source.

It shares nothing with the reader: windows are found by looking at the clock again and again, as a person would.
"""

import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from ingestor.ports import FieldType, Point, Value

SECS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
LOOK_SECS = {"s": 1, "m": 60, "h": 60, "d": 900, "w": 900}
QUARTER = timedelta(minutes=15)
NUMBERS = {FieldType.FLOAT, FieldType.INT}
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]
Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """A question, as a person asks it."""

    start: datetime
    stop: datetime
    zone: str = "UTC"
    every: str | None = None
    functions: tuple[str, ...] = ()
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    fields: tuple[str, ...] | None = None
    fill: str | float = "none"

    def wish(self) -> Mapping[str, Any]:
        """The arguments for `Reader.read`."""
        return {
            "start": self.start,
            "stop": self.stop,
            "zone": self.zone,
            "every": self.every,
            "functions": self.functions or None,
            "where": self.where,
            "fields": self.fields,
            "fill": self.fill,
        }


def answer(points: Iterable[Point], asked: Asked) -> list[Row]:
    """The rows, ordered by tags and time; times are nanoseconds."""
    chosen = [point for point in points if _fits(point, asked)]
    types = {name: kind for point in chosen for name, kind in point.series.types.items()}
    names = asked.fields or sorted(types)
    by_series: dict[Tags, list[Point]] = {}
    for point in sorted(chosen, key=lambda point: point.time_ns):
        by_series.setdefault(point.series.tags, []).append(point)
    rows = []
    for tags, of_series in sorted(by_series.items(), key=lambda item: _order(item[0], by_series)):
        made = _raw(of_series, names) if asked.every is None else _windows(of_series, names, types, asked)
        rows += [{"time": time_ns, "tags": tags, **values} for time_ns, values in made]
    return rows


def _fits(point: Point, asked: Asked) -> bool:
    if not nanoseconds(asked.start) <= point.time_ns < nanoseconds(asked.stop):
        return False
    tags = dict(point.series.tags)
    allowed = {tag: [values] if isinstance(values, str) else values for tag, values in asked.where.items()}
    return all(tags.get(tag, "") in values for tag, values in allowed.items())


def _order(tags: Tags, all_tags: Iterable[Tags]) -> list[tuple[bool, str]]:
    """By each tag in turn, those without it behind."""
    names = sorted({name for of in all_tags for name, _ in of})
    return [(name not in dict(tags), dict(tags).get(name, "")) for name in names]


def _raw(points: Iterable[Point], names: Sequence[str]) -> Iterator[tuple[int, Row]]:
    for point in points:
        if any(name in point.fields for name in names):
            yield point.time_ns, {name: point.fields.get(name) for name in names}


def _windows(
    points: Sequence[Point], names: Sequence[str], types: Mapping[str, FieldType], asked: Asked
) -> list[tuple[int, Row]]:
    assert asked.every
    begins = windows(asked.every, asked.zone, asked.start, asked.stop)
    columns = [
        (name, function)
        for name in names
        for function in asked.functions or ("mean",)
        if types[name] in NUMBERS or function in {"first", "last", "count"}
    ]
    made = {}
    of_window: dict[int, list[Point]] = {}
    for point in points:
        of_window.setdefault(begins[bisect_right(begins, point.time_ns) - 1], []).append(point)
    for begin, inside in of_window.items():
        values = {name: [point.fields[name] for point in inside if name in point.fields] for name, _ in columns}
        if any(values.values()):
            made[begin] = {
                title(name, function, asked): _function(function)(values[name]) if values[name] else None
                for name, function in columns
            }
    titles = [title(name, function, asked) for name, function in columns]
    for name, function in columns:
        if function in {"difference", "rate"}:
            _change(made, title(name, function, asked), a_second=function == "rate")
    if asked.fill == "none":
        return list(made.items())
    filled = {begin: made.get(begin, dict.fromkeys(titles)) for begin in begins} if made else {}
    for name, function in columns:
        numeric = types[name] in NUMBERS or function == "count"
        if asked.fill == "linear" and numeric:
            _fill_on_lines(filled, title(name, function, asked))
        elif asked.fill == "previous" or (numeric and fits_into(asked.fill, types[name], function)):
            _fill(filled, title(name, function, asked), how=asked.fill)
    return list(filled.items())


def title(name: str, function: str, asked: Asked) -> str:
    """How the column is called."""
    return f"{name}_{function}" if len(asked.functions) > 1 else name


@cache
def windows(every: str, zone: str, start: datetime, stop: datetime) -> Sequence[int]:
    """When windows begin that have a part in the time, by a look at the clock each second, minute or quarter."""
    length = int(every[:-1]) * SECS[every[-1]]
    step, early = LOOK_SECS[every[-1]], 0 if every[-1] == "s" else 3_000 * 60
    origin = (MONDAY if every[-1] == "w" else EPOCH).replace(tzinfo=None)
    look = EPOCH + (start - EPOCH) // QUARTER * QUARTER - timedelta(seconds=length + early)
    found: list[int] = []
    before = None
    while look < stop:
        shown = (look.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - origin) // timedelta(seconds=1)
        passed_over = before is not None and shown // length > before // length
        if shown % length == 0 or passed_over:
            if nanoseconds(look) <= nanoseconds(start):
                found.clear()
            found.append(nanoseconds(look))
        before = shown
        look += timedelta(seconds=step)
    return found


def nanoseconds(time: datetime) -> int:
    """Since 1970."""
    return (time - EPOCH) // timedelta(microseconds=1) * 1_000


def _function(name: str) -> Callable[[Sequence[Any]], Value]:
    if name.startswith("p"):
        return lambda values: _quantile(values, float(name[1:]) / 100)
    known: Mapping[str, Callable[[Sequence[Any]], Value]] = {
        "mean": statistics.fmean,
        "min": min,
        "max": max,
        "sum": sum,
        "count": len,
        "first": lambda values: values[0],
        "last": lambda values: values[-1],
        "median": lambda values: float(statistics.median(map(float, values))),
        "difference": lambda values: values[-1],
        "rate": lambda values: values[-1],
    }
    return known[name]


def _quantile(values: Sequence[float], share: float) -> float:
    """On the line between the two nearest of the sorted values."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _change(made: Mapping[int, Row], name: str, *, a_second: bool) -> None:
    """Put in the place of each last value how it changed since the window before that has one."""
    before: tuple[int, Any] | None = None
    for begin, row in made.items():
        value = row[name]
        if value is None:
            continue
        row[name] = None
        if before is not None:
            change = value - before[1]
            row[name] = change / ((begin - before[0]) / 1e9) if a_second else change
        before = (begin, value)


def fits_into(value: str | float, of: FieldType, function: str) -> bool:
    """Whether it is a number that a column takes: in a column of ints, a whole one."""
    floats = function in {"mean", "median", "rate"} or function.startswith("p")
    ints = function == "count" or (of is FieldType.INT and not floats)
    return not isinstance(value, str) and (not ints or value == int(value))


def _fill(rows: Mapping[int, Row], name: str, *, how: str | float) -> None:
    before = None if how == "previous" else how
    for row in rows.values():
        if row[name] is None:
            row[name] = before
        elif how == "previous":
            before = row[name]


def _fill_on_lines(rows: Mapping[int, Row], name: str) -> None:
    known = [begin for begin, row in rows.items() if row[name] is not None]
    for begin in known:
        rows[begin][name] = float(rows[begin][name])
    for low, high in pairwise(known):
        bottom, top = rows[low][name], rows[high][name]
        for begin in rows:
            if low < begin < high:
                rows[begin][name] = bottom + (top - bottom) * (begin - low) / (high - low)
