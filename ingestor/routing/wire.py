"""A model as a message carries it: validated in one pass into plain values.

A dictionary validator of pydantic's core makes no object of the model (measured: 1.0 against 1.7 µs for three fields
from JSON), and what was not sent is simply not in its result. A model with code of its own is asked itself.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, Protocol

from pydantic_core import CoreSchema, SchemaValidator, core_schema, from_json

from ingestor.routing.models import Model
from sensors import FieldShape, Kind, Measurement

MAX_TEXT: Final = 65_536
MAX_TAG: Final = 4_096
TAG_RULE: Final = f"a tag is text of 1 to {MAX_TAG:,} characters in one line"
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1

Values = dict[str, Any]
"""Fields and tags by name: as validated, or as a payload had them."""


class Wire(Protocol):
    """Validates the fields and tags that one message carries; what is unknown is left out, a null may stay in."""

    def read(self, values: Values, /) -> Values:
        """Check values that are parsed already.

        Raises:
            ValidationError: Some of them are wrong; it names which.
            Exception: Whatever code of the model's author raises.
        """


class PlainWire:
    """The declared fields and tags of a model, less those that the topic fills.

    Args:
        model: What a reading has to look like.
        filled: The tags and fields that the topic fills.
        also: A key to hand on as it is: the field with the time.
        loose: The fields that are corrected later; their type is checked here, and their range is not.
    """

    __slots__ = ("read", "read_json")

    def __init__(
        self,
        model: Model,
        *,
        filled: AbstractSet[str] = frozenset(),
        also: str | None = None,
        loose: AbstractSet[str] = frozenset(),
    ) -> None:
        parts = [(tag.name, _tag_schema(), tag.required) for tag in model.shape.tags]
        parts += [(field.name, field_schema(field), field.required) for field in loosen(model.shape.fields, loose)]
        keys = {
            name: core_schema.typed_dict_field(
                schema if required else core_schema.nullable_schema(schema), required=required
            )
            for name, schema, required in parts
            if name not in filled
        }
        if also is not None:
            keys[also] = core_schema.typed_dict_field(core_schema.any_schema(), required=False)
        validator = SchemaValidator(core_schema.typed_dict_schema(keys, extra_behavior="ignore"))
        self.read_json: Callable[[bytes], Values] = validator.validate_json
        self.read: Callable[[Values], Values] = validator.validate_python


class CodeWire:
    """A model whose class has rules of its own: the class judges, and the declared types are checked after it.

    Args:
        model: The class.
        plain: The declared fields and tags, less those that the topic fills.
        captured: What the topic fills.
        also: A key of the payload to hand on as it is.
    """

    __slots__ = ("_also", "_captured", "_model", "_names", "_plain")

    def __init__(
        self, model: type[Measurement], *, plain: PlainWire, captured: Mapping[str, object], also: str | None
    ) -> None:
        self._model = model
        self._plain = plain
        self._captured = captured
        self._also = also
        self._names = [part.name for part in model.shape.parts if part.name not in captured]

    def read(self, values: Values, /) -> Values:
        """See `Wire`."""
        sent = {name: values[name] for name in self._names if values.get(name) is not None}
        judged = self._model.model_validate({**sent, **self._captured})
        told = {name: value for name in self._names if (value := getattr(judged, name)) is not None}
        if self._also in values:
            told[self._also] = values[self._also]
        return self._plain.read(told)


def reader_of(model: type[Measurement]) -> Callable[[bytes], Values]:
    """How JSON objects are read into readings of a class; authors compare it with the class itself.

    What it returns raises ValueError for what is no such reading, or whatever code of the class raises.
    """
    whole = Model(model.__name__, model.shape, model if model.shape.has_code else None)
    plain = PlainWire(whole)
    if whole.code is None:
        return plain.read_json
    asked = CodeWire(whole.code, plain=plain, captured={}, also=None)
    return lambda payload: asked.read(from_json(payload))


def loosen(fields: Iterable[FieldShape], loose: AbstractSet[str]) -> Iterator[FieldShape]:
    """The same fields, those in `loose` without limits."""
    return (field._replace(low=None, high=None) if field.name in loose else field for field in fields)


def field_schema(field: FieldShape) -> CoreSchema:
    """What pydantic's core has to check for a field; numbers are strict, and fit what stores can hold."""
    schema = _kind_schema(field)
    if field.choices:  # behind the type: a literal alone takes true and 1.0 for 1
        return core_schema.chain_schema([schema, core_schema.literal_schema(list(field.choices))])
    return schema


def _kind_schema(field: FieldShape) -> CoreSchema:
    match field.kind:
        case Kind.FLOAT:
            return core_schema.float_schema(strict=True, allow_inf_nan=False, ge=field.low, le=field.high)
        case Kind.INT:
            low = _INT64_MIN if field.low is None else max(math.ceil(field.low), _INT64_MIN)
            high = _INT64_MAX if field.high is None else min(math.floor(field.high), _INT64_MAX)
            return core_schema.int_schema(strict=True, ge=low, le=high)
        case Kind.TEXT:
            return core_schema.str_schema(strict=True, max_length=MAX_TEXT)
        case Kind.BOOL:
            return core_schema.bool_schema(strict=True)


def _tag_schema() -> CoreSchema:
    return core_schema.str_schema(strict=True, max_length=MAX_TAG, pattern=r"^[^\r\n]+$")
