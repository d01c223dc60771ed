"""How Open-Meteo is asked."""

import pytest

from ingestor.config import TaskSpec
from ingestor.routing.weather.rows import What
from ingestor.tasks.weather.openmeteo import OpenMeteo


@pytest.mark.parametrize(
    ("what", "has", "has_not"),
    [(What.CURRENT, {"current"}, "hourly"), (What.HOURLY, {"hourly", "forecast_hours"}, "current")],
)
def test_the_question_is_that_of_its_documentation(what: What, has: set[str], has_not: str) -> None:
    """The place, what is wanted, and the units that are read."""
    task = TaskSpec.model_validate({"kind": "weather", "every": "30m", "latitude": 1.35, "longitude": -103.82})
    path, params = OpenMeteo().ask(what, task)

    assert path == "/v1/forecast"
    assert (params["latitude"], params["longitude"], params["timeformat"]) == ("1.35", "-103.82", "unixtime")
    assert (params["wind_speed_unit"], params["temperature_unit"]) == ("ms", "celsius")
    assert has <= params.keys()
    assert has_not not in params
