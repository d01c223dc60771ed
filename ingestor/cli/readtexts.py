"""Times and values of readings as people read them below each other. Pure."""

from collections.abc import Sequence
from math import floor, log10
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from ingestor.cli.output import one_line, printable
from ingestor.files.table import Column
from ingestor.plot.collect import shortened
from ingestor.plot.picture import moment
from ingestor.ports import FieldType, Value

NUMBERS = frozenset({FieldType.FLOAT, FieldType.INT})

_LONGEST = 40
_DIGITS = 5
_MOST_DECIMALS = 3
_LARGE, _SMALL = 1e9, 1e-3
_SECOND = 10**9


def heading(column: Column, between: str = " ") -> str:
    """The name of a field, and its unit."""
    name = cell_text(column.name)
    return f"{name}{between}{printable(column.unit)}" if column.unit else name


def cell_texts(column: Column, values: Sequence[Value | None]) -> Sequence[str]:
    """The values of a field."""
    if column.type in NUMBERS:
        return number_texts(values)  # type: ignore[arg-type] # they are numbers
    return [cell_text(value) for value in values]


def cell_text(value: Value | None, longest: int = _LONGEST) -> str:
    """A text or a boolean on one line, nothing in it that a terminal would obey; "" for none."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return fitting(one_line(text), longest)


def fitting(text: str, columns: int) -> str:
    """A printable text without its middle, where it would take more columns of a terminal."""
    most = min(len(text), columns)
    while cell_len(said := shortened(text, most)) > columns:
        most -= 1
    return said


def number_texts(values: Sequence[float | None]) -> Sequence[str]:
    """Numbers as people read them below each other, with as many decimals as tell something; "" for none."""
    there = [abs(value) for value in values if value is not None]
    largest = max(there, default=0.0)
    smallest = min((value for value in there if value), default=1.0)
    if largest >= _LARGE or smallest < _SMALL:
        return ["" if value is None else _short(value) for value in values]
    before = 1 if largest < 1 else floor(log10(largest)) + 1
    most = min(_MOST_DECIMALS + (1 if largest < 1 else 0), max(0, _DIGITS - before))
    decimals = max((_decimals(value, most) for value in there), default=0)
    return ["" if value is None else f"{value:,.{decimals}f}" for value in values]


def _decimals(value: float, most: int) -> int:
    _, _, fraction = f"{value:.{most}f}".partition(".")
    return len(fraction.rstrip("0"))


def _short(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"


def time_texts(times: Sequence[int], zone: ZoneInfo) -> Sequence[str]:
    """Times as the clock of a zone shows them, as precise as they are, with its offset where that changes."""
    moments = [moment(time_ns, zone) for time_ns in times]
    rule = "%Y-%m-%d %H:%M"
    if any(time_ns % (60 * _SECOND) for time_ns in times):
        rule = "%Y-%m-%d %H:%M:%S"
    after = " %z" if len({one.utcoffset() for one in moments}) > 1 else ""
    fine = any(time_ns % _SECOND for time_ns in times)
    return [
        f"{one:{rule}}{f'.{one.microsecond // 1000:03}' if fine else ''}{f'{one:{after}}' if after else ''}"
        for one in moments
    ]
