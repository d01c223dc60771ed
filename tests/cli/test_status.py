"""`ingestor status`, of a running service and of a stopped one's files."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from ingestor.config import Web
from ingestor.stats import IntakeStats, Snapshot, TaskStats
from ingestor.web import WebServer
from tests.cli.commands import Cli, Result, fill, message, read_config, stranger, write_config
from tests.support import run
from tests.web.snapshots import flowing


def status_of(
    cli: Cli, folder: Path, snapshot: Snapshot, *arguments: str, web: dict[str, object] | None = None
) -> Result:
    """What the command says of a running service with that snapshot."""

    async def main() -> Result:
        async with WebServer(Web(port=0, token=SecretStr("secret")), lambda: snapshot) as server:
            file = write_config(folder, web={"port": server.port, "token": "secret", **(web or {})})
            return await asyncio.to_thread(cli, "status", "--config", file, *arguments)

    return run(main())


def test_a_running_service_is_shown_with_its_equations(cli: Cli, tmp_path: Path) -> None:
    """Where it runs, whether it is well, and every term of the accounts of each store."""
    found = status_of(cli, tmp_path, flowing())

    assert found.code == 0
    assert "ingestor 9.9.9 has run for 16 min 41 s (http://127.0.0.1:" in found.out
    assert "ready: " in found.out
    assert "received  1,101 = journaled 1,102 + recognised 1,103 + skipped 1,104" in found.out
    assert found.lines[found.lines.index("store farm") + 1] == (
        "  journaled 3,001 = stored 3,002 + set aside 3,003 + unrouted 3,004 + ignored 3,005 + dropped 3,006"
        " + damaged 3,007 + pending 3,008"
    )
    assert "range 3,013, type 3,012" in found.out
    announced = "announced 1,302 topics in 1,301 announcements; rows of routes take 1,303 more topics"
    assert f"{announced}; there was no room for 1,304 announcements" in found.lines


def test_dead_letters_are_named_with_the_command_that_lists_them(cli: Cli, tmp_path: Path) -> None:
    """As it can be typed: with the configuration that was given."""
    found = status_of(cli, tmp_path, flowing())

    assert found.lines[-1].endswith(f"; see: ingestor deadletters list --config {tmp_path}/config.yaml")


def test_what_is_wrong_stands_out(cli: Cli, tmp_path: Path) -> None:
    """Why readings do not flow is said before any number."""
    found = status_of(cli, tmp_path, flowing(intake=IntakeStats(fault="bad user name or password")))

    assert found.lines[1] == "NOT READY  mqtt: bad user name or password"
    assert "not connected" in found.out


def test_tasks_are_shown_with_what_went_wrong(cli: Cli, tmp_path: Path) -> None:
    """A line for each; under it why its last run failed."""
    tasks = (
        TaskStats("weather", "weather", outcome="timed_out", began_ns=0, next_ns=60 * 10**9, words="took too long"),
        TaskStats("backup", "backup"),
    )
    found = status_of(cli, tmp_path, flowing(tasks=tasks))
    at = found.lines.index("tasks     weather: timed out at 1970-01-01 00:00Z, next at 1970-01-01 00:01Z")

    assert found.lines[at + 1 : at + 3] == ["            took too long", "          backup: never ran"]


def test_programs_get_the_snapshot(cli: Cli, tmp_path: Path) -> None:
    """The same as /api/status, and where it is from."""
    told = status_of(cli, tmp_path, flowing(), "--json").json

    assert told.pop("running") is True
    assert told.pop("source").startswith("http://127.0.0.1:")
    assert told == json.loads(json.dumps(flowing().to_json()))


def test_a_wrong_token_is_said_and_the_files_are_not_asked(cli: Cli, tmp_path: Path) -> None:
    """The service is there; old numbers from its files would be another answer than was asked for."""
    found = status_of(cli, tmp_path, flowing(), web={"token": "old"})

    assert found.code == 1
    assert found.out == ""
    assert "wants another token" in found.err


def test_a_stopped_service_is_shown_from_its_files(cli: Cli, tmp_path: Path) -> None:
    """It says that nobody answers, and whose files these are."""
    file = write_config(tmp_path)
    fill(
        read_config(file),
        [message(number) for number in range(5)],
        position=3,
        counts={"stored": 2, "set_aside": 1, "points": 2, "reason.type": 1},
        intake={"recognised": 4},
    )
    found = cli("status", "--config", file)

    assert found.code == 0
    assert found.lines[0].startswith("no service answers at http://127.0.0.1:")
    assert found.lines[0].endswith(f"; this is what its files in {tmp_path / 'data'} say")
    assert "received  9 = journaled 5 + recognised 4 + skipped 0" in found.out
    assert "journaled 5 = stored 2 + set aside 1 + " in found.out
    assert " + pending 2\n" in found.out


def test_programs_are_told_that_it_is_stopped(cli: Cli, tmp_path: Path) -> None:
    """`running` is false, and the source is the folder."""
    file = write_config(tmp_path)
    fill(read_config(file), [message(0)])
    told = cli("status", "--config", file, "--json").json

    assert (told["running"], told["ready"], told["source"]) == (False, False, str(tmp_path / "data"))


def test_another_program_on_the_port_is_named(cli: Cli, tmp_path: Path) -> None:
    """The files are asked, and standard error says that the port may belong to somebody else."""
    with stranger() as port:
        found = cli("status", "--config", write_config(tmp_path, web={"port": port}))

    assert found.code == 1
    assert "does not answer as a service does" in found.err
    assert "no service has run" in found.err


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_where_nothing_ever_ran_one_line_says_so(cli: Cli, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It ends 1, and makes nothing."""
    found = cli("status", "--config", write_config(tmp_path), *arguments)

    assert (found.code, found.out) == (1, "")
    assert found.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_missing_file_is_one_line(cli: Cli, tmp_path: Path) -> None:
    """A configuration that is not there is named."""
    found = cli("status", "--config", tmp_path / "no.yaml")

    assert (found.code, found.err) == (1, f"ingestor: {tmp_path / 'no.yaml'}: there is no such file\n")
