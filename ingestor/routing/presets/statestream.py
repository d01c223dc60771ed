"""Home Assistant's statestream: the state of every entity, at `<base_topic>/<domain>/<entity>/state`.

Topics: home-assistant.io, "MQTT Statestream". It says that states are in quotes; Home Assistant itself
(`components/mqtt_statestream`) publishes them bare, so both are read. What an entity has besides its state (its unit,
when it changed) comes in messages of its own, and no reading depends on a message before it.
"""

from collections.abc import Sequence
from typing import Final

from ingestor.routing.formats.value import read_word
from ingestor.routing.presets.contract import Family, Source
from ingestor.routing.presets.flat import document, flag, is_number, model, number, text
from ingestor.routing.unpack import Unpack
from ingestor.routing.wire import Values
from sensors import FieldShape, Kind

_NUMBERS: Final = ("counter", "input_number", "number", "sensor")
"""Domains whose states are numbers, or words: a sensor can say either."""
_SWITCHES: Final = (
    "automation",
    "binary_sensor",
    "fan",
    "humidifier",
    "input_boolean",
    "light",
    "remote",
    "schedule",
    "script",
    "siren",
    "switch",
    "update",
)
"""Domains whose states are `on` and `off`."""
_NOTHING: Final = {"unknown", "unavailable"}
"""What Home Assistant says of an entity that has no state, or is out of reach."""


def read_number(payload: object) -> Sequence[Values]:
    """The state of an entity that measures: a number, or words of those that have only words."""
    found = [read_word(str(word), Kind.FLOAT) for word in _states(payload, "word")]
    return [{"value": value} if is_number(value) else {"state": value} for value in found]


def read_switch(payload: object) -> Sequence[Values]:
    """The state of an entity that is on or off."""
    found = _states(payload, "state")
    return [{"state": read_word(value, Kind.BOOL) if isinstance(value, str) else value} for value in found]


def read_words(payload: object) -> Sequence[Values]:
    """The state of an entity of any other kind."""
    return [{"state": word} for word in _states(payload, "state")]


def _states(payload: object, name: str) -> list[object]:
    """The state, without quotes; none where the entity has none."""
    said = document(payload).get(name)
    state = said.removeprefix('"').removesuffix('"') if isinstance(said, str) else said
    return [] if state in _NOTHING else [state]


def _source(domain: str, unpack: Unpack, *fields: FieldShape) -> Source:
    return Source(f"{domain}/{{device}}/state", model(f"homeassistant_{domain}", *fields), unpack, format="value")


STATESTREAM: Final = Family(
    prefix="homeassistant",
    sources=(
        *(_source(domain, read_number, number("value"), text("state")) for domain in _NUMBERS),
        *(_source(domain, read_switch, flag("state")) for domain in _SWITCHES),
        Source("{domain}/{device}/state", model("homeassistant", text("state")), read_words, format="value"),
    ),
    others=("status", "+/+/+", "+/+/+/config"),
)
"""Devices are entities, by their name without the domain: `kitchen` of `sensor.kitchen`."""
