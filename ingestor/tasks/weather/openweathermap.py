"""OpenWeatherMap: its current weather, version 2.5, which a free key may ask 60 times a minute."""

from ingestor.config import TaskSpec
from ingestor.routing.weather.rows import What
from ingestor.tasks.weather.provider import Ask


class OpenWeatherMap:
    """See `WeatherService`. Names of parameters are those of its documentation ("Current weather data")."""

    address = "https://api.openweathermap.org"
    complaint = "message"

    def ask(self, what: What, task: TaskSpec) -> Ask:  # noqa: ARG002 - it tells the weather now, and no other
        """See `WeatherService`."""
        key = "" if task.api_key is None else task.api_key.get_secret_value()
        place = {"lat": f"{task.latitude}", "lon": f"{task.longitude}"}
        return Ask("/data/2.5/weather", {**place, "units": "metric", "appid": key})
