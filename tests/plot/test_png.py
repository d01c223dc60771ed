"""Pictures by matplotlib."""

import struct
import sys

import pytest

from ingestor.files.table import FileError
from ingestor.plot import png
from ingestor.plot.collect import Collector
from ingestor.plot.picture import Picture
from tests.plot.samples import BERLIN, HOUR_NS, LAYOUT, START_NS, block, hours, picture, time_ns


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def texts(made: Picture, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is written in a picture."""
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.text import Text  # noqa: PLC0415

    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *args: object, **kwargs: object) -> None:
        figures.append(figure)
        save(figure, *args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", keep)
        png.draw_png(made)
    return [one.get_text() for one in figures[0].findobj(lambda artist: isinstance(artist, Text))]  # type: ignore[attr-defined]


def test_it_grows_with_its_panels() -> None:
    """A wide picture for a report; each panel has the room that it needs."""
    one = Collector(LAYOUT, most_series=1, most_fields=1)
    one.add(block([START_NS, START_NS + HOUR_NS], "rack1", [1.0, 2.0]))

    width, height = size(png.draw_png(picture(one)))
    same_width, higher = size(png.draw_png(picture(hours(["rack1", "rack2"]))))

    assert width == same_width == 1500
    assert height < higher


def test_title_units_labels_and_zone_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader of the report needs to know."""
    found = texts(picture(hours([f"rack{number:02}" for number in range(12)])), monkeypatch)

    assert {"Farm: climate", "mean of every 1h", "temperature (°C)", "time (Europe/Berlin)", "idle", "true"} <= {*found}
    assert {"rack", "rack00", "rack09", "10 of 12 series are drawn: choose others with --where"} <= {*found}


def test_a_day_on_which_the_clock_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The axis shows the clock of the zone: it begins and ends at midnight, 25 hours apart."""
    start_ns, stop_ns = time_ns(2026, 10, 25), time_ns(2026, 10, 26)
    assert stop_ns - start_ns == 25 * HOUR_NS
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    times = list(range(start_ns, stop_ns, HOUR_NS))
    collector.add(block(times, "rack1", [float(at) for at in range(len(times))]))

    found = texts(picture(collector, start_ns=start_ns, stop_ns=stop_ns, zone=BERLIN), monkeypatch)
    assert {"25 Oct", "12:00", "26 Oct"} <= {*found}


@pytest.mark.parametrize(
    "values", [[1.0], [0.0, 0.0], [1e300, -1e300], [1e-300, 2e-300], [10_000_000.0, 10_000_001.0]], ids=str
)
def test_any_values_can_be_drawn(values: list[float]) -> None:
    """A single reading, equal ones, huge ones and tiny ones."""
    collector = Collector(LAYOUT, most_series=1, most_fields=4)
    times = [START_NS + number * HOUR_NS for number in range(len(values))]
    collector.add(block(times, "rack1", values, [True] * len(values), ["on"] * len(values)))

    assert size(png.draw_png(picture(collector)))


def test_names_from_strangers_are_only_drawn() -> None:
    """Neither formulas of TeX, nor letters that no font has, nor control characters mean anything."""
    collector = hours(["$x^{$", "a_b$", "温室 \U0001f331", "\x1b[31m", ""], 3)

    assert size(png.draw_png(picture(collector, title="$\\frac{ \x07")))


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says how to install it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(FileError, match=r"^a .png is drawn by matplotlib, .*: pip install 'ingestor\[plot\]'$"):
        png.require()
