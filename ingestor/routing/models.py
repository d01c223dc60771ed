"""Which model a route means: one of the configuration, of the catalog, of a package, or a class of one's own."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ingestor.config import FieldSpec, ModelSpec
from ingestor.routing.ownclasses import OwnClasses
from ingestor.routing.units import Conversion, Units
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


class Models:
    """The models of a configuration, each worked out once.

    A name is looked for in `models` of the configuration, in the catalog, among what installed packages announce, and
    then as `module:Class`. What the configuration declares comes first, so that no row that is added to the catalog
    later and no package changes an installation.

    Args:
        declared: `models` of the configuration.
    """

    def __init__(self, declared: Mapping[str, ModelSpec]) -> None:
        self._declared = declared
        self._own = OwnClasses()
        self._units = Units()
        self._found: dict[str, Model | ValueError] = {}

    def find(self, name: str) -> Model:
        """The model of a name.

        Raises:
            ValueError: There is no such model, or it cannot be used; it says why.
        """
        if name not in self._found:
            try:
                self._found[name] = self._look_for(name, ())
            except ValueError as error:
                self._found[name] = error
        found = self._found[name]
        if isinstance(found, ValueError):
            raise found
        return found

    def problems(self) -> Iterator[tuple[str, str]]:
        """Each name of the configuration that cannot be used, and why; also of those that no route names."""
        for name in self._declared:
            try:
                self.find(name)
            except ValueError as error:
                yield name, str(error)

    def _look_for(self, name: str, heirs: tuple[str, ...]) -> Model:
        """The model of a name; `heirs` are those that extend it, the one that was asked for first."""
        if name in self._declared and name not in heirs[-1:]:  # its own name is that of what it takes the place of
            if name in heirs:
                raise ValueError(f"extends itself: {' extends '.join((*heirs, name))}")
            return self._declare(name, self._declared[name], (*heirs, name))
        found = CATALOG.get(name) or self._own.find(name)
        if found is not None:
            return _of_class(name if name in CATALOG else name.rpartition(":")[2], found)
        known = ", ".join(sorted({*self._declared, *CATALOG, *self._own.names()} - {*heirs}))
        raise ValueError(f"no model is called {name}; there are {known}, and module:Class for one of your own")

    def _declare(self, name: str, spec: ModelSpec, heirs: tuple[str, ...]) -> Model:
        """What the entry says, on top of what the model has that it extends."""
        base = Model(name, Shape((), ())) if spec.extends is None else self._look_for(spec.extends, heirs)
        if base.code is not None:
            raise ValueError(
                f"cannot extend {spec.extends}, whose class has code of its own; extend the class in Python"
            )
        _check_names((*spec.tags, *spec.fields))
        replaced = {*spec.tags, *spec.fields}
        tags = {tag.name: tag for tag in base.shape.tags if tag.name not in spec.fields}
        tags |= {tag: TagShape(tag) for tag in spec.tags}
        fields = {field.name: field for field in base.shape.fields if field.name not in spec.tags}
        fields |= {field: _field(field, of) for field, of in spec.fields.items()}
        _check_count(len(fields))
        if strange := sorted(spec.tag_defaults.keys() - tags.keys()):
            raise ValueError(f"tag_defaults: {', '.join(strange)}: no such tag")
        inherited = {tag: text for tag, text in base.tag_defaults.items() if tag not in spec.fields}
        defaults = {**inherited, **spec.tag_defaults}
        converted = {field: how for field, how in base.conversions.items() if field not in replaced}
        converted |= self._conversions(spec.fields)
        present = (tag._replace(required=tag.required and tag.name not in defaults) for tag in tags.values())
        return Model(name, Shape(tuple(present), tuple(fields.values())), None, converted, defaults)

    def _conversions(self, fields: Mapping[str, FieldSpec]) -> Iterator[tuple[str, Conversion]]:
        for name, field in fields.items():
            if field.unit is None or field.from_unit is None:
                continue
            try:
                conversion = self._units.conversion(field.from_unit, field.unit)
            except ValueError as error:
                raise ValueError(f"field {name}: {error}") from error
            if conversion is not None:
                yield name, conversion


def resolve(name: str, declared: Mapping[str, ModelSpec]) -> Model:
    """The model of one name; whoever has several asks `Models`.

    Raises:
        ValueError: There is no such model, or it cannot be used; it says why.
    """
    return Models(declared).find(name)


def _of_class(name: str, model: type[Measurement]) -> Model:
    if not model.shape.fields:
        raise ValueError(f"model {name} has no fields")
    _check_count(len(model.shape.fields))
    return Model(name, model.shape, model if model.shape.has_code else None)


def _field(name: str, spec: FieldSpec) -> FieldShape:
    kind = Kind(spec.type.value)
    return FieldShape(name, kind, spec.unit, spec.min, spec.max, required=spec.required, choices=spec.choices)


def _check_names(names: tuple[str, ...]) -> None:
    """Refuse names that nothing can be stored under."""
    for name in names:
        if name == "time":
            raise ValueError("time is the time of the reading; no field or tag can be called so")
        if not name.strip() or not name.isprintable():
            raise ValueError(f"{name!r} cannot be the name of a field or tag")


def _check_count(fields: int) -> None:
    """Refuse more fields than can be shown beside each other."""
    if fields > _MAX_FIELDS:
        raise ValueError(f"has {fields:,} fields, and can have {_MAX_FIELDS:,}; spread them over several models")
