"""Whether somebody is there."""

from sensors.measurement import Measurement
from sensors.shape import Tag


class Presence(Measurement):
    """Whether somebody is there, or something moves."""

    rack: Tag | None = None
    presence: bool
