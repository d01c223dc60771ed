"""Water in tanks, pipes and channels: how much there is, how it flows, and what is in it."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Depth = Annotated[float, Unit("cm"), Range(0, 2_000)]
"""Height of the surface above the bottom."""
Flow = Annotated[float, Unit("L/min"), Range(-10_000, 10_000)]
"""Volume in a time; negative where it flows back."""
Volume = Annotated[float, Unit("L"), Range(0, 1e9)]
"""The reading of a counter."""
LiquidTemperature = Annotated[float, Unit("°C"), Range(-5, 100)]
"""Temperature of water; with salts in it, it freezes below 0."""
Acidity = Annotated[float, Unit("pH"), Range(0, 14)]
"""Acid below 7, basic above; plants in water like 5.5 to 6.5."""
Conductivity = Annotated[float, Unit("mS/cm"), Range(0, 200)]
"""Electric conductivity: how much is dissolved; nutrient solutions have 1 to 3, the sea has 50."""
DissolvedOxygen = Annotated[float, Unit("mg/L"), Range(0, 50)]
"""Oxygen in the water; air gives about 9 at 20 °C, pure oxygen five times that."""
RedoxPotential = Annotated[float, Unit("mV"), Range(-2_000, 2_000)]
"""Oxidation-reduction potential (ORP); above 650 germs die fast."""
Turbidity = Annotated[float, Unit("NTU"), Range(0, 4_000)]
"""How cloudy it is; drinking water has less than 1."""


class WaterLevel(Measurement):
    """How much water stands in a tank."""

    rack: Tag | None = None
    water_level: Depth


class WaterFlow(Measurement):
    """How much water flows through a pipe: now, and since the counter began."""

    rack: Tag | None = None
    flow: Flow | None = None
    volume: Volume | None = None


class WaterTemperature(Measurement):
    """Temperature of water."""

    rack: Tag | None = None
    water_temperature: LiquidTemperature


class Ph(Measurement):
    """How acid water is."""

    rack: Tag | None = None
    ph: Acidity


class Ec(Measurement):
    """How much is dissolved in water."""

    rack: Tag | None = None
    ec: Conductivity


class WaterQuality(Measurement):
    """What a probe tells of a nutrient solution, a pond or a pool at once."""

    rack: Tag | None = None
    temperature: LiquidTemperature | None = None
    ph: Acidity | None = None
    ec: Conductivity | None = None
    dissolved_oxygen: DissolvedOxygen | None = None
    orp: RedoxPotential | None = None
    turbidity: Turbidity | None = None


class Leak(Measurement):
    """Whether water is where none should be."""

    rack: Tag | None = None
    leak: bool
