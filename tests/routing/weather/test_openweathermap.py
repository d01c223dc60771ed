"""What OpenWeatherMap answers, and what it becomes."""

from typing import Any

import pytest

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.weather.openweathermap import current
from tests.servers.weather import NOON, openweathermap


def test_the_documented_answer_is_read() -> None:
    """Each value under the name of the model, in its unit."""
    (reading,) = current(openweathermap())

    assert reading == {
        "time": NOON,
        "temperature": 25.33,
        "humidity": 64,
        "pressure": 1015,
        "wind_speed": 0.62,
        "wind_gust": 1.18,
        "wind_direction": 349,
        "cloud_cover": 100,
        "visibility": 10000,
        "rain_rate": 3.16,
    }


@pytest.mark.parametrize(
    ("fallen", "rate"),
    [
        ({}, 0.0),
        ({"rain": {"1h": 1.5}, "snow": {"1h": 0.5}}, 2.0),
        ({"rain": {"3h": 6}}, 2.0),
        ({"rain": {"1h": "much"}}, None),
        ({"snow": 3}, None),
    ],
)
def test_rain_and_snow_are_told_an_hour(fallen: dict[str, Any], rate: float | None) -> None:
    """What is not told did not fall; what is told in another way is not guessed."""
    answer = openweathermap()
    del answer["rain"]
    (reading,) = current(answer | fallen)

    assert reading["rain_rate"] == rate


def test_what_is_missing_is_absent() -> None:
    """No value is made up."""
    answer = openweathermap()
    for part in ("wind", "clouds", "visibility"):
        del answer[part]
    (reading,) = current(answer)

    assert {name for name, value in reading.items() if value is None} == {
        "wind_speed", "wind_gust", "wind_direction", "cloud_cover", "visibility",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "no main and dt in it"),
        ([openweathermap()], "a list where an object belongs"),
        (openweathermap() | {"main": 25.3}, "no main and dt"),
        (openweathermap() | {"dt": "noon"}, "no main and dt"),
        ({"cod": "404", "message": "city not found"}, 'it says cod "404"'),
    ],
)
def test_what_is_not_as_documented_is_said(answer: object, words: str) -> None:
    """In words that tell what is missing."""
    with pytest.raises(UnreadableError, match=words):
        current(answer)
