"""Whether routes and models can work."""

from pathlib import Path

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
    """One that a topic puts together is among those that are declared."""
    config, _ = config_with(
        tmp_path,
        {"topic": "a", "model": "climate", "bucket": "Named"},
        {"topic": "{rack}/x", "model": "climate", "bucket": "Of_{rack}"},
        buckets=[{"name": "Of_rack1"}, {"name": "Spare"}],
    )

    assert buckets(config) == ["Named", "Of_rack1", "Spare"]
