"""What a picture shows, whatever draws it: a panel for each field, a line for each series. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ingestor.plot.collect import Collector, Drawn, labels, shortened
from ingestor.plot.line import Spot

MOST_SERIES = 10
"""So many lines of one panel can be told apart."""
MOST_PANELS = 12

_LONGEST_AXIS, _LONGEST_STATE_AXIS = 28, 16
_LONGEST_TITLE, _LONGEST_SUBTITLE, _LEAST_COMMON = 70, 115, 20
_LEAST_SHARE = 0.1
_LEAST_NS = 10**9
_SHIFT = 0.05
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Titles(NamedTuple):
    """What stands above a picture, and who is asked for more: the option that narrows what is drawn."""

    title: str
    subtitle: str
    narrow: str = "--where"
    fewer: str = "--field"


class Stroke(NamedTuple):
    """The line of one series: its number, the same in all panels, and its pieces between gaps."""

    number: int
    pieces: Sequence[Sequence[Spot]]


class Panel(NamedTuple):
    """One field: its name and unit, the names of its states (0, 1, and so on) where it holds no numbers, its lines."""

    name: str
    unit: str | None
    states: Sequence[str]
    strokes: Sequence[Stroke]

    @property
    def axis(self) -> str:
        """What stands at the axis."""
        name = shortened(self.name, _LONGEST_AXIS if not self.states else _LONGEST_STATE_AXIS)
        return f"{name} ({self.unit})" if self.unit else name

    @property
    def share(self) -> float:
        """How high it is, compared with one of numbers."""
        return min(1.0, 0.4 + 0.1 * len(self.states)) if self.states else 1.0


class Picture(NamedTuple):
    """All of it.

    Attributes:
        title: In large letters.
        subtitle: Which readings these are.
        notes: What is not drawn.
        told_by: Which tags tell the series apart; empty where there is only one.
        labels: The names of the series, by their numbers.
        panels: From top to bottom.
        zone: Of the times.
        start_ns: Where the axis of time begins.
        stop_ns: Where it ends.
    """

    title: str
    subtitle: str
    notes: Sequence[str]
    told_by: str
    labels: Sequence[str]
    panels: Sequence[Panel]
    zone: ZoneInfo
    start_ns: int
    stop_ns: int


def make_picture(
    collector: Collector,
    titles: Titles,
    *,
    zone: ZoneInfo,
    start_ns: int,
    stop_ns: int,
    widest: int | None,
) -> Picture:
    """The picture of what was collected.

    Args:
        collector: It has seen at least one reading.
        titles: What stands above.
        zone: The time zone of the axis.
        start_ns: From when on readings were asked for.
        stop_ns: Until when.
        widest: How far apart readings may be, where that is known; else what is usual on a line tells it.
    """
    series = collector.series
    common, told_by, names = labels(collector.tags, series)
    panels = [_panel(drawn, series, widest) for drawn in collector.drawn()]
    begin, end = extent(collector, start_ns=start_ns, stop_ns=stop_ns)
    return Picture(
        shortened(titles.title, _LONGEST_TITLE),
        _subtitle(titles.subtitle, common),
        _notes(collector, titles),
        shortened(told_by),
        [shortened(name) for name in names],
        [panel for panel in panels if panel.strokes],
        zone,
        begin,
        end,
    )


def extent(collector: Collector, *, start_ns: int, stop_ns: int) -> tuple[int, int]:
    """Which time is shown: what was asked for, with what is empty at its ends, unless nearly all of it is empty."""
    first, last = collector.ends or (start_ns, stop_ns)
    if stop_ns - start_ns < _LEAST_NS:
        return start_ns - _LEAST_NS // 2, stop_ns + _LEAST_NS // 2
    if last - first < _LEAST_NS or last - first >= _LEAST_SHARE * (stop_ns - start_ns):
        return start_ns, stop_ns
    margin = (last - first) // 50
    return max(start_ns, first - margin), min(stop_ns, last + margin)


def shift(panel: Panel, stroke: Stroke, *, series: int) -> float:
    """How far above its state a line of one of so many series is drawn, so that none hides another; 0.0 of numbers."""
    return _SHIFT * (stroke.number - (series - 1) / 2) if panel.states else 0.0


def moment(time_ns: int, zone: ZoneInfo) -> datetime:
    """A time as the clock of a zone shows it, to the microsecond."""
    return (_EPOCH + timedelta(microseconds=time_ns // 1_000)).astimezone(zone)


def _subtitle(said: str, common: str) -> str:
    """Which readings these are; of what the series have in common, as much as there is room for."""
    said = shortened(said, _LONGEST_SUBTITLE - _LEAST_COMMON)
    room = _LONGEST_SUBTITLE - len(said) - len(" · ")
    return f"{said} · {shortened(common, room)}" if said and common else said or shortened(common, _LONGEST_SUBTITLE)


def _panel(drawn: Drawn, series: Sequence[tuple[str | None, ...]], widest: int | None) -> Panel:
    column, states, lines = drawn
    strokes = []
    for key, line in lines:
        limit = widest if widest is not None or states else line.widest()  # a state holds until the next is told
        if pieces := line.pieces(limit):
            strokes.append(Stroke(series.index(key), pieces))
    return Panel(column.name, column.unit, states, strokes)


def _notes(collector: Collector, titles: Titles) -> Sequence[str]:
    notes = []
    if collector.series_left_out:
        drawn = len(collector.series)
        whole = drawn + collector.series_left_out
        notes.append(f"{drawn} of {whole:,} series are drawn: choose others with {titles.narrow}")
    if collector.fields_left_out:
        notes.append(f"{collector.fields_left_out} more fields without a panel: choose with {titles.fewer}")
    return notes
