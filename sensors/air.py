"""What the air is made of, and how it presses."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

CarbonDioxide = Annotated[float, Unit("ppm"), Range(0, 40_000)]
"""Volume fraction of carbon dioxide; outdoor air has about 420 ppm, common sensors end at 40,000."""
Pressure = Annotated[float, Unit("hPa"), Range(300, 1_100)]
"""Pressure of the air: 1,013 on average at the sea, 337 on the highest mountain; what common sensors measure."""
VolatileCompounds = Annotated[float, Unit("ppb"), Range(0, 60_000)]
"""Volatile organic compounds together, as sensors of one heated plate tell them."""
Particles = Annotated[float, Unit("µg/m³"), Range(0, 10_000)]
"""Mass of particles in the air; a dust storm has thousands."""


class Co2(Measurement):
    """Carbon dioxide in the air."""

    rack: Tag | None = None
    co2: CarbonDioxide


class AirPressure(Measurement):
    """Pressure of the air where the sensor is, not at the level of the sea."""

    rack: Tag | None = None
    pressure: Pressure


class AirQuality(Measurement):
    """What makes air good or bad; `pm25` is the mass of particles up to 2.5 µm, and so on."""

    rack: Tag | None = None
    co2: CarbonDioxide | None = None
    voc: VolatileCompounds | None = None
    pm1: Particles | None = None
    pm25: Particles | None = None
    pm4: Particles | None = None
    pm10: Particles | None = None
