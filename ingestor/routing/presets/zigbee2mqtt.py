"""Zigbee2MQTT: one JSON object for each device or group, `zigbee2mqtt/<friendly name>`, with `output: json`.

Topics and payloads: zigbee2mqtt.io, "MQTT Topics and Messages", "Device-Availability", "MQTT" (`last_seen`, `output`)
and "Exposes"; units are those of the devices' pages. A friendly name may have slashes in it.
"""

import re
from typing import Final

from ingestor.config import StateOf, TimeOf
from ingestor.routing.presets.contract import Family, Presence, Source
from ingestor.routing.presets.flat import (
    carbon_dioxide,
    celsius,
    current,
    document,
    energy,
    flag,
    flatten,
    frequency,
    illuminance,
    known_readings,
    model,
    number,
    particles,
    percent,
    power,
    pressure,
    switched,
    text,
    voltage,
)
from ingestor.routing.wire import Values

_CELSIUS: Final = (
    "temperature",
    "device_temperature",
    "local_temperature",
    "current_heating_setpoint",
    "occupied_heating_setpoint",
    "occupied_cooling_setpoint",
    "unoccupied_heating_setpoint",
    "unoccupied_cooling_setpoint",
)
_PERCENT: Final = ("humidity", "soil_moisture", "battery", "position", "tilt", "pi_heating_demand")
_FLAGS: Final = (
    "state",
    "occupancy",
    "presence",
    "contact",
    "water_leak",
    "smoke",
    "gas",
    "carbon_monoxide",
    "vibration",
    "tamper",
    "battery_low",
    "update_available",
)
_TEXTS: Final = (
    "state_text",
    "action",
    "system_mode",
    "running_state",
    "preset",
    "fan_mode",
    "lock_state",
    "color_mode",
    "update.state",
)
_DEVICE: Final = model(
    "zigbee2mqtt",
    *(celsius(name) for name in _CELSIUS),
    *(percent(name) for name in _PERCENT),
    pressure("pressure"),
    *(illuminance(name) for name in ("illuminance", "illuminance_lux")),
    carbon_dioxide("co2"),
    *(particles(name) for name in ("pm1", "pm25", "pm10")),
    number("voc", low=0),
    power("power"),
    voltage("voltage"),
    voltage("battery_voltage", "mV", high=20_000),
    current("current"),
    *(energy(name) for name in ("energy", "produced_energy")),
    frequency("ac_frequency"),
    number("power_factor", low=-100, high=100),
    number("linkquality", "lqi", low=0, high=255),
    number("brightness", low=0, high=255),
    number("color_temp", "mired", low=0, high=10_000),
    *(number(f"color.{name}", low=0, high=1) for name in ("x", "y")),
    number("color.hue", "°", low=0, high=360),
    percent("color.saturation"),
    *(number(f"update.{name}_version") for name in ("installed", "latest")),
    *(flag(name) for name in _FLAGS),
    *(text(name) for name in _TEXTS),
    tags=("endpoint",),
)
_FIELDS: Final = frozenset(field.name for field in _DEVICE.shape.fields)
_ENDPOINT: Final = re.compile(
    r"(?P<what>state|brightness|color_temp|power|voltage|current|energy|produced_energy|power_factor|position|action)"
    r"_(?P<endpoint>l[1-9][0-9]?|[1-9][0-9]?|left|right|center|top|bottom|phase_[abc])"
)

_AVAILABILITY: Final = StateOf(path="state")
"""An object today; the bare word as long as it was `legacy_availability_payload`."""


def read_device(payload: object) -> list[Values]:
    """A reading of the device, and one of each of its endpoints, with the tag `endpoint`: `state_l1`, `power_left`.

    `ON` and `OFF` become true and false; what covers and locks say instead is the field `state_text`. The voltage of a
    device that tells its battery is that of the battery, in mV. An empty action is none.
    """
    values = flatten(document(payload))
    seen = values.pop("last_seen", None)
    if not values.keys().isdisjoint({"battery", "battery_low"}) and "voltage" in values:
        values["battery_voltage"] = values.pop("voltage")
    endpoints: dict[str, Values] = {}
    for key, value in values.items():
        found = _ENDPOINT.fullmatch(key)
        endpoint, what = ("", key) if found is None else (found["endpoint"], found["what"])
        name, stored = _field(what, value)
        if stored is not None:
            endpoints.setdefault(endpoint, {"endpoint": endpoint} if endpoint else {})[name] = stored
    return [{**reading, "last_seen": seen} for reading in known_readings(endpoints.values(), _FIELDS)]


def _field(key: str, value: object) -> tuple[str, object]:
    if key == "action":
        return key, value or None
    if key != "state":
        return key, value
    on = switched(value)
    return ("state_text" if isinstance(on, str) else key), on


ZIGBEE2MQTT: Final = Family(
    prefix="zigbee2mqtt",
    sources=(Source("{device...}", _DEVICE, read_device, TimeOf(field="last_seen")),),
    presences=(
        Presence("{device}/availability", _AVAILABILITY),
        Presence("{folder}/{name}/availability", _AVAILABILITY, device="{folder}/{name}"),
    ),
    others=("bridge/#", "+/set/#", "+/get/#", "+/+/set/#", "+/+/get/#"),
)
"""Devices and groups under their friendly names; those with more than one slash in them have no states."""
