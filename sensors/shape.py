"""What a kind of reading is made of: its tags and fields, read off a model once, for routes, stores and people."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple, Union, cast, get_args, get_origin

from annotated_types import BaseMetadata, Ge, GroupedMetadata, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined


@dataclass(frozen=True, slots=True)
class TagMark:
    """Marks a text that says where a reading belongs, rather than what was measured; see `Tag`."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit that a field is measured in, as people write it: `Unit("°C")`."""

    symbol: str


@dataclass(frozen=True)
class Range(GroupedMetadata):
    """What is physically possible, both ends included; None leaves an end open."""

    low: float | None
    high: float | None

    def __iter__(self) -> Iterator[BaseMetadata]:
        if self.low is not None:
            yield Ge(self.low)
        if self.high is not None:
            yield Le(self.high)


Tag = Annotated[str, TagMark()]


class Kind(StrEnum):
    """What a field holds."""

    FLOAT = "float"
    INT = "int"
    TEXT = "text"
    BOOL = "bool"


class TagShape(NamedTuple):
    """One tag of a model."""

    name: str
    required: bool = False


class FieldShape(NamedTuple):
    """One field of a model; `low` and `high` are included, None where there is no limit.

    `choices` are all that may be said; there are none where anything may.
    """

    name: str
    kind: Kind = Kind.FLOAT
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    required: bool = False
    choices: tuple[int | str, ...] = ()


class Shape(NamedTuple):
    """All of a model. `has_code` says that it also has rules that only its class knows (validators and the like)."""

    tags: tuple[TagShape, ...]
    fields: tuple[FieldShape, ...]
    has_code: bool = False

    @property
    def parts(self) -> tuple[TagShape | FieldShape, ...]:
        """Tags and fields alike."""
        return (*self.tags, *self.fields)


def read_shape(model: type[BaseModel], base: type[BaseModel]) -> Shape:
    """Read the tags and fields off a model, leaving out what it has from `base`.

    Raises:
        TypeError: A field is of a type that cannot be stored, or has a default other than None.
    """
    tags: list[TagShape] = []
    fields: list[FieldShape] = []
    has_code = _has_code(model, base)
    for name, info in model.model_fields.items():
        if name in base.model_fields:
            continue
        where = f"{model.__name__}.{name}"
        kind, notes, choices = _kind(where, info)
        _refuse_surprises(where, info)
        if any(isinstance(note, TagMark) for note in notes):
            tags.append(TagShape(name, required=info.is_required()))
            has_code = has_code or bool(choices)  # a tag's shape has none
        else:
            fields.append(_field(name, kind, notes, required=info.is_required())._replace(choices=choices))
        has_code = has_code or not all(isinstance(note, TagMark | Unit | Range | Ge | Le) for note in notes)
    return Shape(tuple(tags), tuple(fields), has_code)


def _kind(where: str, info: FieldInfo) -> tuple[Kind, list[Any], tuple[str, ...]]:
    """The kind behind `Annotated[float, ...] | None` in any order, the annotations met on the way, and the choices."""
    annotation: Any = info.annotation
    notes = list(info.metadata)
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            notes += more
            continue
        options = [option for option in get_args(annotation) if option is not type(None)]
        if len(options) != 1:
            break
        annotation = options[0]
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        if not all(isinstance(choice, str) for choice in choices):
            raise TypeError(f"{where}: only a text can have choices (Literal)")
        return Kind.TEXT, notes, choices
    kinds = {float: Kind.FLOAT, int: Kind.INT, str: Kind.TEXT, bool: Kind.BOOL}
    if annotation not in kinds:
        raise TypeError(f"{where}: a field is float, int, str or bool, or one of them or None")
    return kinds[annotation], notes, ()


def _refuse_surprises(where: str, info: FieldInfo) -> None:
    invented = info.default is not PydanticUndefined and info.default is not None
    if invented or info.default_factory is not None:
        raise TypeError(f"{where}: a default would invent readings; use None for what is absent")
    if info.alias or info.validation_alias:
        raise TypeError(f"{where}: a field is stored under its own name; leave out the alias")


def _field(name: str, kind: Kind, notes: list[Any], *, required: bool) -> FieldShape:
    limits = [part for note in notes for part in (note if isinstance(note, Range) else (note,))]
    return FieldShape(
        name,
        kind,
        unit=next((note.symbol for note in notes if isinstance(note, Unit)), None),
        low=max((cast("float", limit.ge) for limit in limits if isinstance(limit, Ge)), default=None),
        high=min((cast("float", limit.le) for limit in limits if isinstance(limit, Le)), default=None),
        required=required,
    )


def _has_code(model: type[BaseModel], base: type[BaseModel]) -> bool:
    """Whether the model checks more than its annotations say: validators, hooks, or a configuration of its own."""
    own, known = model.__pydantic_decorators__, base.__pydantic_decorators__
    groups = ("validators", "field_validators", "root_validators", "model_validators")
    hooks = {"__init__", "__new__", "model_post_init", "__get_pydantic_core_schema__"}
    return (
        any(getattr(own, group).keys() - getattr(known, group).keys() for group in groups)
        or any(hooks & vars(part).keys() for part in model.__mro__[: model.__mro__.index(base)])
        or model.model_config != base.model_config
    )
