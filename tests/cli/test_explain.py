"""`ingestor explain`."""

from pathlib import Path

from tests.cli.commands import Cli, write_config

RECEIVED = ("--received", "2026-11-24T12:00:00Z")


def test_each_step_is_told(cli: Cli, tmp_path: Path) -> None:
    """The route, what it names, the points as line protocol, and what would be set aside with its reason."""
    file = write_config(tmp_path)
    found = cli("explain", "farm/r1/climate", '{"temperature": 21.5, "humidity": 120}', *RECEIVED, "--config", file)

    assert (found.code, found.err) == (0, "")
    assert found.lines == [
        "topic      farm/r1/climate",
        "received   2026-11-24T12:00:00.000Z",
        "route      routes[1]  farm/{rack}/climate",
        "levels     rack = r1",
        "point      Climate: climate,rack=r1 temperature=21.5 1795521600000000000",
        "set aside  range: humidity 120 is above 100 %",
    ]


def test_what_a_weather_service_answers_is_explained_too(cli: Cli, tmp_path: Path) -> None:
    """Under the topic that dead letters of weather have, as if a task had fetched it."""
    file = write_config(tmp_path, tasks={"weather": {"every": "30m", "latitude": 1, "longitude": 2}})
    found = cli("explain", "$weather/weather/open-meteo/current", "{}", *RECEIVED, "--config", file)

    assert "route      tasks.weather  $weather/weather/open-meteo/current" in found.lines
    assert found.lines[-1].startswith("set aside  format: no current and current_units in it")


def test_a_payload_may_be_a_file(cli: Cli, tmp_path: Path) -> None:
    """Of any bytes; and programs get all of it."""
    file = write_config(tmp_path)
    (tmp_path / "payload").write_bytes(b"\xff")
    found = cli("explain", "r1/temperature", "--file", str(tmp_path / "payload"), "--json", "--config", file)

    assert found.json["payload_hex"] == "ff"
    assert (found.json["fate"], found.json["route"], found.json["points"]) == ("set aside", "routes[0]", [])
    assert found.json["flaws"][0]["reason"] == "not_utf8"


def test_what_is_unrouted_or_left_out_is_told(cli: Cli, tmp_path: Path) -> None:
    """With what to do about it."""
    file = write_config(tmp_path)

    assert cli("explain", "x/y", "5", "--config", file).lines[-1].startswith("unrouted   no route takes this topic")
    kept = cli("explain", "r1/temperature", "5", "--retained", "--config", file)
    assert kept.lines[-1] == "ignored    the broker had kept it, and the route has retained: skip"


def test_a_line_break_in_a_topic_begins_no_line(cli: Cli, tmp_path: Path) -> None:
    """What a stranger puts there could else look like a step."""
    found = cli("explain", "x\nstored     y", "5", "--config", write_config(tmp_path))

    assert found.lines[0] == "topic      x\\nstored     y"


def test_wrong_use_is_one_line(cli: Cli, tmp_path: Path) -> None:
    """No payload, two payloads, a file that is not there, a topic that no message has."""
    file = write_config(tmp_path)

    assert cli("explain", "x", "--config", file).code == 2
    assert cli("explain", "x", "5", "--file", "y", "--config", file).code == 2
    assert [cli("explain", topic, "5", "--config", file).code for topic in ("", "farm/+/climate", "#")] == [2, 2, 2]
    missing = cli("explain", "x", "--file", str(tmp_path / "none"), "--config", file)
    assert (missing.code, missing.err.count("\n")) == (1, 1)
