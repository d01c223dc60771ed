"""The answer for people."""

import io
import re

import pytest

from ingestor.cli.readrows import Newest
from ingestor.cli.readview import Shown, view
from ingestor.plot.collect import Collector
from tests.plot.samples import BERLIN, HOUR_NS, LAYOUT, START_NS, block, hours

SHOWN = Shown("climate in Farm", "today", BERLIN, START_NS, START_NS + 24 * HOUR_NS, None)


def test_in_a_pipe_it_is_plain() -> None:
    """Headings, charts, and the newest rows; what the one series is called stands in the title."""
    collector = hours(["rack1"], 3)
    newest = Newest(2)
    newest.add(block([START_NS, START_NS + HOUR_NS, START_NS + 2 * HOUR_NS], "rack1", [20.0, 21.0, 22.0]))
    text = view(SHOWN, LAYOUT, collector, newest.rows())

    assert text.startswith("climate in Farm, rack rack1\ntoday\n\n")
    assert text.endswith("1 older row is left out: --rows shows more, --format csv all\n")
    assert "2026-01-01 02:00  rack1              22\n" in text
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_what_has_no_chart_is_told() -> None:
    """How many series and fields, and how to choose them."""
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    for rack in ("a", "b", "c"):
        collector.add(block([START_NS], rack, [1.0], [True]))
    text = view(SHOWN, LAYOUT, collector, [])

    assert "2 more series without a chart: choose with --where\n" in text
    assert "1 more field without a chart: choose with --field\n" in text
    assert "left out" not in text


def test_in_ascii_there_are_charts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the encoding of the output has no blocks."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = view(SHOWN, LAYOUT, hours(["rack1", "a very long name of a rack, number 2"]), [])

    assert re.search(r"rack1 +[_.~+*%#-]{10}", text)
    assert "a very long~, number 2" in text
    assert text.replace("°", "").isascii()


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_it_fits_any_terminal(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    """Also one that knows no colours, which rich takes for 80 columns wide."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", term)
    newest = Newest(9)
    newest.add(block([START_NS], "rack1", [20.0]))
    for columns in (20, 33, 40, 79, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        text = view(SHOWN, LAYOUT, hours(["rack1", "rack2"]), newest.rows())
        plain = re.sub(r"\x1b\[[\d;]*m", "", text)

        assert max(map(len, plain.splitlines())) <= columns
