"""ESPHome: every entity of a node has topics of its own, `<node>/<kind>/<entity>/state`, with one bare value each.

Topics: esphome.io, "MQTT Client Component" (defaults of `state_topic`, birth and will message, log topic), and for
what entities with several values publish, ESPHome's own `components/mqtt` and `light/light_json_schema`. Topics tell
no unit, so fields have none, but where ESPHome always means the same: climates are in °C, covers and valves in %.
"""

from collections.abc import Sequence
from math import isnan
from typing import Final

from ingestor.routing.presets.contract import Family, Presence, Source
from ingestor.routing.presets.flat import (
    celsius,
    document,
    flag,
    flatten,
    model,
    number,
    percent,
    switched,
    text,
)
from ingestor.routing.wire import Values
from sensors import FieldShape, Kind

_TEXTS: Final = ("text_sensor", "select", "text", "lock", "cover", "valve", "alarm_control_panel")
_LIGHT: Final = model(
    "esphome_light",
    flag("state"),
    number("brightness", low=0, high=255),
    number("white_value", low=0, high=255),
    number("color_temp", "mired", low=0, high=10_000),
    *(number(f"color.{part}", low=0, high=255) for part in "rgbcw"),
    text("color_mode"),
    text("effect"),
)
_CLIMATE: Final = (
    *(celsius(f"{which}_temperature") for which in ("current", "target")),
    *(celsius(f"target_temperature_{end}") for end in ("low", "high")),
    *(percent(f"{which}_humidity") for which in ("current", "target")),
    *(text(name) for name in ("mode", "action", "fan_mode", "swing_mode", "preset")),
    flag("away"),
)
_PARTS: Final = {
    "climate": _CLIMATE,
    "fan": (number("speed_level", low=0), text("oscillation"), text("direction")),
    "cover": (percent("position"), percent("tilt")),
    "valve": (percent("position"),),
}
"""What entities of these kinds publish below their own topic, one value a topic."""


def read_value(payload: object) -> Sequence[Values]:
    """The value of an entity; none where ESPHome says that it has none: `nan`, or `None` with `publish_nan_as_none`."""
    values = document(payload)
    absent = [name for name, value in values.items() if value == "None" or (isinstance(value, float) and isnan(value))]
    return [] if absent else [values]


def read_words(payload: object) -> Sequence[Values]:
    """What an entity says in words, or is switched to."""
    return [document(payload)]


def read_light(payload: object) -> Sequence[Values]:
    """The state of a light: `ON` or `OFF` becomes true or false."""
    values = flatten(document(payload))
    return [{**values, "state": switched(values["state"])}] if "state" in values else [values]


def read_event(payload: object) -> Sequence[Values]:
    """What happened."""
    return [flatten(document(payload))]


def _source(kind: str, field: FieldShape, part: str = "") -> Source:
    unpack = read_value if field.kind is Kind.FLOAT else read_words
    topic = f"{{device}}/{kind}/{{entity}}{part}/state"
    return Source(topic, model(f"esphome_{kind}", field), unpack, format="value", direct=True)


ESPHOME: Final = Family(
    prefix="",
    sources=(
        *(_source(kind, number("value")) for kind in ("sensor", "number")),
        *(_source(kind, flag("state")) for kind in ("binary_sensor", "switch", "fan")),
        *(_source(kind, text("state")) for kind in _TEXTS),
        *(_source(kind, field, f"/{field.name}") for kind, fields in _PARTS.items() for field in fields),
        Source("{device}/light/{entity}/state", _LIGHT, read_light),
        Source("{device}/event/{entity}/state", model("esphome_event", text("event_type")), read_event),
    ),
    presences=(Presence("{device}/status"),),
    others=("+/debug", "+/+/+/command", "+/+/+/+/command"),
)
"""Nodes under their names; where `topic_prefix` has more levels, the row's `prefix` is those before the last."""
