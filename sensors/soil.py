"""What roots stand in: soil, peat, rock wool."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit
from sensors.water import Acidity, Conductivity

SoilMoisture = Annotated[float, Unit("%"), Range(0, 100)]
"""Volume of water in a volume of soil."""
SoilTemperature = Annotated[float, Unit("°C"), Range(-40, 80)]
"""Dark soil in the sun reaches 70."""


class Soil(Measurement):
    """What a probe tells of the soil."""

    rack: Tag | None = None
    moisture: SoilMoisture | None = None
    temperature: SoilTemperature | None = None
    ec: Conductivity | None = None
    ph: Acidity | None = None
