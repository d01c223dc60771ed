"""Open-Meteo: its forecast interface, which asks for no key and is free for what is not commercial."""

from typing import Final

from ingestor.config import TaskSpec
from ingestor.routing.weather import openmeteo
from ingestor.routing.weather.rows import What
from ingestor.tasks.weather.provider import Ask

_HOURS: Final = "48"


class OpenMeteo:
    """See `WeatherService`. Names of parameters are those of its documentation ("Weather Forecast API")."""

    address = "https://api.open-meteo.com"
    complaint = "reason"

    def ask(self, what: What, task: TaskSpec) -> Ask:
        """See `WeatherService`."""
        place = {"latitude": f"{task.latitude}", "longitude": f"{task.longitude}"}
        hours = {"forecast_hours": _HOURS} if what is What.HOURLY else {}
        return Ask("/v1/forecast", {**place, what.value: openmeteo.VARIABLES, **openmeteo.UNITS, **hours})
