"""Doors, windows and lids."""

from sensors.measurement import Measurement
from sensors.shape import Tag


class Door(Measurement):
    """Whether it is open."""

    rack: Tag | None = None
    open: bool
