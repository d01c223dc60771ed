"""`ingestor journal replay`: what it plans, asks for, shows and gives up; what a service does of it is in delivery."""

from pathlib import Path

import pytest

from ingestor.cli.datafiles import in_state
from ingestor.delivery import replays, routings
from ingestor.delivery.replays import Phase, Replay
from tests.cli.commands import Cli, fill, message, read_config, stranger, write_config

ROUTE = {"topic": "{rack}/temperature", "model": "temperature", "format": "value", "bucket": "Climate"}
MESSAGES = [message(number, topic=f"rack{number % 2}/temperature") for number in range(10)]


def configured(folder: Path, place: str, **sections: object) -> Path:
    """A configuration that says where rack 1 is."""
    devices = [{"id": "rack1", "tags": {"place": place}}]
    return write_config(folder, routes=[{**ROUTE, "device": "{rack}"}], devices=devices, **sections)


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """A data directory with ten messages; the configuration was corrected since they were stored."""
    before = read_config(configured(tmp_path, "north"))
    fill(before, MESSAGES)
    in_state(
        tmp_path / "config.yaml",
        lambda connection: routings.begin(connection, "local", 0, journal_end=0, text=routings.text_of(before)),
    )
    return configured(tmp_path, "south")


def asked(file: Path) -> list[Replay]:
    """What was asked for."""
    return list(in_state(file, replays.all_of))


def test_a_plan_tells_what_would_change_and_changes_nothing(cli: Cli, corrected: Path) -> None:
    """Messages and points, in words."""
    found = cli("journal", "replay", "--since", "1h", "--plan", "--config", corrected)

    assert found.code == 0
    assert found.lines == [
        "store local: 10 messages",
        "  points: 0 would change, 5 be deleted from where they are, 5 be new in their place, 5 stay the same",
    ]
    assert asked(corrected) == []


def test_a_plan_for_programs(cli: Cli, corrected: Path) -> None:
    """Counts by the name of the store."""
    told = cli("journal", "replay", "--since", "1h", "--plan", "--json", "--config", corrected).json

    assert told["local"]["deleted"] == told["local"]["added"] == told["local"]["same"] == 5


def test_a_plan_says_where_nothing_is_known(cli: Cli, corrected: Path) -> None:
    """Of messages that an older version stored."""
    in_state(corrected, lambda connection: connection.execute("DELETE FROM routed").rowcount)
    found = cli("journal", "replay", "--since", "1h", "--plan", "--config", corrected)

    assert "of 10 messages it is not known how they were decoded" in found.lines[-1]


def test_a_plan_says_that_a_former_configuration_is_no_use(cli: Cli, corrected: Path) -> None:
    """One line, no traceback."""
    in_state(corrected, lambda connection: connection.execute("UPDATE routings SET text = '{'").rowcount)
    found = cli("journal", "replay", "--since", "1h", "--plan", "--config", corrected)

    assert found.code == 1
    assert "cannot be worked out any more" in found.err


def test_it_is_asked_for_and_shown(cli: Cli, corrected: Path) -> None:
    """A line a store, and how far each is."""
    found = cli("journal", "replay", "--since", "1h", "--config", corrected)
    shown = cli("journal", "replay", "--status", "--config", corrected)

    assert found.lines == [
        "replay 1 of store local: 10 messages from position 0 on",
        "no service runs: it begins with the next start",
    ]
    assert shown.lines[0].split()[:3] == ["id", "store", "asked"]
    assert "has not begun" in shown.lines[1]
    assert [(one.begin, one.until, one.phase) for one in asked(corrected)] == [(0, None, Phase.ASKED)]


def test_it_is_asked_for_by_programs(cli: Cli, corrected: Path) -> None:
    """One object, and a list of objects."""
    told = cli("journal", "replay", "--since", "1h", "--json", "--config", corrected).json
    shown = cli("journal", "replay", "--status", "--json", "--config", corrected).json

    assert told == {"asked": [{"id": 1, "store": "local"}], "running": False, "restart": False}
    assert [(one["id"], one["phase"]) for one in shown] == [(1, "asked")]


def test_a_service_with_another_configuration_has_to_be_restarted(cli: Cli, corrected: Path, tmp_path: Path) -> None:
    """What runs would not know what was corrected."""
    with stranger() as port:
        file = configured(tmp_path, "south", web={"port": port})
        first = cli("journal", "replay", "--since", "1h", "--config", file)
        in_state(
            file, lambda on: routings.begin(on, "local", 10, journal_end=10, text=routings.text_of(read_config(file)))
        )
        second = cli("journal", "replay", "--since", "1h", "--config", corrected)

    assert first.lines[-1] == "the service runs with another configuration: restart it, and it begins"
    assert second.lines[-1] == "the service does it beside what comes; see --status"


def test_a_replay_can_be_given_up(cli: Cli, corrected: Path) -> None:
    """Once; where points are missing because of that, it says so."""
    cli("journal", "replay", "--since", "1h", "--config", corrected)
    under_way = asked(corrected)[0]._replace(phase=Phase.WRITE, until=10, deleted=5)
    in_state(corrected, lambda connection: replays.save(connection, under_way))
    found = cli("journal", "replay", "--cancel", "1", "--config", corrected)
    again = cli("journal", "replay", "--cancel", "1", "--config", corrected)

    assert (found.code, found.lines) == (0, ["replay 1 is given up"])
    assert "5 points of it were deleted, and not all are written anew: replay again" in found.err
    assert (again.code, again.err.strip()) == (1, "ingestor: there is no replay 1 that is not over")


def test_what_keeps_it_is_told(cli: Cli, corrected: Path) -> None:
    """The store's words, beside how far it is."""
    cli("journal", "replay", "--since", "1h", "--config", corrected)
    held = asked(corrected)[0]._replace(phase=Phase.DELETE, until=10, position=4, fault="no rights")
    in_state(corrected, lambda connection: replays.save(connection, held))
    lines = cli("journal", "replay", "--status", "--config", corrected).lines

    assert "4 of 10" in lines[1]
    assert lines[2] == "replay 1: no rights"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "say from when"),
        (["--since", "yesterday"], 2, "neither a time"),
        (["--since", "2099-01-01"], 1, "the journal holds no message that was received then"),
        (["--since", "3h", "--until", "2h"], 1, "the journal holds no message that was received then"),
        (["--since", "1h", "--store", "none"], 1, "no store is called 'none'"),
    ],
)
def test_wrong_use_is_told_in_a_line(cli: Cli, corrected: Path, arguments: list[str], code: int, words: str) -> None:
    """No traceback, and nothing is asked for."""
    found = cli("journal", "replay", *arguments, "--config", corrected)

    assert found.code == code
    assert words in " ".join(found.err.replace("│", " ").split())
    assert asked(corrected) == []


def test_a_configuration_that_cannot_be_is_told_of(cli: Cli, corrected: Path) -> None:
    """Before anything is asked for, with its line in the file."""
    corrected.write_text(corrected.read_text().replace("model: temperature", "model: nonsense"))
    found = cli("journal", "replay", "--since", "1h", "--config", corrected)

    assert found.code == 1
    assert "nonsense" in found.err


def test_nothing_was_replayed_yet(cli: Cli, corrected: Path) -> None:
    """A line, or an empty list."""
    assert cli("journal", "replay", "--status", "--config", corrected).lines == ["nothing was replayed yet"]
    assert cli("journal", "replay", "--status", "--json", "--config", corrected).json == []
