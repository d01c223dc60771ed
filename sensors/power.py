"""What is consumed, and what is fed back."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

ActivePower = Annotated[float, Unit("W"), Range(-1_000_000, 1_000_000)]
"""Electric power; negative where it is fed into the grid."""


class Power(Measurement):
    """Electric power of a rack or a device."""

    rack: Tag | None = None
    power: ActivePower
