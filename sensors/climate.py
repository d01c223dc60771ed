"""The air around the plants: its temperature, its humidity, and all that one climate sensor tells at once."""

from typing import Annotated

from sensors.air import CarbonDioxide
from sensors.light import Illuminance
from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

AirTemperature = Annotated[float, Unit("°C"), Range(-40, 85)]
"""Temperature of the air, within what common sensors can measure."""
RelativeHumidity = Annotated[float, Unit("%"), Range(0, 100)]
"""Relative humidity of the air."""


class Temperature(Measurement):
    """Temperature of the air."""

    rack: Tag | None = None
    temperature: AirTemperature


class Humidity(Measurement):
    """Relative humidity of the air."""

    rack: Tag | None = None
    humidity: RelativeHumidity


class Climate(Measurement):
    """What a combined sensor tells in one message; any of it may be absent, but not all."""

    rack: Tag | None = None
    temperature: AirTemperature | None = None
    humidity: RelativeHumidity | None = None
    co2: CarbonDioxide | None = None
    light: Illuminance | None = None
