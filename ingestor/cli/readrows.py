"""The newest rows of an answer, as tables that fit the terminal."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ingestor.cli.readtexts import NUMBERS, cell_text, cell_texts, heading, time_texts
from ingestor.files.table import Block, Column, Layout
from ingestor.plot.collect import Tags
from ingestor.ports import Value

_TAG = 22
_BETWEEN = 2


class Row(NamedTuple):
    """One row of an answer."""

    time_ns: int
    tags: Tags
    values: tuple[Value | None, ...]


class Newest:
    """Keeps the newest rows of those that stream by.

    Args:
        most: So many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: list[Row] = []
        self._from_ns: int | None = None

    def add(self, block: Block) -> None:
        """Take further rows."""
        if not self._most:
            return
        tags: Iterable[Tags] = zip(*block.tags, strict=True) if block.tags else repeat((), len(block.times))
        for row in map(Row, block.times, tags, zip(*block.fields, strict=True)):
            if self._from_ns is None or row.time_ns >= self._from_ns:
                self._rows.append(row)
        if len(self._rows) > 4 * self._most:
            self._rows = self.rows()
            self._from_ns = self._rows[0].time_ns

    def rows(self) -> list[Row]:
        """Them, by time and tags."""
        return sorted(self._rows, key=lambda row: (row.time_ns, [text or "" for text in row.tags]))[-self._most :]


class _Cells(NamedTuple):
    """A column as it is shown."""

    heading: str
    texts: Sequence[str]
    right: bool = False

    @property
    def width(self) -> int:
        """With what separates it from the next."""
        return _BETWEEN + max(map(cell_len, (*self.heading.split("\n"), *self.texts)))


def tables(layout: Layout, rows: Sequence[Row], *, zone: ZoneInfo, width: int | None) -> Iterator[RenderableType]:
    """The rows; where they do not fit, the fields in several tables, one below the other, or a line for each value.

    Args:
        layout: What the rows have.
        rows: At least one.
        zone: Of the times.
        width: Of the terminal; None where there is none, and nothing is too wide.
    """
    keys = [_Cells("time", time_texts([row.time_ns for row in rows], zone))]
    keys += [
        _Cells(cell_text(tag, _TAG), [cell_text(row.tags[at], _TAG) for row in rows])
        for at, tag in enumerate(layout.tags)
    ]
    between = "\n" if width else " "
    columns = zip(layout.fields, zip(*(row.values for row in rows), strict=True), strict=True)
    fields = [_cells(column, values, between) for column, values in columns if any(one is not None for one in values)]
    room = sum(cells.width for cells in (*keys, *fields)) if width is None else width + _BETWEEN
    taken = sum(cells.width for cells in keys)
    if taken + max((cells.width for cells in fields), default=0) > room:
        yield _below(keys, fields)
        return
    part = keys
    for cells in fields:
        if len(part) > len(keys) and sum(one.width for one in (*part, cells)) > room:
            yield _table(part)
            part = keys
        part = [*part, cells]
    yield _table(part)


def _below(keys: Sequence[_Cells], fields: Sequence[_Cells]) -> Group:
    """Each row as its time, and a line for each of its values, on a narrow terminal."""
    times, *tags = keys
    lines = []
    for at, time in enumerate(times.texts):
        lines.append(Text(time, "bold", overflow="fold"))
        for cells in (*tags, *fields):
            if cells.texts[at]:
                name, _, unit = cells.heading.partition("\n")
                lines.append(Text(f"{name} {cells.texts[at]} {unit}".rstrip(), overflow="fold"))
    return Group(*lines)


def _cells(column: Column, values: Sequence[Value | None], between: str) -> _Cells:
    return _Cells(heading(column, between), cell_texts(column, values), right=column.type in NUMBERS)


def _table(columns: Sequence[_Cells]) -> Table:
    table = Table(box=None, padding=(0, _BETWEEN, 0, 0), pad_edge=False, header_style="bold")
    for cells in columns:
        table.add_column(Text(cells.heading), justify="right" if cells.right else "left", no_wrap=True)
    for row in zip(*(cells.texts for cells in columns), strict=True):
        table.add_row(*map(Text, row))
    return table
