"""Pumps and fans: what they were told to do, as they tell it themselves."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Speed = Annotated[float, Unit("%"), Range(0, 100)]
"""Of the greatest that it has."""


class Pump(Measurement):
    """Whether it runs, and how fast."""

    rack: Tag | None = None
    running: bool | None = None
    speed: Speed | None = None
