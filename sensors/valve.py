"""Valves and dampers, as they tell it themselves."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Position = Annotated[float, Unit("%"), Range(0, 100)]
"""0 is closed, 100 is open."""


class Valve(Measurement):
    """Whether it lets something through, and how much."""

    rack: Tag | None = None
    open: bool | None = None
    position: Position | None = None
