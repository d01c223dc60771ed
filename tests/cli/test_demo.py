"""`ingestor demo`, as a process: with mosquitto, without one, ended early; its numbers are those of its files."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestor.cli.demofolder import DemoFolder
from ingestor.errors import DataDirError
from tests.cli.commands import Cli, ingestor
from tests.support import eventually

WITHOUT_MOSQUITTO = """
import ingestor.intake.broker as broker
from ingestor.cli import main
broker.find_mosquitto = lambda: None
main()
"""
COUNT = """
SELECT (SELECT count(*) FROM temperature) + (SELECT count(*) FROM humidity) + (SELECT count(*) FROM co2)
     + (SELECT count(*) FROM light) + (SELECT count(*) FROM power) + (SELECT count(*) FROM climate)
"""


def rows(bucket_file: str) -> int:
    """How many readings a person finds in the file, through its views."""
    with closing(sqlite3.connect(bucket_file)) as connection:
        return int(connection.execute(COUNT).fetchone()[0])


def ended_well(summary: dict[str, Any]) -> bool:
    """Whether the numbers add up, and are those of the SQLite file as anybody reads it."""
    settled = summary["received"] == summary["stored"] + summary["set_aside"]
    return bool(summary["agrees"]) and settled and summary["stored"] == rows(summary["bucket_file"])


def interrupted(folder: Path, *, number: signal.Signals, arguments: Sequence[str] = ()) -> tuple[int, str, str]:
    """Exit code and words of a demo that is ended once it has shown something, as from a terminal: with its group."""
    command = [sys.executable, "-m", "ingestor", "demo", "--directory", str(folder), *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        shown = [process.stdout.readline(), process.stdout.readline(), process.stdout.readline()]
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=40)
    return process.returncode, "".join(shown) + out, err


def test_it_shows_a_line_a_second_and_a_summary_for_programs(tmp_path: Path, mosquitto: str) -> None:
    """Everything that was published is accounted for, and the folder is as the summary says."""
    assert mosquitto
    found = ingestor("demo", "--directory", tmp_path / "d", "--duration", "3", "--rate", "200", "--json")
    *seconds, summary = [json.loads(line) for line in found.lines]

    assert (found.code, found.err) == (0, "")
    assert ended_well(summary)
    assert summary["published"] == summary["received"] > 100
    assert summary["faulty"] > 0
    assert summary["faulty"] <= sum(summary["reasons"].values())
    assert 2 <= len(seconds) <= 4
    assert summary["folder"] == str(tmp_path / "d")


@pytest.mark.long
def test_people_see_lines_in_a_pipe_and_where_to_look(tmp_path: Path, mosquitto: str) -> None:
    """The commands that it names work on the folder that stays."""
    assert mosquitto
    found = ingestor("demo", "--directory", tmp_path / "d", "--duration", "3", "--rate", "300", "--devices", "2")
    config = tmp_path / "d" / "config.yaml"
    listed = ingestor("deadletters", "list", "--config", config)
    status = ingestor("status", "--config", config, "--json").json

    assert (found.code, found.err) == (0, "")
    assert any(line.lstrip().startswith("2 s  received ") for line in found.lines)
    assert f"deadletters list --config {config}" in found.out
    assert "rack2" in listed.out
    assert f"received   {status['intake']['received']:>9,}" in found.out


@pytest.mark.long
def test_it_works_where_no_mosquitto_is(tmp_path: Path) -> None:
    """The broker inside the process takes its place, with the same accounts."""
    command = [sys.executable, "-c", WITHOUT_MOSQUITTO, "demo", "--directory", str(tmp_path / "d")]
    found = subprocess.run(
        [*command, "--duration", "3", "--rate", "100", "--json"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    summary = json.loads(found.stdout.splitlines()[-1])

    assert (found.returncode, found.stderr) == (0, "")
    assert ended_well(summary)
    assert summary["published"] > 50
    assert "embedded_broker_is_amqtt" in (tmp_path / "d" / "ingestor.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_early_gives_the_same_summary(tmp_path: Path, mosquitto: str, number: signal.Signals) -> None:
    """Ctrl-C reaches the whole group of processes; the broker lives until all is settled."""
    assert mosquitto
    code, out, err = interrupted(tmp_path / "d", number=number, arguments=["--rate", "500", "--json"])
    summary = json.loads(out.splitlines()[-1])

    assert (code, err) == (0, "")
    assert ended_well(summary)
    assert summary["published"] == summary["received"]
    assert "embedded_broker_ended" not in (tmp_path / "d" / "ingestor.log").read_text()


def test_a_folder_with_something_in_it_is_one_line(cli: Cli, tmp_path: Path) -> None:
    """Nothing is written over, nothing is started."""
    (tmp_path / "mine").touch()
    found = cli("demo", "--directory", tmp_path)

    assert (found.code, found.out) == (1, "")
    assert found.err == f"ingestor: {tmp_path} is not empty; a demo wants a folder of its own\n"
    with pytest.raises(DataDirError):
        DemoFolder.make(tmp_path)


@pytest.mark.long
def test_its_service_can_go_on(tmp_path: Path, mosquitto: str) -> None:
    """`run` with the configuration of the demo serves the same data, and stops well."""
    assert mosquitto
    folder = tmp_path / "d"
    summary = ingestor("demo", "--directory", folder, "--duration", "1", "--json").lines[-1]
    config = folder / "config.yaml"
    command = [sys.executable, "-m", "ingestor", "run", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:

        def told() -> dict[str, Any]:
            found = ingestor("status", "--config", config, "--json").json
            return found if found["running"] else {}

        status = eventually(told, deadline_secs=30)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert process.returncode == 0
    assert status["intake"]["journaled"] == json.loads(summary)["received"]
