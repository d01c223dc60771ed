"""The symbols of units that models are written with: one for each unit, so that readings can be compared."""

from collections.abc import Set as AbstractSet
from typing import Final

SYMBOLS: Final[AbstractSet[str]] = frozenset(
    (
        *("°C", "K", "%", "fraction", "ppm", "ppb", "1/h"),
        *("hPa", "Pa", "kPa", "bar"),
        *("µg/m³", "mg/m³", "g/m³", "mg/L", "g/L", "mg/kg"),
        *("lx", "µmol/m²/s", "mol/m²/d", "W/m²", "UVI"),
        *("V", "mV", "A", "mA", "W", "kW", "VA", "var", "Wh", "kWh", "varh", "VAh", "Ah", "Hz", "Ω"),
        *("L", "m³", "L/min", "L/h", "m³/h", "pH", "mS/cm", "µS/cm", "NTU"),
        *("mm", "cm", "m", "km", "mm/h", "m/s", "km/h", "°", "rpm", "g", "kg", "N"),
        *("dB", "dBm", "s", "min", "h", "d"),
    )
)
"""What `sensors.testing` knows; `fraction` is for what has no unit. An author may bring others."""
