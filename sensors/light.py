"""How bright it is."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Illuminance = Annotated[float, Unit("lx"), Range(0, 200_000)]
"""Light that falls on a surface; direct sunlight reaches about 120,000 lx."""


class Light(Measurement):
    """Light on the plants."""

    rack: Tag | None = None
    light: Illuminance
