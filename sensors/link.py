"""How well a device is heard."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

SignalStrength = Annotated[float, Unit("dBm"), Range(-200, 30)]
"""Power at the receiver: -50 is near, -90 is the end of Wi-Fi, -140 that of LoRa."""
SignalToNoise = Annotated[float, Unit("dB"), Range(-50, 100)]
"""Signal by noise; LoRa is understood down to -20."""


class Link(Measurement):
    """Radio signal of a device."""

    rack: Tag | None = None
    rssi: SignalStrength | None = None
    snr: SignalToNoise | None = None
