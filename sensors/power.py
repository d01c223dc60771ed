"""Electricity: what is consumed, what is fed back, and how good the mains are."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

ActivePower = Annotated[float, Unit("W"), Range(-1_000_000, 1_000_000)]
"""Electric power; negative where it is fed into the grid."""
ApparentPower = Annotated[float, Unit("VA"), Range(0, 1_000_000)]
"""Voltage times current, whatever of it does work."""
ReactivePower = Annotated[float, Unit("var"), Range(-1_000_000, 1_000_000)]
"""What goes to and fro; negative where the current is ahead of the voltage."""
Voltage = Annotated[float, Unit("V"), Range(-1_000, 1_000)]
"""Low voltage ends at 1,000 V; negative for direct current with the poles exchanged."""
Current = Annotated[float, Unit("A"), Range(-5_000, 5_000)]
"""Electric current; negative where it flows back."""
PowerFactor = Annotated[float, Unit("fraction"), Range(-1, 1)]
"""Active by apparent power; negative where power is fed into the grid."""
Frequency = Annotated[float, Unit("Hz"), Range(0, 1_000)]
"""Of the mains: 50 or 60; aircraft have 400."""
Energy = Annotated[float, Unit("kWh"), Range(0, 1e9)]
"""The reading of a counter: it goes up, but for when the counter is replaced."""


class Power(Measurement):
    """Electric power of a rack or a device."""

    rack: Tag | None = None
    power: ActivePower


class EnergyCounter(Measurement):
    """How much a rack or a device has consumed since its counter began."""

    rack: Tag | None = None
    energy: Energy


class Electricity(Measurement):
    """What a meter or a switched socket tells at once."""

    rack: Tag | None = None
    power: ActivePower | None = None
    energy: Energy | None = None
    energy_returned: Energy | None = None
    voltage: Voltage | None = None
    current: Current | None = None
    apparent_power: ApparentPower | None = None
    reactive_power: ReactivePower | None = None
    power_factor: PowerFactor | None = None
    frequency: Frequency | None = None
