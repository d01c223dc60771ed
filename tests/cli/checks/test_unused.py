"""What a configuration says to no effect."""

from typing import Any

import pytest

from ingestor.cli.checks.finding import Level
from ingestor.cli.checks.unused import find_unused
from ingestor.config import Config
from ingestor.routing import RoutingTable

ROW = {"model": "climate", "bucket": "B"}


def notes(*topics: str, **sections: Any) -> list[str]:  # noqa: ANN401 - sections of a configuration
    """What is noted of routes with these topics."""
    routes = sections.pop("routes", [ROW | {"topic": topic} for topic in topics])
    config = Config.model_validate({"routes": routes, **sections})
    found = list(find_unused(config, RoutingTable(config)))
    assert {finding.level for finding in found} <= {Level.NOTE}
    return [finding.text for finding in found]


@pytest.mark.parametrize(
    "topics",
    [
        ("a/#", "a", "a/{x}", "a/{x}/{y...}"),
        ("a/b/{rest...}", "a/b", "a/b/{x}", "a/b/{x}/+/#"),
    ],
)
def test_a_route_that_can_never_match_is_named(topics: tuple[str, ...]) -> None:
    """Others take all of its topics between them; each of them is named."""
    (found,) = notes(*topics)

    assert found.startswith(f"routes[0] {topics[0]} can never match: ")
    assert all(f"routes[{at}]" in found for at in range(1, len(topics)))


@pytest.mark.parametrize(
    "topics", [("a/#", "a/{x}"), ("a/{x}", "a/b", "a/c"), ("rack{n}/t", "rack1/t"), ("#", "a", "b/#"), ("a/#", "a/b/#")]
)
def test_a_route_that_can_still_match_is_not(topics: tuple[str, ...]) -> None:
    """However much of it others take."""
    assert notes(*topics) == []


def test_models_that_nothing_uses_are_named() -> None:
    """One that another extends is used, if that one is."""
    models = {
        "pot": {"extends": "base"},
        "base": {"fields": {"moisture": {}}},
        "old": {"extends": "older"},
        "older": {"fields": {"x": {}}},
    }

    assert notes(models=models, routes=[ROW | {"topic": "a", "model": "pot"}]) == [
        "old is used by no route", "older is used by no route",
    ]  # fmt: skip


def test_devices_that_nothing_uses_are_named() -> None:
    """Where no route tells devices apart, and where none of them can come to that name; each once."""
    devices = [{"id": "r1", "until": "2026-11-24T12:00:00Z"}, {"id": "r1", "from": "2026-11-24T12:00:00Z"}]
    row = ROW | {"topic": "{rack}/climate", "device": "farm-{rack}"}

    assert notes("a", devices=devices) == [
        "r1 is used by no route: say in device of a route how its devices are told apart"
    ]
    assert notes(routes=[row], devices=devices) == ["r1 is no device of any route: their device is farm-{rack}"]
    assert notes(routes=[row], devices=[{"id": "farm-7"}]) == []


def test_calibrated_fields_that_no_route_has_are_named() -> None:
    """A slip would leave the device as it is; nothing is said where routes store what no model names."""
    devices = [{"id": "r1", "calibration": {"temprature": {"offset": 1}, "co2": {"factor": 2}}}]
    row = ROW | {"topic": "{rack}/climate", "device": "{rack}"}
    told = "r1: temprature is calibrated, and no route has it; there is co2, humidity, light, temperature"

    assert notes(routes=[row], devices=devices) == [told]
    assert notes(routes=[row | {"unknown": "store"}], devices=devices) == []
    assert notes(routes=[row, {"preset": "shelly", "bucket": "B"}], devices=devices) == []
