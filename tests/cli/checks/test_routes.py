"""Whether routes and models can work."""

from pathlib import Path

import pytest

from ingestor.cli.checks.finding import Level
from ingestor.cli.checks.routes import buckets, check_routes, subscriptions
from ingestor.config import Config
from tests.cli.commands import read_config, write_config


def config_with(folder: Path, *routes: dict[str, object], **sections: object) -> tuple[Config, Path]:
    """A configuration with these routes, and its file."""
    file = write_config(folder, routes=list(routes), **sections)
    return read_config(file), file


def test_routes_that_work_say_what_is_subscribed_to(tmp_path: Path) -> None:
    """The filters, as the broker will see them."""
    file = write_config(tmp_path)
    (finding,) = check_routes(read_config(file), file)

    assert finding.level is Level.OK
    assert finding.text == "2 routes; to be subscribed to: +/temperature, farm/+/climate"
    assert subscriptions(read_config(file)) == ("+/temperature", "farm/+/climate")


def test_no_routes_are_a_problem(tmp_path: Path) -> None:
    """Everything would run, and store nothing."""
    (finding,) = check_routes(*config_with(tmp_path))

    assert finding.level is Level.PROBLEM
    assert "name at least one" in finding.text


def test_all_topics_of_the_broker_are_noted_where_no_route_takes_them(tmp_path: Path) -> None:
    """They come because topics cross; not where somebody asked for them, or where none cross."""
    bare: dict[str, object] = {"preset": "farm", "bucket": "B"}
    family: dict[str, object] = {"preset": "zigbee2mqtt", "bucket": "B"}
    rest: dict[str, object] = {"topic": "{rest...}", "model": "power", "bucket": "B"}
    works, noted = check_routes(*config_with(tmp_path / "crossing", bare, family))

    assert (works.text, noted.level) == ("2 routes; to be subscribed to: #", Level.NOTE)
    assert "counts as unrouted" in noted.text
    assert [finding.level for finding in check_routes(*config_with(tmp_path / "a", bare, family, rest))] == [Level.OK]
    assert [finding.level for finding in check_routes(*config_with(tmp_path / "b", family))] == [Level.OK]


@pytest.mark.parametrize(("topic", "name"), [("farm/+/climate", "{name}"), ("farm/#", "{name...}")])
def test_devices_without_a_name_are_noted(tmp_path: Path, topic: str, name: str) -> None:
    """With the time of the device, readings of several can meet in one series."""
    route: dict[str, object] = {"topic": topic, "model": "climate", "bucket": "B"}
    timed, untimed = config_with(tmp_path, {**route, "time": {"field": "ts"}}), config_with(tmp_path / "b", route)
    works, noted = check_routes(*timed)

    assert (works.level, noted.level) == (Level.OK, Level.NOTE)
    assert noted.text.endswith(f"readings of the same time replace each other; write {name}")
    assert [finding.level for finding in check_routes(*untimed)] == [Level.OK]


def test_a_retention_is_noted(tmp_path: Path) -> None:
    """Nobody should count on the disk staying as full as it is."""
    route: dict[str, object] = {"topic": "a", "model": "climate", "bucket": "B"}
    buckets: list[dict[str, object]] = [{"name": "B", "retention": "90d"}, {"name": "C"}]
    _, noted = check_routes(*config_with(tmp_path, route, buckets=buckets))

    assert (noted.level, noted.about) == (Level.NOTE, "buckets")
    assert noted.text == (
        "B: a retention of 90 d, and nothing deletes what is older from store local: add a task of kind retention"
    )


def test_where_a_task_keeps_it_none_is_noted(tmp_path: Path) -> None:
    """It deletes from the store that it means."""
    route: dict[str, object] = {"topic": "a", "model": "climate", "bucket": "B"}
    buckets = [{"name": "B", "retention": "90d"}]
    tasks = {"retention": {"every": "1d"}}
    config = config_with(tmp_path, route, buckets=buckets, tasks=tasks)

    assert [finding.level for finding in check_routes(*config)] == [Level.OK]


def test_where_all_stores_enforce_retentions_none_is_noted(tmp_path: Path) -> None:
    """InfluxDB deletes what is too old."""
    route: dict[str, object] = {"topic": "a", "model": "climate", "bucket": "B"}
    stores = {"farm": {"kind": "influxdb", "url": "http://localhost:8086"}}
    config = config_with(tmp_path, route, buckets=[{"name": "B", "retention": "90d"}], stores=stores)

    assert [finding.level for finding in check_routes(*config)] == [Level.OK]


def test_every_impossible_route_is_found_with_its_line(tmp_path: Path) -> None:
    """An unknown model, a broken template, and two routes that take the same topics."""
    config, file = config_with(
        tmp_path,
        {"topic": "a", "model": "nothing", "bucket": "B"},
        {"topic": "a/{b", "model": "climate", "bucket": "B"},
        {"topic": "+/x", "model": "climate", "bucket": "B"},
        {"topic": "{rack}/x", "model": "climate", "bucket": "B"},
    )
    findings = check_routes(config, file)

    assert [finding.level for finding in findings] == [Level.PROBLEM] * 3
    assert all(finding.text.startswith(f"{file}:") for finding in findings)
    assert subscriptions(config) == ()


def test_buckets_are_the_named_and_the_declared_ones(tmp_path: Path) -> None:
    """One that a topic puts together is among those that are declared; states of devices have none."""
    config, _ = config_with(
        tmp_path,
        {"topic": "{rack}/status", "device": "{rack}", "state": {}},
        {"topic": "a", "model": "climate", "bucket": "Named"},
        {"topic": "{rack}/x", "model": "climate", "bucket": "Of_{rack}"},
        buckets=[{"name": "Of_rack1"}, {"name": "Spare"}],
    )

    assert buckets(config) == ["Named", "Of_rack1", "Spare"]
