"""What the air is made of."""

from typing import Annotated

from sensors.measurement import Measurement
from sensors.shape import Range, Tag, Unit

CarbonDioxide = Annotated[float, Unit("ppm"), Range(0, 40_000)]
"""Volume fraction of carbon dioxide; outdoor air has about 420 ppm, common sensors end at 40,000."""


class Co2(Measurement):
    """Carbon dioxide in the air."""

    rack: Tag | None = None
    co2: CarbonDioxide
