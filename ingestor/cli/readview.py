"""The answer of `ingestor read` for people: a small chart of each series and field, and the newest rows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.text import Text

from ingestor.cli.chart import charts
from ingestor.cli.output import drawing_console, in_its_encoding, printable, terminal_columns
from ingestor.cli.readrows import Row, tables
from ingestor.cli.units import counted
from ingestor.files.table import Layout
from ingestor.plot.collect import Collector, labels

_PIPE_COLUMNS = 80  # of charts


class Shown(NamedTuple):
    """What a view needs to know of a question.

    Attributes:
        title: What it is about.
        span: Which time it is about.
        zone: Of the times.
        start_ns: From when on readings were asked for.
        stop_ns: Until when.
        widest: How far apart readings may be, where that is known.
    """

    title: str
    span: str
    zone: ZoneInfo
    start_ns: int
    stop_ns: int
    widest: int | None


def view(shown: Shown, layout: Layout, collector: Collector, newest: Sequence[Row]) -> str:
    """The text: in the colours and the width of the terminal, or plain where standard output is none.

    Args:
        shown: The question.
        layout: What the rows have.
        collector: It has seen at least one reading.
        newest: The rows that are shown.
    """
    width = terminal_columns()
    console = drawing_console()
    common, _, _ = labels(collector.tags, collector.series)
    with console.capture() as drawn:
        console.print(Text(printable(f"{shown.title}{f', {common}' if common else ''}"), "bold"))
        console.print(Text(f"{shown.span}\n"))
        console.print(
            charts(
                collector,
                start_ns=shown.start_ns,
                stop_ns=shown.stop_ns,
                widest=shown.widest,
                width=width or _PIPE_COLUMNS,
            )
        )
        for table in tables(layout, newest, zone=shown.zone, width=width) if newest else ():
            console.print()
            console.print(table)
        for note in _notes(collector, len(newest)):
            console.print(note)
    return in_its_encoding("".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines()))


def _notes(collector: Collector, shown: int) -> Iterator[str]:
    if shown and collector.rows > shown:
        left_out = collector.rows - shown
        yield f"{counted(left_out, 'older row is', 'older rows are')} left out: --rows shows more, --format csv all"
    if collector.series_left_out:
        yield f"{collector.series_left_out:,} more series without a chart: choose with --where"
    if collector.fields_left_out:
        yield f"{counted(collector.fields_left_out, 'more field')} without a chart: choose with --field"
