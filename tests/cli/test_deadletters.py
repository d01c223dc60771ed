"""`ingestor deadletters`: list, show, replay and purge."""

import json
from pathlib import Path

import pytest

from ingestor import deadletters
from ingestor.cli.datafiles import in_state
from ingestor.deadletters import Fate, Filter
from ingestor.ports import Reason
from tests.builders import letter
from tests.builders import message as built
from tests.cli.commands import Cli, fill, message, read_config, write_config

LETTERS = [
    letter(0, of=built(b"hot", topic="rack1/temperature", received_ns=10**9), reason=Reason.TYPE),
    letter(1, of=built(b"\xff\x1b[2J", topic="rack2/temperature", received_ns=2 * 10**9), reason=Reason.NOT_UTF8),
    letter(2, of=built(b"x" * 100, topic="farm/rack1/climate", received_ns=3 * 10**9), fate=Fate.HELD),
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a data directory with three dead letters, the third of them held."""
    file = write_config(tmp_path)
    counts = {"set_aside": 2, "held": 1}
    fill(read_config(file), [message(number) for number in range(3)], counts=counts, letters=LETTERS)
    return file


def left(config: Path) -> list[int]:
    """The positions that still have a dead letter."""
    return in_state(config, lambda connection: [one.position for one in deadletters.find(connection, Filter())])


def test_list_has_a_row_each(cli: Cli, config: Path) -> None:
    """Reason, topic and the beginning of the payload; nothing that a terminal obeys."""
    found = cli("deadletters", "list", "--config", config)
    rows = [line.split() for line in found.lines[1:]]

    assert found.code == 0
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert found.lines[0].split() == ["id", "received", "state", "topic", "reason", "detail", "payload"]
    assert [row[5] for row in rows[:2]] == ["type", "not_utf8"]
    assert rows[1][-1] == "\\xff\\x1b[2J"
    assert "held for its bucket" in found.lines[3]
    assert found.lines[3].endswith("x… (100 bytes)")


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--reason", "type"], [1, 3]),
        (["--topic", "+/temperature"], [1, 2]),
        (["--since", "1970-01-01T00:00:02"], [2, 3]),
        (["--until", "1970-01-01T00:00:02"], [1]),
        (["--store", "local", "--limit", "2"], [1, 2]),
        (["--limit", "0"], [1, 2, 3]),
        (["--store", "farm"], []),
    ],
)
def test_list_narrows(cli: Cli, config: Path, arguments: list[str], ids: list[int]) -> None:
    """By reason, topic, time and store."""
    found = cli("deadletters", "list", "--config", config, "--json", *arguments)

    assert [json.loads(line)["id"] for line in found.lines] == ids


def test_list_fits_a_narrow_terminal(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row stays a line or two: without payloads, milliseconds and the date of today."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    found = cli("deadletters", "list", "--config", config, "--reason", "not_utf8")
    monkeypatch.setenv("COLUMNS", "120")
    wide = cli("deadletters", "list", "--config", config, "--reason", "not_utf8")

    assert "payload" not in found.out
    assert "1970-01-01 00:00Z" in found.out
    assert "payload" in wide.out
    assert "1970-01-01T00:00:02.000Z" in wide.out


def test_an_unknown_reason_is_wrong_use(cli: Cli, config: Path) -> None:
    """The reasons that there are are named, without the jargon of libraries."""
    found = cli("deadletters", "list", "--config", config, "--reason", "bogus")

    assert found.code == 2
    assert "'bogus' is none of empty, not_utf8" in found.err
    assert "Value error" not in found.err


def test_list_says_that_there_are_more(cli: Cli, config: Path) -> None:
    """A limit that cut something off is named."""
    cut = cli("deadletters", "list", "--config", config, "--limit", "2")
    whole = cli("deadletters", "list", "--config", config, "--limit", "3")

    assert cut.lines[-1] == "the oldest 2; more with --limit"
    assert "more with" not in whole.out


def test_list_of_nothing_says_so(cli: Cli, tmp_path: Path) -> None:
    """Nothing at all, or nothing of that kind."""
    file = write_config(tmp_path)
    fill(read_config(file), [])

    assert cli("deadletters", "list", "--config", file).out == "nothing was set aside\n"
    assert cli("deadletters", "list", "--config", file, "--reason", "range").out == "no dead letter matches\n"


def test_show_has_all_of_the_payload(cli: Cli, config: Path) -> None:
    """Also of a long one."""
    found = cli("deadletters", "show", "3", "--config", config)

    assert found.lines[-1] == "x" * 100
    assert "held for its bucket" in found.out


def test_show_for_programs(cli: Cli, config: Path) -> None:
    """Bytes that are no text come in hex."""
    told = cli("deadletters", "show", "2", "--config", config, "--json").json

    assert (told["topic"], told["payload_hex"]) == ("rack2/temperature", "ff1b5b324a")


def test_show_of_an_unknown_one_is_a_line(cli: Cli, config: Path) -> None:
    """It ends 1."""
    found = cli("deadletters", "show", "99", "--config", config)

    assert (found.code, found.out, found.err) == (1, "", "ingestor: there is no dead letter 99\n")


def test_replay_marks(cli: Cli, config: Path) -> None:
    """What is marked is shown as such; the service does the rest."""
    found = cli("deadletters", "replay", "--config", config, "--topic", "rack1/#")
    listed = cli("deadletters", "list", "--config", config)

    assert found.out.startswith("1 marked")
    assert "under a new id" in found.out
    assert ["to be tried again" in line for line in listed.lines[1:]] == [True, False, False]


def test_replay_of_nothing_says_so(cli: Cli, config: Path) -> None:
    """Nothing matched; a program is told a number."""
    assert cli("deadletters", "replay", "--config", config, "--id", "99").out == "no dead letter matches\n"
    assert cli("deadletters", "replay", "--config", config, "--id", "99", "--json").json == {"marked": 0}


def test_purge_wants_to_know_which(cli: Cli, config: Path) -> None:
    """Deleting everything is never an accident."""
    found = cli("deadletters", "purge", "--config", config)

    assert found.code == 2
    assert left(config) == [0, 1, 2]


def test_purge_deletes_what_is_meant(cli: Cli, config: Path) -> None:
    """And nothing else."""
    found = cli("deadletters", "purge", "--config", config, "--reason", "not_utf8", "--json")

    assert found.json == {"purged": 1}
    assert left(config) == [0, 2]


def test_purge_of_nothing_says_so(cli: Cli, config: Path) -> None:
    """As the other commands do; a program is told a number."""
    assert cli("deadletters", "purge", "--config", config, "--id", "99").out == "no dead letter matches\n"
    assert cli("deadletters", "purge", "--config", config, "--id", "99", "--json").json == {"purged": 0}


def test_purge_leaves_what_waits_for_its_bucket(cli: Cli, config: Path) -> None:
    """Held ones would be stored yet: giving them up has to be said."""
    first = cli("deadletters", "purge", "--config", config, "--all")
    after_first = left(config)
    second = cli("deadletters", "purge", "--config", config, "--all", "--held")

    assert first.out == "2 deleted; 1 that wait for their bucket are left (--held gives them up)\n"
    assert after_first == [2]
    assert (second.out, left(config)) == ("1 deleted\n", [])


def test_a_wrong_moment_is_wrong_use(cli: Cli, config: Path) -> None:
    """It says what a moment looks like."""
    found = cli("deadletters", "list", "--config", config, "--since", "yesterday")

    assert found.code == 2
    assert "neither a time" in found.err
