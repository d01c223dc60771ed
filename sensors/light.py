"""How bright it is: for people (lux), and for plants (photons between 400 and 700 nm)."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

Illuminance = Annotated[float, Unit("lx"), Range(0, 200_000)]
"""Light that falls on a surface; direct sunlight reaches about 120,000 lx."""
PhotonFlux = Annotated[float, Unit("µmol/m²/s"), Range(0, 5_000)]
"""Photons that plants can use (PPFD, measured by a PAR sensor); the sun gives about 2,000, lamps up to 3,000."""
LightIntegral = Annotated[float, Unit("mol/m²/d"), Range(0, 300)]
"""Photons of a day (DLI); the sun gives up to 65."""


class Light(Measurement):
    """Light on the plants."""

    rack: Tag | None = None
    light: Illuminance


class Par(Measurement):
    """Light that plants can use: now, and what it comes to in a day."""

    rack: Tag | None = None
    ppfd: PhotonFlux | None = None
    dli: LightIntegral | None = None
