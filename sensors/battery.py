"""What a device lives on."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Charge = Annotated[float, Unit("%"), Range(0, 100)]
"""What is left."""
CellVoltage = Annotated[float, Unit("V"), Range(0, 100)]
"""From one cell (1.5 V, or 3.7 V) to what drives a pump (48 V)."""


class Battery(Measurement):
    """How full the battery of a device is."""

    rack: Tag | None = None
    battery: Charge | None = None
    battery_voltage: CellVoltage | None = None
