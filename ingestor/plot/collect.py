"""Takes readings as they stream by, and keeps what is drawn of them. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby, repeat
from typing import NamedTuple

from ingestor.files.table import Block, Column, Layout
from ingestor.plot.line import Line
from ingestor.ports import FieldType, Value

Tags = tuple[str | None, ...]
"""The values of the tags of a series, in the order of a layout."""

MOST_STATES = 8
OTHER = "other"
_LONGEST = 28


class Drawn(NamedTuple):
    """What is drawn of a field: its column, the states (where it holds no numbers) that values stand for, its lines."""

    column: Column
    states: Sequence[str]
    lines: Sequence[tuple[Tags, Line]]


class _States:
    """Numbers for texts, in the order in which they come; beyond MOST_STATES all are one."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._number: dict[str, int] = {}

    def of(self, text: Value | None) -> float | None:
        """The number of a text."""
        if text is None:
            return None
        name = str(text)
        number = self._number.get(name)
        if number is None:
            number = min(len(self.names), MOST_STATES)
            if number == len(self.names):
                self.names.append(OTHER if number == MOST_STATES else shortened(name))
            if number < MOST_STATES:
                self._number[name] = number
        return number


class Collector:
    """Keeps lines of the first series and fields that come, and counts the others.

    Args:
        layout: What the readings have.
        most_series: Of so many series lines are kept.
        most_fields: Of so many fields.
    """

    def __init__(self, layout: Layout, *, most_series: int, most_fields: int) -> None:
        self._columns = layout.fields
        self._most_series = most_series
        self._most_fields = most_fields
        self._states = [_States() if column.type is FieldType.TEXT else None for column in self._columns]
        self._series: dict[Tags, dict[int, Line]] = {}
        self._fields: set[int] = set()
        self._other_series: set[Tags] = set()
        self._other_fields: set[int] = set()
        self._ends: tuple[int, int] | None = None
        self.tags = layout.tags
        self.rows = 0

    @property
    def fields_left_out(self) -> int:
        """How many fields came of which nothing is kept."""
        return len(self._other_fields)

    @property
    def series_left_out(self) -> int:
        """How many series came of which nothing is kept."""
        return len(self._other_series)

    @property
    def series(self) -> Sequence[Tags]:
        """Those of which lines are kept, sorted; those without a tag behind."""
        return sorted(self._series, key=_order)

    @property
    def ends(self) -> tuple[int, int] | None:
        """The times of the first and of the last reading that came."""
        return self._ends

    def add(self, block: Block) -> None:
        """Take further readings; those of one series in the order of time."""
        count = len(block.times)
        if not count:
            return
        self.rows += count
        first, last = self._ends or (block.times[0], block.times[0])
        self._ends = min(first, *block.times), max(last, *block.times)
        tags: Iterable[Tags] = zip(*block.tags, strict=True) if block.tags else repeat((), count)
        begin = 0
        for key, rows in groupby(tags):
            end = begin + sum(1 for _ in rows)
            self._take(key, block, slice(begin, end))
            begin = end

    def drawn(self) -> Sequence[Drawn]:
        """The lines of each field that came, each of a series that has it."""
        return [
            Drawn(
                self._columns[at],
                self._names(at),
                [(key, self._series[key][at]) for key in self.series if at in self._series[key]],
            )
            for at in sorted(self._fields)
        ]

    def _names(self, at: int) -> Sequence[str]:
        states = self._states[at]
        if states is not None:
            return states.names
        return ("false", "true") if self._columns[at].type is FieldType.BOOL else ()

    def _take(self, key: Tags, block: Block, rows: slice) -> None:
        lines = self._series.get(key)
        if lines is None:
            if len(self._series) >= self._most_series:
                self._other_series.add(key)
                return
            lines = self._series[key] = {}
        for at, values in enumerate(block.fields):
            part = values[rows]
            if at not in lines and not self._begin(lines, at, part):
                continue
            states = self._states[at]
            lines[at].extend(block.times[rows], map(states.of, part) if states else part)  # type: ignore[arg-type] # numbers

    def _begin(self, lines: dict[int, Line], at: int, values: Sequence[Value | None]) -> bool:
        """Begin the line of a field, if there is a value and room for it."""
        if all(value is None for value in values):
            return False
        if at not in self._fields and len(self._fields) >= self._most_fields:
            self._other_fields.add(at)
            return False
        self._fields.add(at)
        lines[at] = Line()
        return True


def shortened(text: str, most: int = _LONGEST) -> str:
    """A text on one line, without its middle where it is long: names differ at their ends as often as before them."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[: most - 1 - half]}…{text[-half:]}"


def labels(tags: Sequence[str], series: Sequence[Tags]) -> tuple[str, str, Sequence[str]]:
    """How series are told apart.

    Returns:
        What they have in common, what tells them apart (names of tags), and the label of each.
    """
    differs = [len({key[at] for key in series}) > 1 for at in range(len(tags))]
    common = [
        f"{tag} {series[0][at]}"
        for at, tag in enumerate(tags)
        if series and not differs[at] and series[0][at] is not None
    ]
    told = [tag for tag, apart in zip(tags, differs, strict=True) if apart]
    shown = [
        " · ".join("-" if value is None else value for value, apart in zip(key, differs, strict=True) if apart)
        for key in series
    ]
    return ", ".join(common), " · ".join(told), shown


def _order(key: Tags) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in key]
