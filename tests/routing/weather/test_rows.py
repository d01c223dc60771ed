"""Topics of weather: what is decoded from them, and that no broker can fill them."""

import json
from typing import Any

import pytest
from hypothesis import given

from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.ports import FETCHED, UNROUTED, Flaw, Message, Point
from ingestor.routing import RoutingTable
from ingestor.routing.weather.rows import UNPACKS, decisive, weather_topic
from tests.routing.helpers import JSON, RECEIVED_NS
from tests.servers.weather import NOON, openmeteo, openweathermap

WEATHER = {
    "every": "30m",
    "latitude": 1.35,
    "longitude": 103.82,
    "api_key": "hunter2",
    "providers": ["openweathermap", "open-meteo"],
    "tags": {"site": "farm"},
    "forecast": "hourly",
}
OWM = "$weather/weather/openweathermap/current"


def table(routes: tuple[dict[str, Any], ...] = (), **sections: Any) -> RoutingTable:  # noqa: ANN401 - of a configuration
    """The table of a configuration with weather."""
    return RoutingTable(Config.model_validate({"tasks": {"weather": WEATHER}, "routes": routes, **sections}))


def decode(topic: str, body: object, *, flags: int = FETCHED, **sections: Any) -> tuple[list[Point], list[Flaw]]:  # noqa: ANN401 - the same
    """The points and flaws of one answer."""
    decoder = table(**sections).find(topic)
    assert decoder is not None
    points: list[Point] = []
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    flaws = decoder.decode(Message(topic, payload, RECEIVED_NS, flags), points)
    return points, list(flaws)


def test_an_observation_becomes_a_point() -> None:
    """At its own time, with tags of the task and of the provider, in the units of the model."""
    (point,), flaws = decode(OWM, openweathermap())

    assert flaws == []
    assert (point.series.bucket, point.series.measurement) == ("Weather", "weather")
    assert point.series.tags == (("provider", "openweathermap"), ("site", "farm"))
    assert point.time_ns == NOON * 10**9
    assert (point.fields["temperature"], point.series.units["temperature"]) == (25.33, "°C")


def test_a_forecast_is_another_measurement() -> None:
    """A point for each hour, also hours ahead of the receipt."""
    ahead = RECEIVED_NS // 10**9 + 86_400
    points, flaws = decode("$weather/weather/open-meteo/hourly", openmeteo(ahead, hours=48))

    assert flaws == []
    assert {point.series.measurement for point in points} == {"weather_forecast"}
    assert len({point.time_ns for point in points}) == 48


def test_a_value_out_of_range_is_set_aside_alone() -> None:
    """As for any sensor: the rest is stored."""
    (point,), (flaw,) = decode(OWM, openweathermap(temp=250))

    assert (flaw.reason, flaw.field) == ("range", "temperature")
    assert point.fields["humidity"] == 64


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"<html>", "not_json"), ({}, "format"), (b"", "empty"), (openweathermap(at=10**15), "time")],
)
def test_nonsense_is_set_aside_with_all_of_it(body: object, reason: str) -> None:
    """There is no point, and no time is made up."""
    points, (flaw,) = decode(OWM, body)

    assert (points, flaw.point, flaw.reason) == ([], -1, reason)


def test_other_units_are_those_of_a_model_of_ones_own() -> None:
    """Declared on top of ours, it converts."""
    fahrenheit = {"unit": "°F", "from_unit": "°C", "min": -130, "max": 140}
    models = {"weather": {"extends": "weather", "fields": {"temperature": fahrenheit}}}
    (point,), flaws = decode(OWM, openweathermap(temp=25), models=models)

    assert flaws == []
    assert point.fields["temperature"] == pytest.approx(77)


def test_what_a_broker_sends_under_such_a_topic_is_not_believed() -> None:
    """It counts as unrouted, whatever flags a packet can have; nothing subscribes to it either."""
    decoder = table(({"topic": "#", "model": "temperature", "bucket": "B"},)).find(OWM)
    assert decoder is not None
    for flags in range(16):
        points: list[Point] = []
        message = Message(OWM, json.dumps(openweathermap()).encode(), RECEIVED_NS, flags)
        assert decoder.decode(message, points) is UNROUTED
        assert points == []

    assert list(table(({"topic": "#", "model": "temperature", "bucket": "B"},)).subscriptions) == ["#"]
    assert list(table().subscriptions) == []


@pytest.mark.parametrize(
    "row",
    [
        {"topic": "$weather/#", "model": "temperature", "bucket": "B"},
        {"topic": OWM, "model": "temperature", "bucket": "B"},
        {"topic": "$weather/{x}", "state": {}, "device": "{x}"},
        {"preset": "shelly", "prefix": "$weather", "bucket": "B"},
        {"discovery": "homeassistant", "prefix": "$weather", "bucket": "B"},
    ],
)
def test_no_other_row_can_have_these_topics(row: dict[str, Any]) -> None:
    """Or it would be subscribed to them."""
    with pytest.raises(ConfigError, match=r"topics under \$weather hold what tasks fetch"):
        table((row,))


def test_rows_that_take_everything_take_no_weather() -> None:
    """A wildcard in the first level takes no topic that begins with $."""
    found = table(({"topic": "{a}/{b...}", "model": "temperature", "bucket": "B"},)).taken_by(OWM)

    assert found is not None
    assert found.where == "tasks.weather"


def test_a_model_that_cannot_be_is_told_with_its_task() -> None:
    """As with routes."""
    models: dict[str, Any] = {"weather": {"fields": {"provider": {}}}}
    with pytest.raises(ConfigError, match=r"tasks\.weather: tags: provider"):
        table(models=models)


def test_what_decides_of_decoding_is_a_configuration_of_its_own() -> None:
    """Without the key and the place, and it gives the same routes."""
    full = Config.model_validate({"tasks": {"weather": WEATHER, "backup": {"every": "1d"}}})
    said = decisive(full.tasks)
    again = RoutingTable(Config.model_validate({"tasks": said}))

    assert list(said) == ["weather"]
    assert "hunter2" not in json.dumps(said)
    assert again.find(OWM) is not None
    assert decisive(Config.model_validate({"tasks": said}).tasks) == said


@given(JSON)
def test_whatever_a_provider_answers_is_decoded_or_set_aside(body: Any) -> None:  # noqa: ANN401 - any JSON
    """No answer makes a decoder fail."""
    payload = json.dumps(body).encode()
    found = table()
    for provider, what in UNPACKS:
        topic = weather_topic("weather", provider, what)
        decoder = found.find(topic)
        points: list[Point] = []
        assert decoder is not None
        flaws = decoder.decode(Message(topic, payload, RECEIVED_NS, FETCHED), points)
        assert flaws
        assert points == []
