"""`ingestor task`: what is done on a schedule, and doing it now."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ingestor.app import Service
from ingestor.cli import tasks as task_commands
from ingestor.config import Config
from ingestor.datadir import journal_files
from tests.cli.commands import Cli, Result, read_config, write_config
from tests.servers.mosquitto import Mosquitto
from tests.servers.weather import KEY, REFUSED, FakeWeather
from tests.support import eventually_async, run


def weather(fake: FakeWeather | None = None, **spec: object) -> dict[str, Any]:
    """An entry of `tasks`."""
    fields = {"cron": "*/30 * * * *", "latitude": 1.35, "longitude": 103.82, "api_key": KEY}
    addresses = {} if fake is None else fake.addresses
    return {**fields, "providers": ["openweathermap"], "addresses": addresses, **spec}


def with_fake(cli: Cli, folder: Path, *arguments: str, refuses: bool = False) -> Result:
    """What a command says where no service runs."""

    async def main() -> Result:
        async with FakeWeather() as fake:
            if refuses:
                fake.instead["openweathermap"] = REFUSED
            file = write_config(folder, tasks={"weather": weather(fake)})
            return await asyncio.to_thread(cli, "task", *arguments, "--config", file)

    return run(main())


def test_without_a_service_a_task_is_done_by_the_command(cli: Cli, tmp_path: Path) -> None:
    """It says what came of it, and the journal has what it fetched."""
    found = with_fake(cli, tmp_path, "run", "weather")

    assert (found.code, found.lines, found.err) == (0, ["weather: openweathermap: observation journaled"], "")
    assert journal_files(read_config(tmp_path / "config.yaml")).info().end == 1


def test_a_task_that_fails_ends_with_one_and_a_line(cli: Cli, tmp_path: Path) -> None:
    """In words for a person, without the key."""
    found = with_fake(cli, tmp_path, "run", "weather", refuses=True)

    assert (found.code, found.out) == (1, "")
    assert "weather: failed: openweathermap refuses (401: Invalid API key." in found.err
    assert "mend tasks.weather.api_key" in found.err
    assert KEY not in found.err


def test_programs_are_told_the_outcome(cli: Cli, tmp_path: Path) -> None:
    """Also where it failed."""
    done = with_fake(cli, tmp_path, "run", "weather", "--json")
    failed = with_fake(cli, tmp_path, "run", "weather", "--json", refuses=True)

    assert done.json == {"task": "weather", "outcome": "done", "result": "openweathermap: observation journaled"}
    assert (failed.code, failed.json["outcome"]) == (1, "failed")


def test_a_task_that_is_not_there_is_named_with_those_that_are(cli: Cli, tmp_path: Path) -> None:
    """A slip of the pen is found at once."""
    found = with_fake(cli, tmp_path, "run", "wether")

    assert found.code == 1
    assert "no task is called wether; there are: weather" in found.err


def test_a_task_that_cannot_be_done_is_refused(cli: Cli, tmp_path: Path) -> None:
    """In one line, with what to say."""
    file = write_config(tmp_path, tasks={"backup": {"every": "1d"}}, stores={"a": {}, "b": {}})
    found = cli("task", "run", "backup", "--config", file)

    assert found.code == 1
    assert "there are several stores, a, b" in found.err


def test_the_list_shows_what_came_of_it_and_when_it_is_next(cli: Cli, tmp_path: Path) -> None:
    """Before the first run as well as after it, with or without a service."""
    file = write_config(tmp_path, timezone="Asia/Singapore", tasks={"weather": weather(), "often": often()})
    before = cli("task", "list", "--config", file)
    with_fake(cli, tmp_path, "run", "weather")
    after = cli("task", "list", "--config", file)

    shown = {line.split()[0]: line for line in before.lines[1:]}
    assert "*/30 * * * * (Asia/Singapore)" in shown["weather"]
    assert "every 1 h" in shown["often"]
    assert "never" in shown["weather"]
    assert "openweathermap: observation journaled" in after.lines[1]


def often() -> dict[str, Any]:
    """Another task."""
    return weather(kind="weather", cron=None, every="1h", tags={"site": "b"})


def test_programs_get_all_of_it(cli: Cli, tmp_path: Path) -> None:
    """An entry for each task, as in /api/status, and its plan."""
    with_fake(cli, tmp_path, "run", "weather")
    (task,) = cli("task", "list", "--config", tmp_path / "config.yaml", "--json").json

    assert (task["name"], task["plan"], task["outcome"], task["runs"]) == ("weather", "*/30 * * * * (UTC)", "done", 1)
    assert task["next_ns"] > task["ended_ns"]


def test_where_there_are_none_it_says_so(cli: Cli, tmp_path: Path) -> None:
    """And where to read of them."""
    found = cli("task", "list", "--config", write_config(tmp_path))

    assert (found.code, found.lines) == (0, ["no task is configured; see docs/how-to/weather.md"])


def beside_a_service(cli: Cli, folder: Path, port: int, *arguments: str, hangs: bool = False) -> tuple[Result, Service]:
    """What a command says beside a service of the same configuration."""

    async def main() -> tuple[Result, Service]:
        async with FakeWeather() as fake:
            file = write_config(folder, mqtt={"url": f"mqtt://127.0.0.1:{port}"}, tasks={"weather": weather(fake)})
            settings: Config = read_config(file)
            async with Service(settings) as service, asyncio.TaskGroup() as group:
                if hangs:
                    service._tasks._runners.clear()
                group.create_task(service.run())
                await eventually_async(lambda: service.snapshot().ready)
                found = await asyncio.to_thread(cli, "task", *arguments, "--config", file)
                if not hangs:
                    await eventually_async(lambda: service.snapshot().stores[0].stored == 1)
                service.stop()
            return found, service

    return run(main())


def test_the_service_that_runs_does_it_and_answers(cli: Cli, tmp_path: Path, broker: Mosquitto) -> None:
    """What it fetched is stored at once, and the accounts hold."""
    found, service = beside_a_service(cli, tmp_path, broker.port, "run", "weather")
    now = service.snapshot()

    assert (found.code, found.lines) == (0, ["weather: openweathermap: observation journaled"])
    assert (now.intake.received, now.intake.journaled, now.stores[0].stored) == (1, 1, 1)
    assert [task.runs for task in now.tasks] == [1]


def test_a_service_that_does_not_answer_is_not_waited_for_without_end(
    cli: Cli, tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where to look, and takes its wish back."""
    monkeypatch.setattr(task_commands, "_BEGIN_SECS", -599.5)
    found, _ = beside_a_service(cli, tmp_path, broker.port, "run", "weather", hangs=True)

    assert found.code == 1
    assert "the service that runs gave no answer; see its log" in found.err
