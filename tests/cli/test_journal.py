"""`ingestor journal`: info and dump."""

import json
from pathlib import Path

from ingestor.cli.journal import dump
from ingestor.datadir import journal_dir
from ingestor.ports import RETAIN
from tests.cli.commands import Cli, fill, message, read_config, write_config
from tests.journal.support import overwrite

EIGHT = [
    *(message(number) for number in range(4)),
    message(4, topic="farm/rack1/climate", payload=b'{"temperature": 21}'),
    message(5, payload=b"\xff\x00"),
    message(6, payload=b"two\nlines\x1b[2J", flags=2 | RETAIN),
    message(7, payload=b"x" * 1_000, flags=0),
]


def journal_of_eight(folder: Path) -> Path:
    """The configuration of a data directory whose journal has eight messages."""
    file = write_config(folder)
    fill(read_config(file), EIGHT)
    return file


def test_info_sums_up_and_lists_the_files(cli: Cli, tmp_path: Path) -> None:
    """Positions, size and times of all together and of each file."""
    found = cli("journal", "info", "--config", journal_of_eight(tmp_path))
    segment = next(path.name for path in (tmp_path / "data" / "journal").glob("*.seg"))

    assert found.code == 0
    assert "positions  0 to 8: 8 messages still here" in found.lines
    assert [line.split()[:2] for line in found.lines if segment in line] == [["0", "8"]]


def test_info_for_programs(cli: Cli, tmp_path: Path) -> None:
    """One object with all of it."""
    told = cli("journal", "info", "--config", journal_of_eight(tmp_path), "--json").json

    assert (told["start"], told["end"], told["lost"]) == (0, 8, None)
    assert [(segment["first"], segment["end"], segment["qos1"]) for segment in told["segments"]] == [(0, 8, 7)]


def test_damage_is_found_by_reading_all(cli: Cli, tmp_path: Path) -> None:
    """`--verify` names exactly the positions that are gone."""
    file = write_config(tmp_path)
    config = read_config(file)
    fill(config, [message(number, payload=b"y" * 20_000) for number in range(200)])
    (segment,) = journal_dir(config).glob("*.seg")
    overwrite(segment, at=100, data=b"\0" * 64)
    told = cli("journal", "info", "--config", file, "--verify", "--json").json
    found = cli("journal", "info", "--config", file, "--verify")

    assert told["lost"][0]["position"] == 0
    assert told["lost"][0]["why"] == "damaged"
    assert "all of it was read: this is missing" in found.out


def test_an_empty_journal_has_no_table(cli: Cli, tmp_path: Path) -> None:
    """A service that has not received anything yet."""
    file = write_config(tmp_path)
    fill(read_config(file), [])
    found = cli("journal", "info", "--config", file, "--verify")

    assert found.code == 0
    assert "positions  0 to 0: 0 messages still here" in found.lines
    assert found.lines[-1] == "all of it was read: nothing is missing"


def test_dump_prints_a_line_a_message(cli: Cli, tmp_path: Path) -> None:
    """Whatever bytes are in it: one line, nothing that a terminal obeys, long ones cut."""
    found = cli("journal", "dump", "--config", journal_of_eight(tmp_path))
    parts = [line.split("  ", 4) for line in found.lines]

    assert [part[0] for part in parts] == [str(position) for position in range(8)]
    assert [part[2] for part in parts] == ["q1"] * 6 + ["q1r", "q0"]
    assert parts[4][3:] == ["farm/rack1/climate", '{"temperature": 21}']
    assert parts[5][4] == "\\xff\\x00"
    assert parts[6][4] == "two\\nlines\\x1b[2J"
    assert parts[7][4] == "x" * 200 + "… (1,000 bytes)"


def test_dump_for_programs_has_every_byte(cli: Cli, tmp_path: Path) -> None:
    """An object a line, the payload whole: as text, or in hex."""
    found = cli("journal", "dump", "--config", journal_of_eight(tmp_path), "--json")
    told = [json.loads(line) for line in found.lines]

    assert [one["position"] for one in told] == list(range(8))
    assert told[5]["payload_hex"] == "ff00"
    assert told[7]["payload"] == "x" * 1_000
    assert [one["received_ns"] for one in told] == [one.received_ns for one in EIGHT]


def test_dump_begins_where_asked_and_ends_at_the_limit(cli: Cli, tmp_path: Path) -> None:
    """A position and a number of messages."""
    found = cli("journal", "dump", "--config", journal_of_eight(tmp_path), "--from", "2", "--limit", "3")

    assert [line.split()[0] for line in found.lines] == ["2", "3", "4"]


def test_dump_takes_a_topic_filter(cli: Cli, tmp_path: Path) -> None:
    """The limit counts what is shown."""
    file = journal_of_eight(tmp_path)
    found = cli("journal", "dump", "--config", file, "--topic", "farm/+/climate", "--limit", "1")

    assert [line.split()[0] for line in found.lines] == ["4"]


def test_dump_says_what_is_missing(cli: Cli, tmp_path: Path) -> None:
    """Damaged messages have a line in the place where they were."""
    file = write_config(tmp_path)
    config = read_config(file)
    fill(config, [message(number, payload=b"y" * 20_000) for number in range(200)])
    (segment,) = journal_dir(config).glob("*.seg")
    overwrite(segment, at=100, data=b"\0" * 64)
    lines = cli("journal", "dump", "--config", file).lines
    told = json.loads(cli("journal", "dump", "--config", file, "--json").lines[0])

    assert lines[0].startswith("0  (")
    assert lines[0].endswith("damaged on disk)")
    assert len(lines) == 1 + 200 - told["missing"]


def test_dump_from_beyond_the_end_says_where_it_ends(cli: Cli, tmp_path: Path) -> None:
    """Nothing on standard output, a hint on the other."""
    found = cli("journal", "dump", "--config", journal_of_eight(tmp_path), "--from", "8")

    assert (found.code, found.out) == (0, "")
    assert found.err == "ingestor: there is nothing at 8 or after: the journal ends at 8\n"


def test_an_impossible_filter_is_wrong_use(cli: Cli, tmp_path: Path) -> None:
    """It says why."""
    found = cli("journal", "dump", "--config", journal_of_eight(tmp_path), "--topic", "a/#/b")

    assert found.code == 2
    assert "comes last" in found.err


def test_where_nothing_ever_ran_one_line_says_so(cli: Cli, tmp_path: Path) -> None:
    """It ends 1."""
    found = cli("journal", "dump", "--config", write_config(tmp_path))

    assert (found.code, found.out) == (1, "")
    assert "no service has run" in found.err


def test_help_explains_the_columns() -> None:
    """What q1r means is said where one looks for it."""
    assert "retained" in (dump.__doc__ or "")
