"""OpenWeatherMap: the answer of its current weather (version 2.5), asked for in metric units. Pure.

Names and units are those of its documentation ("Current weather data"): what is not in an answer did not happen, so
without `rain` and `snow` there was none.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.path import Path
from ingestor.routing.presets.flat import document, is_number, is_object
from ingestor.routing.wire import Values
from ingestor.routing.words import show

_PATHS: Final[Mapping[str, Path]] = {
    name: Path.parse(path)
    for name, path in {
        "time": "dt",
        "temperature": "main.temp",
        "humidity": "main.humidity",
        "pressure": "main.pressure",
        "wind_speed": "wind.speed",
        "wind_gust": "wind.gust",
        "wind_direction": "wind.deg",
        "cloud_cover": "clouds.all",
        "visibility": "visibility",
    }.items()
}
_HOURS: Final = {"1h": 1, "3h": 3}


def current(payload: object) -> Sequence[Values]:
    """The observation, by the names of the model `weather`; an `Unpack`.

    Raises:
        UnreadableError: It is not what is documented.
    """
    answer = document(payload)
    if not is_object(answer.get("main")) or not is_number(answer.get("dt")):
        code = answer.get("cod")
        said = "" if code in {None, 200} else f" (it says cod {show(code)})"
        raise UnreadableError(Reason.FORMAT, f"no main and dt in it, as OpenWeatherMap's current weather has{said}")
    reading = {name: path.find(answer, answer) for name, path in _PATHS.items()}
    reading["rain_rate"] = _rate(answer)
    return [reading]


def _rate(answer: Values) -> float | None:
    """Millimetres an hour of rain and snow together; None where they are told in another way than documented."""
    total = 0.0
    for kind in ("rain", "snow"):
        told = answer.get(kind)
        if told is None:
            continue
        rates = [told[key] / hours for key, hours in _HOURS.items() if is_object(told) and is_number(told.get(key))]
        if not rates:
            return None
        total += rates[0]
    return total
