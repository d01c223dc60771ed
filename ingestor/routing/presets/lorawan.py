"""What networks of LoRaWAN have in common: signal figures, frame counters, and what decoders of devices say."""

from typing import Final

from ingestor.routing.presets.flat import (
    carbon_dioxide,
    celsius,
    flatten,
    is_number,
    is_object,
    number,
    percent,
    signal,
)
from ingestor.routing.wire import Values
from sensors import FieldShape, Kind


def _count(name: str) -> FieldShape:
    return FieldShape(name, Kind.INT, low=0)


DECODED: Final = (celsius("temperature"), percent("humidity"), carbon_dioxide("co2"), number("battery"))
"""What nearly all decoders mean by these names; a battery is in percent for some, in volts for others, and has no unit.
Everything else that a decoder says is unknown: its author chose the names and the units."""
FRAME: Final = (
    _count("f_cnt"),
    _count("f_port"),
    signal("rssi"),
    number("snr", "dB", low=-100, high=100),
    _count("spreading_factor"),
)
POSITION: Final = (
    number("latitude", "°", low=-90, high=90),
    number("longitude", "°", low=-180, high=180),
    number("altitude", "m", low=-1_000, high=100_000),
)


def inside(value: object, *names: str) -> Values:
    """The object at the end of the way through nested ones; an empty one where there is none."""
    for name in names:
        value = value.get(name) if is_object(value) else None
    return value if is_object(value) else {}


def decoded(value: object, *, but: frozenset[str]) -> Values:
    """What the decoder of a device made of its bytes, flat, without names that mean something else here.

    Args:
        value: What stands in its place, an object where there is a decoder.
        but: The names that are taken.
    """
    return {name: part for name, part in flatten(value).items() if name not in but} if is_object(value) else {}


def best_gateway(heard: object) -> Values:
    """What the gateway says that heard a frame best (by the ratio of signal to noise, then by strength).

    Args:
        heard: A list of objects with `rssi` and `snr`. A ratio of zero is left out of them.
    """
    gateways = [one for one in heard if is_object(one)] if isinstance(heard, list) else []
    return max(gateways, key=lambda one: (_level(one.get("snr", 0)), _level(one.get("rssi"))), default={})


def signal_figures(gateway: Values, *, lora: bool) -> Values:
    """`rssi` and `snr` of a frame; the ratio exists only where it was modulated by LoRa."""
    return {"rssi": gateway.get("rssi"), "snr": gateway.get("snr", 0 if lora and gateway else None)}


def position(place: Values) -> Values:
    """Where a device is; degrees of zero are left out of what networks send. Nothing, where nothing is said."""
    if not place:
        return {}
    return {
        "latitude": place.get("latitude", 0),
        "longitude": place.get("longitude", 0),
        "altitude": place.get("altitude"),
    }


def _level(value: object) -> float:
    return value if is_number(value) else float("-inf")
