"""Pictures as pages."""

import json
import re
import sys
from typing import Any

import pytest

from ingestor.files.table import FileError
from ingestor.plot import page
from ingestor.plot.collect import Collector
from ingestor.plot.picture import Picture
from tests.plot.samples import HOUR_NS, LAYOUT, START_NS, block, hours, picture, time_ns

pytest.importorskip("plotly")


def shown(made: Picture) -> tuple[str, Any, Any]:
    """The page without plotly's own script, and the lines and the layout that it draws."""
    text = page.draw_page(made).decode()
    call = re.search(r'Plotly\.newPlot\(\s*"[^"]*",\s*(\[.*?\]),\s*(\{.*?\}),\s*\{"', text, re.DOTALL)
    assert call is not None
    scripts = sorted(re.findall(r"<script.*?</script>", text, re.DOTALL), key=len)
    return text.replace(scripts[-1], ""), json.loads(call[1]), json.loads(call[2])


def test_a_line_for_each_series_in_each_panel() -> None:
    """Named once in the legend, with the unit at the axis."""
    _, lines, layout = shown(picture(hours(["rack1", "rack2"])))

    assert [(line["name"], line["showlegend"]) for line in lines[:3]] == [
        ("rack1", True),
        ("rack2", True),
        ("rack1", False),
    ]
    assert layout["yaxis"]["title"]["text"] == "temperature (°C)"
    assert layout["yaxis2"]["ticktext"] == ["false", "true"]
    assert layout["legend"]["title"]["text"] == "rack"
    assert [line["line"].get("shape") for line in lines] == [None, None, "hv", "hv", "hv", "hv"]


def test_nothing_is_loaded_from_elsewhere() -> None:
    """Plotly's script is inside, and the browser is told to fetch nothing."""
    data = page.draw_page(picture(hours(["rack1"])))
    text, _, _ = shown(picture(hours(["rack1"])))

    assert len(data) > 1_000_000
    assert re.findall(r"""(?:src|href)=["']?[^"'\s>]+|@import|url\(""", text) == []
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; ' in text


def test_gaps_are_gaps() -> None:
    """Between pieces stands nothing, and the line is not drawn over it."""
    _, lines, _ = shown(picture(hours(["rack1"], without=range(8, 16))))

    assert lines[0]["y"].count(None) == 2
    assert lines[0]["connectgaps"] is False


def test_single_readings_can_be_seen() -> None:
    """A dot, where there is no line."""
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    collector.add(block([START_NS], "rack1", [1.0]))
    _, (line,), _ = shown(picture(collector))

    assert (line["mode"], line["marker"]["size"][0]) == ("lines+markers", 6)


def test_times_are_those_of_the_zone() -> None:
    """On the axis, and where somebody points."""
    _, lines, layout = shown(picture(hours(["rack1"])))

    assert lines[0]["x"][0] == "2026-01-01T00:00:00"
    assert lines[0]["text"][0] == "2026-01-01 00:00:00 CET<br>20 °C"
    assert lines[1]["text"][0] == "2026-01-01 00:00:00 CET<br>true"
    assert layout["xaxis3"]["title"]["text"] == "time (Europe/Berlin)"


def test_a_day_on_which_the_clock_is_changed() -> None:
    """No hour is drawn over another: the axis keeps one offset, says so, and the pointer tells the clock."""
    start_ns, stop_ns = time_ns(2026, 10, 25), time_ns(2026, 10, 26)
    times = list(range(start_ns, stop_ns, HOUR_NS))
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    collector.add(block(times, "rack1", [float(at) for at in range(len(times))]))
    text, (line,), layout = shown(picture(collector, start_ns=start_ns, stop_ns=stop_ns))

    places = line["x"][:-1]
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == ("2026-10-24T23:00:00", "2026-10-25T23:00:00")
    assert [told.partition("<")[0] for told in line["text"][2:4]] == [
        "2026-10-25 02:00:00 CEST",
        "2026-10-25 02:00:00 CET",
    ]
    assert layout["xaxis"]["title"]["text"] == "time (UTC+0100)"
    assert "the clock of Europe/Berlin was changed in this time" in text


def test_names_from_strangers_are_only_shown() -> None:
    """No name becomes a part of the page."""
    evil = "</script><script>alert(1)</script>"
    collector = hours([evil, "<b>bold</b>"], 3)
    collector.add(block([START_NS], "<i>", [1.0], [True], [evil]))
    text, lines, _ = shown(picture(collector, title=evil))

    assert "alert(1)</script>" not in text
    assert {line["name"] for line in lines} >= {"&lt;b&gt;bold&lt;/b&gt;", "&lt;i&gt;"}
    assert not any("<script" in str(line) for line in lines)


def test_without_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says how to install it."""
    monkeypatch.setitem(sys.modules, "plotly", None)

    with pytest.raises(FileError, match=r"^an .html page is drawn by plotly, .*: pip install 'ingestor\[web\]'$"):
        page.require()
