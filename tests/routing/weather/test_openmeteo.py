"""What Open-Meteo answers, and what it becomes."""

from typing import Any

import pytest

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.weather.openmeteo import VARIABLES, current, hourly
from tests.servers.weather import NOON, openmeteo


def test_the_documented_answer_is_read() -> None:
    """Each value under the name of the model; the rain of a quarter of an hour as that of an hour."""
    (reading,) = current(openmeteo())

    assert reading == {
        "time": NOON,
        "temperature": 27.1,
        "dew_point": 22.4,
        "humidity": 75,
        "pressure": 1011.2,
        "wind_speed": 2.3,
        "wind_gust": 5.5,
        "wind_direction": 184,
        "rain_rate": 0.8,
        "cloud_cover": 80,
        "visibility": 24140,
        "uv_index": 6.45,
        "solar_radiation": 512,
    }


def test_the_hours_to_come_are_a_reading_each() -> None:
    """With the time of the hour; what is not known of one is absent."""
    answer = openmeteo(hours=3, temperature_2m=20)
    answer["hourly"]["temperature_2m"] = [20, None, 22]
    readings = hourly(answer)

    assert [reading["time"] for reading in readings] == answer["hourly"]["time"]
    assert [reading["temperature"] for reading in readings] == [20, None, 22]
    assert {reading["rain_rate"] for reading in readings} == {0.2}


def test_what_was_asked_for_is_what_is_read() -> None:
    """Each variable of the question is in the answer that is documented."""
    assert set(VARIABLES.split(",")) == set(openmeteo()["current"]) - {"time", "interval"}


@pytest.mark.parametrize("interval", [None, 0, "900"])
def test_rain_without_its_time_is_not_guessed(interval: object) -> None:
    """A height says nothing of how hard it rained."""
    answer = openmeteo()
    answer["current"]["interval"] = interval
    (reading,) = current(answer)

    assert reading["rain_rate"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"current": None}, "no current and current_units"),
        ({"current": [1]}, "no current and current_units"),
        ({"current_units": None}, "no current and current_units"),
        ({"current": {"temperature_2m": 20}}, "no current and current_units"),
        ({"current_units": {"time": "iso8601"}}, 'time is in "iso8601", and unixtime was asked for'),
        ({"current_units": {"time": "unixtime", "temperature_2m": "°F"}}, "temperature_2m is in .°F., and °C"),
        ({"reason": "gone", "current": None}, 'it says "gone"'),
    ],
)
def test_what_is_not_as_documented_is_said(changes: dict[str, Any], words: str) -> None:
    """Above all another unit: 80 degrees must not become 80 °C."""
    with pytest.raises(UnreadableError, match=words):
        current(openmeteo() | changes)


@pytest.mark.parametrize("column", [None, 20, [], [20], [20] * 4])
def test_hours_that_do_not_fit_together_are_said(column: object) -> None:
    """A value for each hour, no less and no more."""
    answer = openmeteo(hours=3)
    answer["hourly"]["temperature_2m"] = column
    with pytest.raises(UnreadableError, match="a value for each of its hours"):
        hourly(answer)
