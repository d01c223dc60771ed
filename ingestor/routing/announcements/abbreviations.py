"""The short keys of Home Assistant's announcements, which small devices use: those that say how a state is read.

From https://www.home-assistant.io/integrations/mqtt/#supported-abbreviations-in-mqtt-discovery-messages
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OF_COMPONENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "avty": "availability",
        "avty_mode": "availability_mode",
        "avty_t": "availability_topic",
        "avty_tpl": "availability_template",
        "cmps": "components",
        "curr_hum_t": "current_humidity_topic",
        "curr_hum_tpl": "current_humidity_template",
        "curr_temp_t": "current_temperature_topic",
        "curr_temp_tpl": "current_temperature_template",
        "dev": "device",
        "dev_cla": "device_class",
        "e": "encoding",
        "exp_aft": "expire_after",
        "o": "origin",
        "obj_id": "object_id",
        "ops": "options",
        "p": "platform",
        "pl_avail": "payload_available",
        "pl_not_avail": "payload_not_available",
        "pl_off": "payload_off",
        "pl_on": "payload_on",
        "stat_cla": "state_class",
        "stat_off": "state_off",
        "stat_on": "state_on",
        "stat_t": "state_topic",
        "stat_val_tpl": "state_value_template",
        "sug_dsp_prc": "suggested_display_precision",
        "t": "topic",
        "temp_unit": "temperature_unit",
        "uniq_id": "unique_id",
        "unit_of_meas": "unit_of_measurement",
        "val_tpl": "value_template",
    }
)
"""Of a component, of each of its availabilities, and of an announcement of a whole device."""

OF_DEVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cns": "connections",
        "ids": "identifiers",
        "mdl": "model",
        "mdl_id": "model_id",
        "mf": "manufacturer",
        "sa": "suggested_area",
        "sn": "serial_number",
    }
)
"""Of its device."""


def written_out(value: object, short: Mapping[str, str]) -> dict[str, object]:
    """An object with the long forms of its keys; where both are there, the long one counts. Empty for anything else."""
    if not isinstance(value, dict):
        return {}
    return {**{short[key]: inner for key, inner in value.items() if key in short}, **value}
