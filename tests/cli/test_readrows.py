"""The newest rows of an answer."""

import pytest
from rich.console import Console

from ingestor.cli.readrows import Newest, Row, tables
from ingestor.files.table import Block, Column, Layout
from ingestor.ports import FieldType
from tests.plot.samples import BERLIN, HOUR_NS, LAYOUT, START_NS, block


def lines(layout: Layout, rows: list[Row], *, width: int | None) -> list[str]:
    """The tables as they are shown, with blank lines between them."""
    console = Console(width=width or 1_000, color_system=None)
    with console.capture() as said:
        for table in tables(layout, rows, zone=BERLIN, width=width):
            console.print(table)
            console.print()
    return [line.rstrip() for line in said.get().splitlines()]


def test_the_newest_are_kept_whatever_the_order() -> None:
    """Of series that come one after the other, by time and tags."""
    newest = Newest(3)
    for rack in ("b", "a"):
        for begin in range(0, 100, 10):
            times = list(range(begin, begin + 10))
            newest.add(block(times, rack, [float(time_ns) for time_ns in times]))

    assert [(row.time_ns, row.tags) for row in newest.rows()] == [(98, ("b",)), (99, ("a",)), (99, ("b",))]


def test_none_may_be_asked_for() -> None:
    """Then charts stand alone."""
    newest = Newest(0)
    newest.add(block([1], "a", [1.0]))

    assert newest.rows() == []


def test_rows_without_tags() -> None:
    """A series that needs none."""
    newest = Newest(2)
    newest.add(Block([1, 2, 3], [], [[1.0, 2.0, 3.0]]))

    assert [row.tags for row in newest.rows()] == [(), ()]


def test_a_column_for_each_field_that_has_a_value() -> None:
    """Numbers to the right, below their unit; where there is none, a blank."""
    rows = [
        Row(START_NS, ("rack1",), (20.5, True, None, None)),
        Row(START_NS + HOUR_NS, (None,), (1.25, None, "[x]", None)),
    ]

    assert lines(LAYOUT, rows, width=None)[:3] == [
        "time              rack   temperature °C  running  state",
        "2026-01-01 00:00  rack1           20.50  true",
        "2026-01-01 01:00                   1.25           [x]",
    ]


def test_what_does_not_fit_stands_below() -> None:
    """Each table has the time and the tags; nothing is wider than the terminal."""
    columns = tuple(Column(f"a_field_{at}", FieldType.FLOAT, "mg/l") for at in range(9))
    rows = [Row(START_NS, ("rack1",), tuple(float(at) for at in range(9)))]
    shown = lines(Layout("many", ("rack",), columns), rows, width=60)

    assert max(map(len, shown)) <= 60
    assert [line.split()[-1] for line in shown if "a_field" in line] == ["a_field_2", "a_field_5", "a_field_8"]
    assert sum(line.startswith("2026-01-01 00:00  rack1") for line in shown) == 3


@pytest.mark.parametrize("width", [20, 26])
def test_on_a_narrow_terminal_each_value_has_a_line(width: int) -> None:
    """Below its time, with its name and unit; nothing is cut."""
    rows = [Row(START_NS, ("rack1",), (20.5, True, None, None)), Row(START_NS, (None,), (1.25, None, "x" * 30, None))]
    shown = lines(LAYOUT, rows, width=width)

    assert max(map(len, shown)) <= width
    assert shown[:5] == ["2026-01-01 00:00", "rack rack1", "temperature 20.50 °C", "running true", "2026-01-01 00:00"]
    assert "".join(shown).count("x") == 30
