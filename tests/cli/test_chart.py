"""Small charts out of blocks."""

import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from ingestor.cli.chart import chart, charts
from ingestor.plot.collect import Collector
from tests.plot.samples import HOUR_NS, LAYOUT, START_NS, block, hours


def drawn(collector: Collector, *, width: int = 80) -> list[str]:
    """The lines of the charts."""
    console = Console(width=width, color_system=None)
    stop_ns = START_NS + 24 * HOUR_NS
    with console.capture() as said:
        console.print(charts(collector, start_ns=START_NS, stop_ns=stop_ns, widest=HOUR_NS * 3 // 2, width=width))
    return said.get().splitlines()


def test_blocks_go_from_the_smallest_to_the_largest() -> None:
    """Eight heights; blanks where nothing is."""
    assert chart([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert chart([None, -5.0, None, 5.0]) == " ▁ █"
    assert chart([]) == chart([None]).strip() == ""


def test_equal_values_are_in_the_middle() -> None:
    """There is no smallest and largest."""
    assert chart([3.0, 3.0]) == "▄▄"


def test_values_far_apart_have_heights_too() -> None:
    """Where their difference is more than a float can tell."""
    assert chart([-1.7e308, 0.0, 1.7e308]) == "▁▅█"


def test_each_series_of_each_field_has_a_line_with_its_ends() -> None:
    """The unit in the heading; what is smallest, largest and last behind; the last state where there are no numbers."""
    lines = drawn(hours(["rack1", "rack2"]))

    assert len(lines) == 9
    assert lines[0].split() == ["rack", "temperature", "°C", "min", "max", "last"]
    assert (lines[1].split()[0], lines[1].split()[-3:]) == ("rack1", ["20", "31", "31"])
    assert lines[2].split()[-3:] == ["21", "32", "32"]
    assert (lines[3].split(), lines[4].split()[-1]) == (["rack", "running", "last"], "false")
    assert (lines[6].split(), lines[7].split()[-1]) == (["rack", "state", "last"], "idle")


def test_it_fits() -> None:
    """At 80 columns, also with long names."""
    lines = drawn(hours(["a very long name of a rack, number 1", "a very long name of a rack, number 2"]))

    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("a very long…, number 1  ▁")


@pytest.mark.parametrize("width", [20, 25, 30, 40, 60])
def test_it_fits_a_narrow_terminal(width: int) -> None:
    """From 20 columns on, with nothing left out: what has no room beside a chart stands below it."""
    lines = drawn(hours(["rack1", "a very long name of a rack, number 2", "温室温室温室温室温室"]), width=width)
    words = " ".join(lines).split()

    assert max(map(cell_len, lines)) <= width
    assert words.count("min") == words.count("max") <= 3
    assert {"rack1", "20", "31", "idle", "temperature", "°C"} <= {*words}
    assert sum(bool(re.search("[▁-█]{8}", line)) for line in lines) == 9
    assert "rac…" not in "".join(lines)


def test_gaps_are_blanks() -> None:
    """What is missing in the middle of a day is missing in the middle of its chart."""
    line = drawn(hours(["rack1", "rack2"], without=range(8, 16)))[1]
    blocks = line.removeprefix("rack1").split("20")[0].strip()

    assert 0.25 < blocks.count(" ") / len(blocks) < 0.4


def test_names_from_strangers_are_only_shown() -> None:
    """Neither the terminal nor rich obeys them."""
    collector = Collector(LAYOUT, most_series=2, most_fields=4)
    collector.add(block([START_NS], "[red]a[/]", [1.0], [True], ["\x1b[31m[bold]"]))
    collector.add(block([START_NS], "b\x07", [1.0], [True], ["[/]"]))
    text = "\n".join(drawn(collector))

    assert "[red]a[/]" in text
    assert "\x1b" not in text
    assert "\x07" not in text
