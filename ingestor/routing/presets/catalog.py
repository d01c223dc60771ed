"""Which families a row with `preset` can name. A new family is a file beside this one and one row here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingestor.routing.presets.chirpstack import CHIRPSTACK
from ingestor.routing.presets.contract import Family
from ingestor.routing.presets.esphome import ESPHOME
from ingestor.routing.presets.farm import FARM
from ingestor.routing.presets.shelly import SHELLY
from ingestor.routing.presets.statestream import STATESTREAM
from ingestor.routing.presets.tasmota import TASMOTA
from ingestor.routing.presets.thethingsstack import THETHINGSSTACK
from ingestor.routing.presets.zigbee2mqtt import ZIGBEE2MQTT

CATALOG: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "chirpstack": CHIRPSTACK,
        "esphome": ESPHOME,
        "farm": FARM,
        "shelly": SHELLY,
        "statestream": STATESTREAM,
        "tasmota": TASMOTA,
        "thethingsstack": THETHINGSSTACK,
        "zigbee2mqtt": ZIGBEE2MQTT,
    }
)
"""Name to family."""
