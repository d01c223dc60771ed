"""What families have in common: nested values made flat, and the fields that many of them measure."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import islice
from sys import float_info
from typing import Final, TypeGuard

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.models import Model
from ingestor.routing.unpack import MAX_READINGS
from ingestor.routing.wire import Values
from ingestor.routing.words import show
from sensors import FieldShape, Kind, Shape, TagShape

_MAX_NAME: Final = 256
_MAX_DEPTH: Final = 16


def flatten(value: object, name: str = "") -> Values:
    """The values inside a nested one, each under the names on the way to it, joined by dots: `color.x`, `by_minute.0`.

    What has no value of its own (an empty object or list) gives nothing. Neither does what lies deeper or has a longer
    name than a family sends: names are repeated for all that is inside, so strangers could make much of little.

    Args:
        value: An object, a list or a single value.
        name: What it is called itself; empty for the payload.
    """
    return dict(_inside(value, name, _MAX_DEPTH))


def _inside(value: object, name: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        parts: Iterable[tuple[object, object]] = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        yield name, value
        return
    for key, part in parts:
        inner = f"{name}.{key}" if name else str(key)
        if depth and len(inner) <= _MAX_NAME:
            yield from _inside(part, inner, depth - 1)


def document(payload: object) -> Values:
    """The payload, which has to be an object.

    Raises:
        UnreadableError: It is something else.
    """
    if is_object(payload):
        return payload
    raise UnreadableError(Reason.NOT_JSON, f"the payload is {show(payload)} where an object belongs")


def known_readings(readings: Iterable[Values], fields: AbstractSet[str]) -> list[Values]:
    """The readings of a message in which a field of the model has a value; all of them where none has in any.

    A device tells much about itself beside what it measures, and that is nothing wrong.

    Raises:
        UnreadableError: There are too many of them.
    """
    found = list(islice(readings, MAX_READINGS + 1))
    if len(found) > MAX_READINGS:
        raise UnreadableError(Reason.NOT_JSON, f"more than {MAX_READINGS:,} readings in one payload")
    return [reading for reading in found if any(reading[key] is not None for key in fields & reading.keys())] or found


def objects_in(value: Values, name: str = "", depth: int = _MAX_DEPTH) -> Iterator[tuple[str, Values]]:
    """The object itself and those inside it, each with its name as in `flatten`, and with all that is no object."""
    inner = {f"{name}.{key}" if name else key: part for key, part in value.items() if isinstance(part, dict)}
    yield name, {key: part for key, part in value.items() if not isinstance(part, dict)}
    for path, part in inner.items():
        if depth and len(path) <= _MAX_NAME:
            yield from objects_in(part, path, depth - 1)


def is_object(value: object) -> TypeGuard[Values]:
    """Whether a value of a payload is an object; its keys are text in every format."""
    return isinstance(value, dict)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value of a payload is a number to reckon with; true and false are none, nor is one beyond any float."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= float_info.max)


def scaled(value: object, factor: float) -> object:
    """A number times `factor`, to 9 digits behind the point; what is no number as it is, for the model to judge."""
    return round(value * factor, 9) if is_number(value) else value


def thousandth(value: object) -> object:
    """Watt hours in kilowatt hours; what is no number as it is, for the model to judge."""
    return value / 1000 if is_number(value) else value


def switched(value: object) -> object:
    """True for `ON`, False for `OFF`; anything else as it is, for the model to judge."""
    return {"ON": True, "OFF": False}.get(value, value) if isinstance(value, str) else value


def model(name: str, *fields: FieldShape, tags: Iterable[str] = ()) -> Model:
    """A model whose readings may lack any field, and any of the tags that a payload brings."""
    return Model(name, Shape(tuple(TagShape(tag) for tag in tags), fields))


def number(name: str, unit: str | None = None, *, low: float | None = None, high: float | None = None) -> FieldShape:
    """A number that is measured in `unit`, None for one that has none; both ends of the range are possible."""
    return FieldShape(name, Kind.FLOAT, unit=unit, low=low, high=high)


def flag(name: str) -> FieldShape:
    """A field that is true or false."""
    return FieldShape(name, Kind.BOOL)


def text(name: str) -> FieldShape:
    """A field of words."""
    return FieldShape(name, Kind.TEXT)


def celsius(name: str, *, low: float = -100, high: float = 200) -> FieldShape:
    """A temperature of air, water, soil or a device itself; error values such as -127 lie outside."""
    return number(name, "°C", low=low, high=high)


def percent(name: str) -> FieldShape:
    """A share of a whole: humidity, a battery, a valve."""
    return number(name, "%", low=0, high=100)


def pressure(name: str) -> FieldShape:
    """Pressure of the air, from the highest places of the Earth (300) to below its lowest."""
    return number(name, "hPa", low=300, high=1200)


def illuminance(name: str) -> FieldShape:
    """Light that falls on a sensor; the sun gives 120,000."""
    return number(name, "lx", low=0, high=200_000)


def carbon_dioxide(name: str) -> FieldShape:
    """CO2 in the air, up to what sensors for stores and greenhouses can tell."""
    return number(name, "ppm", low=0, high=40_000)


def particles(name: str) -> FieldShape:
    """Fine dust in the air."""
    return number(name, "µg/m³", low=0, high=10_000)


def power(name: str, unit: str = "W") -> FieldShape:
    """Power of mains (or VA, or var); negative where it is fed in."""
    return number(name, unit, low=-1_000_000, high=1_000_000)


def energy(name: str, unit: str = "kWh") -> FieldShape:
    """What a meter has counted; negative where it counts both ways."""
    return number(name, unit, low=-1e9, high=1e9)


def voltage(name: str, unit: str = "V", *, high: float = 1_000) -> FieldShape:
    """Voltage of mains or of a battery."""
    return number(name, unit, low=0, high=high)


def current(name: str, unit: str = "A") -> FieldShape:
    """Current; negative where it flows back."""
    return number(name, unit, low=-10_000, high=10_000)


def power_factor(name: str) -> FieldShape:
    """Real by apparent power."""
    return number(name, low=-1, high=1)


def frequency(name: str) -> FieldShape:
    """Frequency of mains."""
    return number(name, "Hz", low=0, high=1_000)


def signal(name: str) -> FieldShape:
    """How strong a radio signal arrives, in decibels of a milliwatt."""
    return number(name, "dBm", low=-200, high=50)
