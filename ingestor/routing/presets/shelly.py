"""Shelly, second generation and later: what their components measure, and whether they are there.

Topics, frames and components: Shelly API documentation for Gen2+, "MQTT", "Notifications", "RPC Protocol" and the
pages of the components. `<id>/status/<component>` (setting `status_ntf`) has all of a component and no time;
`<id>/events/rpc` (setting `rpc_ntf`) has what changed, with the time in seconds since 1970 UTC, `null` as long as the
device has none. A device for which both are on says most things twice.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from ingestor.config import TimeOf
from ingestor.routing.presets.contract import Family, Presence, Source
from ingestor.routing.presets.flat import (
    celsius,
    current,
    document,
    energy,
    flag,
    flatten,
    frequency,
    illuminance,
    is_object,
    known_readings,
    model,
    number,
    percent,
    power,
    power_factor,
    signal,
    text,
    thousandth,
    voltage,
)
from ingestor.routing.wire import Values

_NAMES: Final = {
    "apower": "power",
    "act_power": "power",
    "aprt_power": "apparent_power",
    "pf": "power_factor",
    "freq": "frequency",
    "temperature.tC": "temperature",
    "tC": "temperature",
    "rh": "humidity",
    "battery.V": "battery_voltage",
    "battery.percent": "battery",
    "external.present": "external_power",
    "lux": "illuminance",
    "current_pos": "position",
    "target_pos": "target_position",
    "pos": "position",
    "ct": "color_temp",
    "current_C": "temperature",
    "target_C": "target_temperature",
    "counts.total": "count",
    "time": "clock",
}
_ENERGIES: Final = {
    "aenergy.total": "energy",
    "ret_aenergy.total": "energy_returned",
    "total_act_energy": "energy",
    "total_act_ret_energy": "energy_returned",
    "act": "energy",
    "act_ret": "energy_returned",
}
"""Counted in Wh."""
_PHASE: Final = re.compile(
    r"(?:(?P<phase>[abcn])_|(?P<all>total)_(?!act_(?:ret_)?energy))"
    r"(?P<what>current|voltage|act_power|aprt_power|pf|freq|total_act_energy|total_act_ret_energy|act|act_ret)"
)
"""Keys of meters with three phases: `a_voltage`, `n_current`, `total_act_power`, `a_total_act_energy`, `total_act`."""
_COMPONENT: Final = model(
    "shelly",
    flag("output"),
    power("power"),
    power("apparent_power", "VA"),
    voltage("voltage"),
    current("current"),
    frequency("frequency"),
    power_factor("power_factor"),
    energy("energy"),
    energy("energy_returned"),
    celsius("temperature"),
    celsius("target_temperature"),
    *(percent(name) for name in ("humidity", "battery", "brightness", "position", "target_position", "percent")),
    voltage("battery_voltage"),
    flag("external_power"),
    illuminance("illuminance"),
    text("illumination"),
    number("color_temp", "K", low=500, high=20_000),
    text("state"),
    flag("input"),
    number("count", low=0),
    *(number(name) for name in ("xpercent", "xvoltage", "xcounts.total", "xfreq", "value")),
    flag("value_on"),
    text("value_text"),
    *(flag(name) for name in ("alarm", "mute", "connected", "running")),
    signal("rssi"),
    number("uptime", "s", low=0),
    *(number(name, "B", low=0) for name in ("ram_free", "fs_free")),
    text("event"),
    tags=("component", "phase"),
)
_FIELDS: Final = frozenset(field.name for field in _COMPONENT.shape.fields)


def read_status(payload: object) -> list[Values]:
    """A reading of the component, and one of each phase of a meter for three of them, with the tag `phase`.

    The tags are `a`, `b`, `c`, `n` (neutral) and `total`. Energy becomes kWh, and temperatures are those in °C.
    """
    return known_readings(_component(document(payload)), _FIELDS)


def _component(values: Values) -> Iterator[Values]:
    phases: dict[str, Values] = {}
    for key, value in flatten(values).items():
        found = _PHASE.fullmatch(key)
        phase, what = ("", key) if found is None else (found["phase"] or found["all"], found["what"])
        name, stored = _field(what, value)
        if stored is not None and key != "id":
            phases.setdefault(phase, {"phase": phase} if phase else {})[name] = stored
    yield from phases.values()


def _field(key: str, value: object) -> tuple[str, object]:
    """The name and value that are stored: a name always has values of one type."""
    if key in _ENERGIES:
        return _ENERGIES[key], thousandth(value)
    if key == "state" and isinstance(value, bool):
        return "input", value
    if key == "value" and isinstance(value, bool | str):
        return ("value_on" if isinstance(value, bool) else "value_text"), value
    return _NAMES.get(key, key), value


def read_notification(payload: object) -> list[Values]:
    """What a frame says of each component, as in `read_status`, with its time; none for frames that say none of it.

    Of buttons and the like the field `event` says what happened.
    """
    frame = document(payload)
    if frame.get("method") in ("NotifyStatus", "NotifyFullStatus"):  # no set: it may be a list, which has no hash
        params = document(frame.get("params"))
        parts = {name: part for name, part in params.items() if is_object(part)}
        readings = chain.from_iterable(
            ({**reading, "component": name, "ts": params.get("ts")} for reading in _component(part))
            for name, part in parts.items()
        )
        return known_readings(readings, _FIELDS)
    if frame.get("method") == "NotifyEvent":
        events = document(frame.get("params")).get("events")
        told = (event for event in events if is_object(event)) if isinstance(events, list) else iter(())
        return known_readings(({key: event[key] for key in event.keys() - {"id"}} for event in told), _FIELDS)
    return []


SHELLY: Final = Family(
    prefix="",
    sources=(
        Source("{device}/status/{component}", _COMPONENT, read_status),
        Source("{device}/events/rpc", _COMPONENT, read_notification, TimeOf(field="ts", unit="s")),
    ),
    presences=(Presence("{device}/online"),),
    others=("+/rpc", "+/command", "+/command/+", "+/debug/log"),
)
"""Devices under their id, such as `shellyplus1pm-a8032abe54dc`, or the last level of their `topic_prefix`."""
