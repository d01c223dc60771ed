"""Which families a row with `preset` can name. A new family is a file beside this one and one row here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingestor.routing.presets.chirpstack import CHIRPSTACK
from ingestor.routing.presets.contract import Family
from ingestor.routing.presets.farm import FARM
from ingestor.routing.presets.statestream import STATESTREAM
from ingestor.routing.presets.thethingsstack import THETHINGSSTACK

CATALOG: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "chirpstack": CHIRPSTACK,
        "farm": FARM,
        "statestream": STATESTREAM,
        "thethingsstack": THETHINGSSTACK,
    }
)
"""Name to family."""
