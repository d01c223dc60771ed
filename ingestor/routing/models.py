"""Which model a route means: one of the configuration, of the catalog, or a class of one's own."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ingestor.config import ModelSpec
from ingestor.routing.units import Conversion
from sensors import FieldShape, Kind, Measurement, Shape, TagShape
from sensors.catalog import CATALOG

_MAX_FIELDS: Final = 1_000  # well below the columns that the view of a measurement can have
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Model(NamedTuple):
    """What a reading has to look like.

    `shape` is what is stored, in its units. `code` is the class to ask where it has rules of its own, else None.
    `conversions` are those of fields that devices send in other units; the limits of `shape` are for what comes out.
    `tag_defaults` are what tags are where neither topic nor payload says them.
    """

    name: str
    shape: Shape
    code: type[Measurement] | None = None
    conversions: Mapping[str, Conversion] = _NONE
    tag_defaults: Mapping[str, str] = _NONE


def resolve(name: str, declared: Mapping[str, ModelSpec]) -> Model:
    """Find the model of a route.

    What the configuration declares comes first, so that a row added to the catalog later changes no installation.

    Args:
        name: A name of `models`, of the catalog, or `module:Class`.
        declared: `models` of the configuration.

    Raises:
        ValueError: There is no such model, or it cannot be used; it says why.
    """
    if name in declared:
        return Model(name, _shape(declared[name]))
    if name in CATALOG:
        return _of_class(name, CATALOG[name])
    if ":" in name:
        return _of_class(name.partition(":")[2], _load(name))
    known = ", ".join(sorted({*declared, *CATALOG}))
    raise ValueError(f"no model is called {name}; there are {known}, and module:Class for one of your own")


def _of_class(name: str, model: type[Measurement]) -> Model:
    if not model.shape.fields:
        raise ValueError(f"model {name} has no fields")
    _refuse_too_many(len(model.shape.fields))
    return Model(name, model.shape, model if model.shape.has_code else None)


def _load(name: str) -> type[Measurement]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:  # importing runs code that is not ours, and it may raise anything
        raise ValueError(f"model {name} cannot be loaded: {type(error).__name__}: {error}") from error
    if isinstance(found, type) and issubclass(found, Measurement):
        return found
    raise ValueError(f"model {name} is not a subclass of sensors.Measurement")


def check_declared(spec: ModelSpec) -> None:
    """Refuse names that nothing can be stored under, and more fields than can be shown beside each other.

    Raises:
        ValueError: It says which, and why.
    """
    _refuse_too_many(len(spec.fields))
    for name in (*spec.tags, *spec.fields):
        if name == "time":
            raise ValueError("time is the time of the reading; no field or tag can be called so")
        if not name.strip() or not name.isprintable():
            raise ValueError(f"{name!r} cannot be the name of a field or tag")


def _refuse_too_many(fields: int) -> None:
    if fields > _MAX_FIELDS:
        raise ValueError(f"has {fields:,} fields, and can have {_MAX_FIELDS:,}; spread them over several models")


def _shape(spec: ModelSpec) -> Shape:
    fields = (
        FieldShape(
            name, Kind(field.type.value), unit=field.unit, low=field.min, high=field.max, required=field.required
        )
        for name, field in spec.fields.items()
    )
    return Shape(tuple(TagShape(tag) for tag in spec.tags), tuple(fields))
