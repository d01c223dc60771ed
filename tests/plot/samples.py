"""Collected readings, and pictures of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ingestor.files.table import Block, Column, Layout
from ingestor.plot.collect import Collector
from ingestor.plot.picture import MOST_PANELS, MOST_SERIES, Picture, Titles, make_picture
from ingestor.ports import FieldType, Value

SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
BERLIN = ZoneInfo("Europe/Berlin")
LAYOUT = Layout(
    "climate",
    ("rack",),
    (
        Column("temperature", FieldType.FLOAT, "°C"),
        Column("running", FieldType.BOOL),
        Column("state", FieldType.TEXT),
        Column("empty", FieldType.FLOAT),
    ),
)
Of = Callable[[int, int], Value | None]


def time_ns(*parts: int, zone: ZoneInfo = BERLIN) -> int:
    """What the clock of a zone shows, in ns."""
    year, month, day, *rest = parts
    hour, minute = (*rest, 0, 0)[:2]
    return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp()) * SECOND_NS


START_NS = time_ns(2026, 1, 1)


def block(times: Sequence[int], rack: str | None, *fields: Sequence[Value | None]) -> Block:
    """Readings of a rack; of fields that are not named there is nothing."""
    nothing: list[Sequence[Value | None]] = [[None] * len(times)] * (len(LAYOUT.fields) - len(fields))
    return Block(times, [[rack] * len(times)], [*fields, *nothing])


def hours(racks: Sequence[str | None], count: int = 24, *, without: range = range(0)) -> Collector:
    """A reading an hour of each of these racks, but in some hours."""
    collector = Collector(LAYOUT, most_series=MOST_SERIES, most_fields=MOST_PANELS)
    numbers = [number for number in range(count) if number not in without]
    times = [START_NS + number * HOUR_NS for number in numbers]
    for at, rack in enumerate(racks):
        temperatures = [20.0 + at + number % 12 for number in numbers]
        states = [["idle", "on"][number // 5 % 2] for number in numbers]
        collector.add(block(times, rack, temperatures, [number % 4 < 2 for number in numbers], states))
    return collector


def picture(
    collector: Collector,
    *,
    start_ns: int = START_NS,
    stop_ns: int = START_NS + 24 * HOUR_NS,
    widest: int | None = None,
    title: str = "Farm: climate",
    zone: ZoneInfo = BERLIN,
) -> Picture:
    """The picture of it."""
    titles = Titles(title, "mean of every 1h")
    return make_picture(collector, titles, zone=zone, start_ns=start_ns, stop_ns=stop_ns, widest=widest)
