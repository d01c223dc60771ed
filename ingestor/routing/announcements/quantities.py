"""What is physically possible: by the device classes of Home Assistant, and by the names that devices give.

The limits are wide on purpose: they are to catch what cannot be true, such as the -127 of a broken probe that says
percent, and never a reading. Device classes and their units: https://www.home-assistant.io/integrations/sensor/
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

ANYTHING: Final = (None, None)
Limits = tuple[float | None, float | None]
"""The lowest and the highest value, None where there is no limit."""

_COLDEST: Final[Mapping[str, float]] = MappingProxyType({"°C": -273.15, "°F": -459.67, "K": 0.0})
_PERCENT: Final = (0.0, 100.0)
_NOT_LESS: Final = (0.0, None)

LIMITS: Final[Mapping[str, Limits]] = MappingProxyType(
    {
        "aqi": _NOT_LESS,
        "area": _NOT_LESS,
        "atmospheric_pressure": _NOT_LESS,
        "battery": _PERCENT,
        "carbon_dioxide": _NOT_LESS,
        "carbon_monoxide": _NOT_LESS,
        "conductivity": _NOT_LESS,
        "data_rate": _NOT_LESS,
        "data_size": _NOT_LESS,
        "distance": _NOT_LESS,
        "frequency": _NOT_LESS,
        "gas": _NOT_LESS,
        "humidity": _PERCENT,
        "illuminance": _NOT_LESS,
        "moisture": _PERCENT,
        "nitrogen_dioxide": _NOT_LESS,
        "nitrogen_monoxide": _NOT_LESS,
        "nitrous_oxide": _NOT_LESS,
        "ozone": _NOT_LESS,
        "ph": (0.0, 14.0),
        "pm1": _NOT_LESS,
        "pm10": _NOT_LESS,
        "pm25": _NOT_LESS,
        "precipitation": _NOT_LESS,
        "precipitation_intensity": _NOT_LESS,
        "sound_pressure": ANYTHING,
        "speed": _NOT_LESS,
        "sulphur_dioxide": _NOT_LESS,
        "volatile_organic_compounds": _NOT_LESS,
        "volatile_organic_compounds_parts": _NOT_LESS,
        "volume": _NOT_LESS,
        "volume_flow_rate": ANYTHING,
        "volume_storage": _NOT_LESS,
        "water": _NOT_LESS,
        "wind_direction": (0.0, 360.0),
        "wind_speed": _NOT_LESS,
    }
)
"""By device class. A class that is not here says nothing of its values: power is fed in, too, and scales are tared."""

NOT_NUMBERS: Final = frozenset({"date", "enum", "timestamp"})
"""Device classes of a sensor whose states are text."""


def limits(device_class: str, unit: str | None) -> Limits:
    """What values of a device class can be, in that unit."""
    if device_class in {"temperature", "temperature_delta"}:
        coldest = _COLDEST.get(unit or "") if device_class == "temperature" else None
        return coldest, None
    found = LIMITS.get(device_class, ANYTHING)
    return found if unit == "%" or found is not _PERCENT else _NOT_LESS


class Guess(NamedTuple):
    """What a name lets one suppose of a field."""

    unit: str
    low: float | None
    high: float | None


_BY_NAME: Final[tuple[tuple[str, Guess], ...]] = (
    (r"temp(erature)?_?f(ahrenheit)?", Guess("°F", -100.0, 500.0)),
    (r"(.*_)?(temp|temperature|temperatur)(_?c(elsius)?)?|t[0-9]*_?c|dew_?point", Guess("°C", -100.0, 250.0)),
    (r"(.*_)?(hum|humidity|moisture|rh)(_?(pct|percent))?", Guess("%", 0.0, 100.0)),
    (r"(.*_)?(battery|batt|bat)(_?(level|pct|percent|soc))?", Guess("%", 0.0, 100.0)),
    (r"e?co2(_?ppm)?", Guess("ppm", 0.0, 100_000.0)),
    (r"(.*_)?(lux|illuminance|light)(_?(lux|lx))?", Guess("lx", 0.0, 400_000.0)),
    (r"(.*_)?(pressure|pres|baro|barometer)(_?hpa)?", Guess("hPa", 300.0, 1_200.0)),
    (r"pm_?(1|2_?5|4|10)(_?0)?", Guess("µg/m³", 0.0, 10_000.0)),
    (r"(.*_)?(rssi|signal_?dbm)", Guess("dBm", -200.0, 50.0)),
    (r"(.*_)?(power|watt|watts)(_?w)?", Guess("W", None, None)),
    (r"(.*_)?(voltage|volt|volts)", Guess("V", None, None)),
    (r"(.*_)?(energy_?kwh|kwh)", Guess("kWh", None, None)),
    (r"ph", Guess("", 0.0, 14.0)),
)


def guess(name: str) -> Guess | None:
    """What the name of a field lets one suppose; None where it says nothing."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)[:64].lower().replace("-", "_").replace(".", "_").replace(" ", "_")
    return next((what for pattern, what in _BY_NAME if re.fullmatch(pattern, plain)), None)
