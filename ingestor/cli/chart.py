"""Small charts out of blocks: a line for each series of each field, with its smallest, largest and last value."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ingestor.cli.readtexts import cell_text, heading, number_texts
from ingestor.plot.collect import Collector, Drawn, Tags, labels
from ingestor.plot.line import Line
from ingestor.plot.picture import extent
from ingestor.ports import FieldType

MOST_SERIES = 8
"""So many series have a chart in each field."""
MOST_FIELDS = 12

_BLOCKS = "▁▂▃▄▅▆▇█"
_LEAST_WIDTH, _MOST_WIDTH = 10, 60
_LABEL = 22
_BETWEEN = 2


class _Said(NamedTuple):
    """What stands before a chart and behind it."""

    label: str
    low: str
    high: str
    last: str


def chart(values: Sequence[float | None]) -> str:
    """A column for each value, from the smallest to the largest; where there is none, a blank."""
    there = [value for value in values if value is not None]
    low, high = (min(there), max(there)) if there else (0.0, 0.0)
    return "".join(" " if value is None else _block(value, low, high) for value in values)


def charts(collector: Collector, *, start_ns: int, stop_ns: int, widest: int | None, width: int) -> RenderableType:
    """The charts of all that was collected, in lines beside their ends; where that is too wide, one below the other.

    Args:
        collector: It has seen at least one reading.
        start_ns: From when on readings were asked for.
        stop_ns: Until when.
        widest: How far apart readings may be, where that is known; else what is usual on a line tells it.
        width: Of the terminal.
    """
    series = collector.series
    _, told_by, names = labels(collector.tags, series)
    label_of = dict(zip(series, names, strict=True))
    fields = [(field, _beside(field, label_of)) for field in collector.drawn()]
    said = [_Said(cell_text(told_by, _LABEL), "min", "max", "last"), *(one for _, lines in fields for one in lines)]
    taken = sum(max(cell_len(one[at]) for one in said) for at in range(len(_Said._fields)))
    room = min(_MOST_WIDTH, width - taken - len(_Said._fields) * _BETWEEN)
    begin, end = extent(collector, start_ns=start_ns, stop_ns=stop_ns)
    draw = partial(_chart, begin=begin, end=end, widest=widest)
    if room < _LEAST_WIDTH:
        return _below(fields, partial(draw, room=min(_MOST_WIDTH, width)), width)
    table = Table(box=None, padding=(0, _BETWEEN, 0, 0), pad_edge=False, show_header=False)
    for at in range(len(_Said._fields) + 1):
        table.add_column(justify="left" if at < 2 else "right", no_wrap=True)
    for field, lines in fields:
        ends = ("", "") if field.states else ("min", "max")
        table.add_row(
            _dim(said[0].label), Text(cell_text(heading(field.column), room), "bold"), *map(_dim, (*ends, "last"))
        )
        for (_, line), (label, low, high, last) in zip(field.lines, lines, strict=True):
            table.add_row(Text(label), draw(field, line, room=room), Text(low), Text(high), Text(last))
    return table


def _below(fields: Sequence[tuple[Drawn, Sequence[_Said]]], draw: Callable[[Drawn, Line], Text], width: int) -> Group:
    """Each field and series in lines of its own, on a narrow terminal: nothing is left out."""
    shown = []
    for field, lines in fields:
        shown.append(Text(cell_text(heading(field.column), width), "bold"))
        for (_, line), (label, low, high, last) in zip(field.lines, lines, strict=True):
            shown += [Text(cell_text(label, width))] if label else []
            shown.append(draw(field, line))
            ends = (("min", low), ("max", high), ("last", last))
            shown.append(Text("  ".join(f"{name} {value}" for name, value in ends if value), "dim", overflow="fold"))
    return Group(*shown)


def _chart(field: Drawn, line: Line, *, room: int, begin: int, end: int, widest: int | None) -> Text:
    values = line.columns(
        room,
        start_ns=begin,
        stop_ns=end,
        widest=widest if widest is not None or field.states else line.widest(),
        last=field.column.type is FieldType.TEXT,
    )
    return Text(chart(values), "cyan", no_wrap=True)


def _block(value: float, low: float, high: float) -> str:
    if high == low:
        return _BLOCKS[len(_BLOCKS) // 2 - 1]
    share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halves: two large floats may be infinitely far apart
    return _BLOCKS[min(len(_BLOCKS) - 1, int(share * len(_BLOCKS)))]


def _beside(field: Drawn, label_of: Mapping[Tags, str]) -> Sequence[_Said]:
    found = [(cell_text(label_of[key], _LABEL), summary) for key, line in field.lines if (summary := line.summary())]
    if field.states:
        return [_Said(label, "", "", cell_text(field.states[int(summary.last[1])], _LABEL)) for label, summary in found]
    texts = number_texts([number for _, one in found for number in (one.lowest, one.highest, one.last[1])])
    return [_Said(label, *texts[3 * at : 3 * at + 3]) for at, (label, _) in enumerate(found)]


def _dim(text: str) -> Text:
    return Text(text, "dim")
