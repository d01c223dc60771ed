"""Open-Meteo: the answers of its forecast interface for the weather now, and for the hours to come. Pure.

Names and units are those of its documentation ("Weather Forecast API"), asked for with metric units and times in
seconds. The answer names the units; another one than what is asked for is a fault.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.flat import document, is_number, is_object
from ingestor.routing.wire import Values
from ingestor.routing.words import show

_MAX_HOURS: Final = 1_000


class _Variable(NamedTuple):
    """How a field of the model is called there, and in which unit it comes."""

    name: str
    unit: str


_FIELDS: Final[Mapping[str, _Variable]] = {
    "temperature": _Variable("temperature_2m", "°C"),
    "dew_point": _Variable("dew_point_2m", "°C"),
    "humidity": _Variable("relative_humidity_2m", "%"),
    "pressure": _Variable("pressure_msl", "hPa"),
    "wind_speed": _Variable("wind_speed_10m", "m/s"),
    "wind_gust": _Variable("wind_gusts_10m", "m/s"),
    "wind_direction": _Variable("wind_direction_10m", "°"),
    "rain_rate": _Variable("precipitation", "mm"),
    "cloud_cover": _Variable("cloud_cover", "%"),
    "visibility": _Variable("visibility", "m"),
    "uv_index": _Variable("uv_index", ""),
    "solar_radiation": _Variable("shortwave_radiation", "W/m²"),
}
VARIABLES: Final = ",".join(variable.name for variable in _FIELDS.values())
"""What to ask for."""
UNITS: Final[Mapping[str, str]] = {
    "temperature_unit": "celsius",
    "wind_speed_unit": "ms",
    "precipitation_unit": "mm",
    "timeformat": "unixtime",
}
"""In which units to ask for it."""
_TIME_UNIT: Final = "unixtime"


def current(payload: object) -> Sequence[Values]:
    """The weather at the moment, by the names of the model `weather`; an `Unpack`.

    Raises:
        UnreadableError: It is not what is documented.
    """
    told = _block(payload, "current")
    interval_secs = told.get("interval")
    fallen = told.get(_FIELDS["rain_rate"].name)
    reading = {"time": told["time"], **{name: told.get(variable.name) for name, variable in _FIELDS.items()}}
    # Precipitation is the sum over the interval before.
    if is_number(fallen):
        reading["rain_rate"] = fallen * 3600 / interval_secs if is_number(interval_secs) and interval_secs > 0 else None
    return [reading]


def hourly(payload: object) -> Sequence[Values]:
    """The hours to come, each a reading; precipitation is the sum over the hour before. An `Unpack`.

    Raises:
        UnreadableError: It is not what is documented.
    """
    told = _block(payload, "hourly")
    times = told["time"]
    columns = {name: told[variable.name] for name, variable in _FIELDS.items() if variable.name in told}
    for name, column in {"time": times, **columns}.items():
        if not isinstance(column, list) or not 0 < len(column) == len(times) <= _MAX_HOURS:
            raise UnreadableError(Reason.FORMAT, f"{name} in hourly is no list with a value for each of its hours")
    return [{"time": time, **{name: column[at] for name, column in columns.items()}} for at, time in enumerate(times)]


def _block(payload: object, name: str) -> Values:
    """A part of the answer, once its units are what was asked for."""
    answer = document(payload)
    told, units = answer.get(name), answer.get(f"{name}_units")
    if not is_object(told) or not is_object(units) or told.get("time") is None:
        said = f" (it says {show(answer['reason'])})" if "reason" in answer else ""
        raise UnreadableError(Reason.FORMAT, f"no {name} and {name}_units in it, as Open-Meteo's answers have{said}")
    for variable in (_Variable("time", _TIME_UNIT), *_FIELDS.values()):
        if variable.name in told and units.get(variable.name) != variable.unit:
            unit = show(units.get(variable.name))
            raise UnreadableError(Reason.FORMAT, f"{variable.name} is in {unit}, and {variable.unit} was asked for")
    return told
