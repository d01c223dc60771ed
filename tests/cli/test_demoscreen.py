"""How a demo shows itself."""

import io
import json

import pytest
from rich.console import Console

from ingestor.cli.bucketview import Reading
from ingestor.cli.demoscreen import JsonLines, Lines, Moment, Terminal, make_screen

READINGS = [
    Reading("temperature", {"rack": "rack2"}, "temperature", 21.25, "°C", 50),
    Reading("power", {"rack": "rack10"}, "power", 300.0, "W", 40),
    Reading("temperature", {"rack": "rack2"}, "temperature", 19.0, "°C", 30),
    Reading("climate", {"rack": "rack\x1b[2J"}, "state", "on", "", 20),
]
MOMENT = Moment(3.04, 60, 1_060, 1_052, 8, READINGS)


def drawn(moment: Moment) -> str:
    """What a terminal of 100 columns shows."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system=None, legacy_windows=False)
    with Terminal(console) as screen:
        screen.show(moment)
        return stream.getvalue()


def test_a_line_a_second_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts and a few readings, on one line that strangers cannot break."""
    with Lines() as screen:
        screen.show(MOMENT)
    out = capsys.readouterr().out

    assert out.startswith("   3 s  received 1,060    stored 1,052    set aside 8      rack2 temperature 21.25 °C,")
    assert out.count("\n") == 1
    assert "rack10 power 300 W" in out


def test_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """An object a second."""
    with JsonLines() as screen:
        screen.show(MOMENT)
    told = json.loads(capsys.readouterr().out)

    assert (told["secs"], told["received"], told["stored"], told["set_aside"]) == (3.0, 1_060, 1_052, 8)
    assert told["newest"][0]["tags"] == {"rack": "rack2"}


def test_a_table_on_a_terminal() -> None:
    """A row a rack, in their order, with the newest value of each quantity; nothing is obeyed that a device sends."""
    text = drawn(MOMENT)
    rows = [line.split() for line in text.splitlines() if line.startswith("rack")]

    assert [row[0] for row in rows] == ["rack2", "rack10", "rack\\x1b[2J"]
    assert "21.25 °C" in text
    assert "19 °C" not in text


def test_many_racks_are_summed_up() -> None:
    """The table keeps to a screen."""
    racks = [Reading("power", {"rack": f"rack{number}"}, "power", 1.0, "W", 1) for number in range(1, 2_001)]
    text = drawn(MOMENT._replace(newest=racks))

    assert "and 1,988 more" in text
    assert len(text.splitlines()) < 24


@pytest.mark.parametrize(("json_asked", "kind"), [(True, JsonLines), (False, Lines)])
def test_the_screen_fits_where_output_goes(json_asked: bool, kind: type[object]) -> None:  # noqa: FBT001 - a parameter
    """No table in a pipe."""
    assert type(make_screen(json=json_asked)) is kind


def test_a_terminal_gets_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output is one."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert isinstance(make_screen(json=False), Terminal)
