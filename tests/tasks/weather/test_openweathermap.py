"""How OpenWeatherMap is asked."""

from ingestor.config import TaskSpec
from ingestor.routing.weather.rows import What
from ingestor.tasks.weather.openweathermap import OpenWeatherMap


def test_the_question_is_that_of_its_documentation() -> None:
    """The place, metric units and the key."""
    task = TaskSpec.model_validate(
        {"kind": "weather", "every": "30m", "latitude": 1.35, "longitude": -103.82, "api_key": "k"}
    )

    assert OpenWeatherMap().ask(What.CURRENT, task) == (
        "/data/2.5/weather",
        {"lat": "1.35", "lon": "-103.82", "units": "metric", "appid": "k"},
    )
