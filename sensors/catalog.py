"""Which models a route can name. A new kind of sensor is one model and one row here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sensors.air import Co2
from sensors.climate import Climate, Humidity, Temperature
from sensors.light import Light
from sensors.measurement import Measurement
from sensors.power import Power
from sensors.water import WaterLevel

CATALOG: Final[Mapping[str, type[Measurement]]] = MappingProxyType(
    {
        "climate": Climate,
        "co2": Co2,
        "humidity": Humidity,
        "light": Light,
        "power": Power,
        "temperature": Temperature,
        "water_level": WaterLevel,
    }
)
"""Name to model."""
