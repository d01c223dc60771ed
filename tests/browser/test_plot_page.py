"""Pictures as pages, looked at in a browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from ingestor.plot import page
from ingestor.plot.collect import Collector
from ingestor.plot.picture import MOST_PANELS, MOST_SERIES, Picture
from tests.browser.chromium import Chromium, Tab
from tests.plot.samples import HOUR_NS, LAYOUT, START_NS, block, hours, picture
from tests.support import run

EVIL = "<script>document.title = 'hurt'</script>"


def look(browser: Chromium, folder: Path, made: Picture, *, width: int = 1200) -> dict[str, Any]:
    """What a person sees of the page of a picture, opened as a file; nothing may go wrong, and nothing be fetched."""
    file = folder / "picture.html"
    file.write_bytes(page.draw_page(made))

    async def visit(tab: Tab) -> dict[str, Any]:
        await tab.page.goto(file.as_uri())
        await tab.page.wait_for_selector(".js-plotly-plot .main-svg .trace path", state="attached")
        seen = await _seen(tab.page)
        assert tab.faults == []
        assert tab.requests == [file.as_uri()]
        return seen

    return browser.visit(visit, width=width)


async def _seen(shown: Page) -> dict[str, Any]:
    return {
        "title": await shown.title(),
        "heading": await shown.inner_text("h1"),
        "subtitle": await shown.inner_text("h1 + p"),
        "notes": await shown.locator(".notes").all_inner_texts(),
        "axes": await shown.locator("[class$='title']:is([class^='x'], [class^='y'])").all_text_contents(),
        "legend": await shown.locator(".legend .legendtext").all_text_contents(),
        "told by": await shown.locator(".legendtitletext").all_text_contents(),
        "states": await shown.locator(".yaxislayer-above text, .ytick text").all_text_contents(),
        "lines": await shown.locator(".scatterlayer .trace").count(),
        "scrolls aside": await shown.evaluate("document.documentElement.scrollWidth > window.innerWidth"),
        "heights": await shown.evaluate(_HEIGHTS),
    }


_HEIGHTS = """[...document.querySelectorAll('.scatterlayer .trace .js-line')].map(
    line => { const first = line.getPointAtLength(0); return first.y; })"""


def test_it_shows_what_a_report_needs(browser: Chromium, tmp_path: Path) -> None:
    """Title, which readings, units at the axes, the time zone, and a line for each series, named once."""
    seen = look(browser, tmp_path, picture(hours(["rack1", "rack2"]), title="Climate, January"))

    assert (seen["title"], seen["heading"], seen["subtitle"]) == ("Climate, January",) * 2 + ("mean of every 1h",)
    assert {"temperature (°C)", "running", "state", "time (Europe/Berlin)"} <= {*seen["axes"]}
    assert (seen["legend"], seen["told by"], seen["lines"]) == (["rack1", "rack2"], ["rack"], 6)
    assert seen["notes"] == []


def test_one_series_needs_no_legend(browser: Chromium, tmp_path: Path) -> None:
    """What it is called stands below the title."""
    seen = look(browser, tmp_path, picture(hours(["rack1"])))

    assert (seen["subtitle"], seen["legend"], seen["lines"]) == ("mean of every 1h · rack rack1", [], 3)


def test_names_are_text_and_not_markup(browser: Chromium, tmp_path: Path) -> None:
    """Neither the page nor plotly obeys what a device calls itself."""
    names = [EVIL[:28], "<b>bold</b>", "$x^2$"]
    seen = look(browser, tmp_path, picture(hours(names), title=EVIL))

    assert seen["title"] == seen["heading"] == EVIL
    assert sorted(seen["legend"]) == sorted(names)


def test_many_series(browser: Chromium, tmp_path: Path) -> None:
    """As many as can be told apart are drawn, and a note tells of the others; also on a small screen."""
    seen = look(browser, tmp_path, picture(hours([f"rack{number:02}" for number in range(30)])), width=700)

    assert seen["legend"] == [f"rack{number:02}" for number in range(MOST_SERIES)]
    assert seen["notes"] == ["10 of 30 series are drawn: choose others with --where"]
    assert seen["lines"] == 3 * MOST_SERIES
    assert not seen["scrolls aside"]


def test_booleans_and_texts_are_steps_at_their_names(browser: Chromium, tmp_path: Path) -> None:
    """True is above false, whichever comes first; lines that say the same do not hide one another."""
    seen = look(browser, tmp_path, picture(hours(["rack1", "rack2"], 3)))
    _, _, *heights = seen["heights"]
    running, state = heights[:2], heights[2:]

    assert {"false", "true", "idle"} <= {*seen["states"]}
    assert all(height < 60 for height in running)  # it begins with true: pixels from the top
    assert len({*running}) == len({*state}) == 2


def test_a_single_reading_can_be_seen(browser: Chromium, tmp_path: Path) -> None:
    """As a dot."""
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    collector.add(block([START_NS + HOUR_NS], "rack1", [20.5]))

    assert look(browser, tmp_path, picture(collector))["lines"] == 1


def test_a_hundred_thousand_readings(browser: Chromium, tmp_path: Path) -> None:
    """The page stays small enough to be drawn at once."""
    count = 100_000
    collector = Collector(LAYOUT, most_series=MOST_SERIES, most_fields=MOST_PANELS)
    times = [START_NS + number * 24 * HOUR_NS // count for number in range(count)]
    texts: Sequence[str] = [f"state {number // 7 % 20}" for number in range(count)]
    values = [20.0 + number % 997 for number in range(count)]
    collector.add(block(times, "rack1", values, [number % 3 == 0 for number in range(count)], texts))
    seen = look(browser, tmp_path, picture(collector))

    assert seen["lines"] == 3
    assert "other" in seen["states"]
    assert (tmp_path / "picture.html").stat().st_size < 6_500_000


def test_requests_to_elsewhere_are_seen(browser: Chromium, tmp_path: Path) -> None:
    """A page that does fetch something is found out: the tests above can fail."""
    file = tmp_path / "other.html"
    file.write_text('<script src="https://example.com/a.js"></script><script>nothing()</script>', encoding="utf-8")

    async def visit(tab: Tab) -> Tab:
        await tab.page.goto(file.as_uri())
        return tab

    tab = browser.visit(visit)
    assert tab.requests == [file.as_uri(), "https://example.com/a.js"]
    assert any("example.com" in fault for fault in tab.faults)
    assert any("nothing is not defined" in fault for fault in tab.faults)


def test_other_loops_run_between_visits(browser: Chromium) -> None:
    """The browser keeps to itself: tests of other parts run their own loops meanwhile."""

    async def visit(tab: Tab) -> str:
        await tab.page.set_content("<p>there</p>")
        return await tab.page.inner_text("p")

    assert [run(nothing()), browser.visit(visit), run(nothing()), browser.visit(visit)] == [None, "there"] * 2


async def nothing() -> None:
    """It ends at once."""
