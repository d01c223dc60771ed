"""Water in tanks and channels."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Depth = Annotated[float, Unit("cm"), Range(0, 2_000)]
"""Height of the surface above the bottom."""


class WaterLevel(Measurement):
    """How much water stands in a tank."""

    rack: Tag | None = None
    water_level: Depth
