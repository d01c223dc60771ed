"""What lies on a scale."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Mass = Annotated[float, Unit("kg"), Range(-100_000, 100_000)]
"""Negative where something was taken away after the scale was set to zero."""


class Weight(Measurement):
    """Weight of a crop, a pot or a tank."""

    rack: Tag | None = None
    weight: Mass
