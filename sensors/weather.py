"""The weather outside, as a station or a service observes it."""

from typing import Annotated

from sensors.air import Pressure
from sensors.climate import RelativeHumidity
from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

OutdoorTemperature = Annotated[float, Unit("°C"), Range(-90, 60)]
"""The records of the World Meteorological Organization are -89.2 and 56.7."""
WindSpeed = Annotated[float, Unit("m/s"), Range(0, 150)]
"""The strongest gust that was measured had 113 m/s."""
Direction = Annotated[float, Unit("°"), Range(0, 360)]
"""Where the wind comes from, clockwise from the north."""
Rainfall = Annotated[float, Unit("mm"), Range(0, 2_000)]
"""Height of the water that fell in the interval of the station; the record of a day is 1,825."""
RainRate = Annotated[float, Unit("mm/h"), Range(0, 2_500)]
"""How hard it rains; 38 mm fell within a minute once, which is 2,280 an hour."""
CloudCover = Annotated[float, Unit("%"), Range(0, 100)]
"""How much of the sky is covered."""
Visibility = Annotated[float, Unit("m"), Range(0, 500_000)]
"""How far one can see; services stop at some tens of kilometres."""
UvIndex = Annotated[float, Unit("UVI"), Range(0, 50)]
"""Ultraviolet light that reddens skin; above 11 is extreme, 43 was measured in the Andes."""
Irradiance = Annotated[float, Unit("W/m²"), Range(0, 2_000)]
"""Light of the sun on level ground; 1,000 at a clear noon, more between bright clouds."""


class Weather(Measurement):
    """One observation; stations tell some of it."""

    rack: Tag | None = None
    temperature: OutdoorTemperature | None = None
    dew_point: OutdoorTemperature | None = None
    humidity: RelativeHumidity | None = None
    pressure: Pressure | None = None
    wind_speed: WindSpeed | None = None
    wind_gust: WindSpeed | None = None
    wind_direction: Direction | None = None
    rain: Rainfall | None = None
    rain_rate: RainRate | None = None
    cloud_cover: CloudCover | None = None
    visibility: Visibility | None = None
    uv_index: UvIndex | None = None
    solar_radiation: Irradiance | None = None
