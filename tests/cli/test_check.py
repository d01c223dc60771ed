"""`ingestor check`: all of it together."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import ROUTES, Cli, ingestor, stranger, write_config
from tests.servers.mosquitto import Mosquitto
from tests.support import free_port


def test_a_healthy_setup_ends_with_0(cli: Cli, tmp_path: Path, broker: Mosquitto) -> None:
    """Each subject has its line; notes are no problems."""
    found = cli("check", "--config", write_config(tmp_path, mqtt={"url": broker.url}))
    levels = [line.split()[0] for line in found.lines if line and not line[0].isdigit()]

    assert found.code == 0
    assert set(levels) == {"ok", "note"}
    assert found.lines[-1] == f"0 problems, {levels.count('note')} note"
    for about in ("configuration", "routes", "broker", "subscriptions", "store local", "data_dir", "disk", "web"):
        assert f" {about} " in found.out


def test_every_problem_is_said_at_once(cli: Cli, tmp_path: Path) -> None:
    """No broker, a store that cannot write, a port that is taken: nothing hides the next."""
    (tmp_path / "file").touch()
    with stranger() as port:
        file = write_config(
            tmp_path,
            mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"},
            stores={"local": {"kind": "sqlite", "path": str(tmp_path / "file")}},
            web={"port": port},
        )
        found = cli("check", "--config", file, "--json")
    problems = [one["about"] for one in found.json["findings"] if one["level"] == "problem"]

    assert found.code == 1
    assert found.json["problems"] == len(problems) == 3
    assert problems == ["broker", "store local", "web"]


def test_offline_asks_nobody(cli: Cli, tmp_path: Path) -> None:
    """A configuration can be looked at on a machine that reaches neither broker nor store, and nothing is made."""
    file = write_config(tmp_path, mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"})
    found = cli("check", "--config", file, "--offline", "--json")

    assert found.code == 0
    assert [one["about"] for one in found.json["findings"]] == ["configuration", "routes"]
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("arguments", [(), ("--offline",), ("--json",)])
def test_a_configuration_that_cannot_be_read_is_all_there_is(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Every fault of it, each with its line."""
    file = tmp_path / "a.yaml"
    file.write_text("mqtt: {url: http://x}\nweb: {port: many}\n")
    found = cli("check", "--config", file, *arguments)

    assert found.code == 1
    assert f"{file}:1" in found.out
    assert f"{file}:2" in found.out
    assert found.err == ""


def test_routes_that_cannot_be_do_not_hide_the_rest(cli: Cli, tmp_path: Path, broker: Mosquitto) -> None:
    """The broker is asked all the same, about what can be asked."""
    routes = [{**ROUTES[0], "model": "nothing"}]
    found = cli("check", "--config", write_config(tmp_path, mqtt={"url": broker.url}, routes=routes), "--json")
    levels = {one["about"]: one["level"] for one in found.json["findings"]}

    assert found.code == 1
    assert (levels["routes"], levels["broker"], levels["data_dir"]) == ("problem", "ok", "ok")


def test_the_real_command_answers_programs(tmp_path: Path, broker: Mosquitto) -> None:
    """One line of JSON, exit code 0, nothing on standard error."""
    found = ingestor("check", "--config", write_config(tmp_path, mqtt={"url": broker.url}), "--json")

    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out)["problems"] == 0


def test_a_write_test_is_made_where_it_is_asked_for(cli: Cli, tmp_path: Path, broker: Mosquitto) -> None:
    """Each store has a further line; without being asked, none is written to."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    asked, unasked = cli("check", "-c", file, "--write-test", "--json"), cli("check", "-c", file, "--json")
    written = [one for one in asked.json["findings"] if one["text"].startswith("write test: ")]

    assert asked.code == 0
    assert [(one["level"], one["about"]) for one in written] == [("ok", "store local")]
    assert [one for one in asked.json["findings"] if one not in written] == unasked.json["findings"]


def test_a_write_test_and_offline_cannot_both_be(cli: Cli, tmp_path: Path) -> None:
    """That is wrong use."""
    found = cli("check", "-c", write_config(tmp_path), "--write-test", "--offline")

    assert found.code == 2
    assert "say one of them" in " ".join(found.err.split())
