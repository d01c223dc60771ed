"""`ingestor journal unrouted`."""

from pathlib import Path

import pytest

from tests.cli.commands import Cli, fill, message, read_config, write_config


def test_topics_that_no_route_takes_are_shown_with_their_newest_payload(cli: Cli, tmp_path: Path) -> None:
    """The newest first; messages that a route takes are not among them."""
    file = write_config(tmp_path)
    sent = [("x/a", b"1"), ("rack1/temperature", b"5"), ("x/b", b"\x1b[2J"), ("x/a", b"2")]
    fill(read_config(file), [message(at, topic=topic, payload=body) for at, (topic, body) in enumerate(sent)])
    found = cli("journal", "unrouted", "--config", file)
    told = cli("journal", "unrouted", "--json", "--config", file)

    assert [line.split()[:2] for line in found.lines] == [["topic", "messages"], ["x/a", "2"], ["x/b", "1"]]
    assert found.lines[1].endswith("  2")
    assert "\x1b" not in found.out
    assert '"topic": "x/a", "messages": 2' in told.lines[0]
    assert '"payload": "2"' in told.lines[0]


def test_a_narrow_terminal_gets_no_payloads(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor an empty column in their place."""
    file = write_config(tmp_path)
    fill(read_config(file), [message(0, topic="x/a", payload=b"1")])
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")

    assert "payload" not in cli("journal", "unrouted", "--config", file).out


def test_invented_topics_are_bounded(cli: Cli, tmp_path: Path) -> None:
    """The newest thousand, and how many there are before them."""
    file = write_config(tmp_path)
    fill(read_config(file), [message(at, topic=f"x/{at}") for at in range(1_003)])
    found = cli("journal", "unrouted", "--config", file)

    assert len(found.lines) == 1_002
    assert found.lines[-1].startswith("and 3 topics before them")


def test_nothing_unrouted_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    """An empty journal, too."""
    file = write_config(tmp_path)
    fill(read_config(file), [message(0)])

    assert cli("journal", "unrouted", "--config", file).out == "the journal holds no message that no route takes\n"
