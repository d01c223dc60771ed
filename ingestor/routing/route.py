"""One row of `routes`, compiled: what can be known before a message comes is worked out here, once."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Self

from ingestor import config
from ingestor.ports import Decoder, FieldType, Flaw, Reason, Series, Value
from ingestor.routing.cache import Recent
from ingestor.routing.decoder import Recipe, RefusedTopic, TopicDecoder
from ingestor.routing.formats.contract import Format
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.formats.value import ValueFormat, read_word
from ingestor.routing.mending import Mender
from ingestor.routing.models import Model
from ingestor.routing.place import Places, SeriesKey
from ingestor.routing.reading_time import Clock
from ingestor.routing.topic import NamePattern, Template
from ingestor.routing.wire import CodeWire, PlainWire, Wire
from ingestor.routing.words import explain, shorten
from sensors import FieldShape, Kind, TagShape

RESERVED: Final = "time"


class CompiledRoute:
    """A route that is ready for topics.

    Args:
        row: The row of the configuration.
        model: The model that it names.
        buckets: The names of the declared buckets.
        known: The series made lately, of all routes.

    Raises:
        ValueError: The row cannot work; it says why.
    """

    __slots__ = ("_also", "_model", "_places", "_plain", "_recipe", "_roles", "template")

    def __init__(
        self, row: config.Route, *, model: Model, buckets: AbstractSet[str], known: Recent[SeriesKey, Series]
    ) -> None:
        self.template = Template.parse(row.topic)
        bucket, measurement = NamePattern(row.bucket), NamePattern(row.measurement or model.name)
        roles = _Roles.of(self.template.captures, model=model, used=bucket.names | measurement.names)
        _check_time(row, model)
        self._model = model
        self._also = row.time.field
        self._roles = roles
        self._plain = PlainWire(model, filled=roles.filled, also=self._also)
        format_ = _format(row.format, roles)
        self._recipe = Recipe(
            format_,
            Mender(model, filled=roles.filled, also=self._also, keep_rest=row.on_invalid == "field"),
            Clock(row.time, exact=format_.exact) if self._also is not None else None,
            sent_tags=tuple(tag.name for tag in roles.tags_left) if row.format != "value" else (),
            skips_retained=row.retained == "skip",
        )
        self._places = Places(
            bucket,
            measurement,
            declared=buckets,
            types={field.name: FieldType(field.kind.value) for field in model.shape.fields},
            units={field.name: field.unit for field in model.shape.fields if field.unit},
            known=known,
        )

    def bind(self, captures: Mapping[str, str]) -> Decoder:
        """The decoder of a topic, from its named levels."""
        constants: dict[str, Value] = {}
        flaw = self._roles.fill(captures, into=constants)
        tags = {name: level for name, level in captures.items() if name in self._roles.tags}
        place = flaw or self._places.place(captures, tags)
        if isinstance(place, Flaw):
            return RefusedTopic(place, skips_retained=self._recipe.skips_retained)
        return TopicDecoder(self._recipe, wire=self._wire({**tags, **constants}), place=place, constants=constants)

    def _wire(self, captured: Mapping[str, Value]) -> Wire:
        if self._model.code is None:
            return self._plain
        own = {name: value for name, value in captured.items() if name in self._roles.filled}
        return CodeWire(self._model.code, plain=self._plain, captured=own, also=self._also)


class _Roles(NamedTuple):
    """What the named levels of a topic are: tags, fields, or parts of a name; and what is left to the payload."""

    model: Model
    tags: frozenset[str]
    fields: tuple[FieldShape, ...]
    filled: frozenset[str]
    tags_left: tuple[TagShape, ...]
    fields_left: tuple[FieldShape, ...]

    @classmethod
    def of(cls, captures: Sequence[str], *, model: Model, used: AbstractSet[str]) -> Self:
        """Work the roles out; `used` are the names in the bucket and the measurement.

        Raises:
            ValueError: A name is not captured, or nothing is left for the payload to say.
        """
        if unknown := sorted(used - set(captures)):
            raise ValueError(f"{{{unknown[0]}}} is not a level of the topic")
        if RESERVED in captures:
            raise ValueError("time is the time of a reading; give the level {time} another name")
        tags = {tag.name for tag in model.shape.tags}
        fields = {field.name for field in model.shape.fields}
        fields_left = tuple(field for field in model.shape.fields if field.name not in captures)
        if not fields_left:
            raise ValueError("the topic fills every field of the model, and nothing is left for the payload to say")
        return cls(
            model,
            frozenset(name for name in captures if name not in fields and (name in tags or name not in used)),
            tuple(field for field in model.shape.fields if field.name in captures),
            frozenset(captures) & (tags | fields),
            tuple(tag for tag in model.shape.tags if tag.name not in captures),
            fields_left,
        )

    def fill(self, captures: Mapping[str, str], *, into: dict[str, Value]) -> Flaw | None:
        """Read the fields that the topic fills; or say why its readings cannot be."""
        for part in self.model.shape.parts:
            if part.required and part.name in self.filled and part.name not in captures:
                return Flaw(-1, Reason.MISSING, shorten(f"{part.name} is required, and the topic has no level for it"))
        for field in self.fields:
            if field.name in captures:
                value = read_word(captures[field.name], field.kind)
                if value is None and not field.required:
                    continue
                if wrong := explain(field, value):
                    return Flaw(-1, wrong[0], shorten(f"in the topic: {wrong[1]}"))
                if value is not None:
                    into[field.name] = float(value) if field.kind is Kind.FLOAT else value
        return None


def _check_time(row: config.Route, model: Model) -> None:
    name = row.time.field
    if name is None:
        return
    if row.format == "value":
        raise ValueError("time.field: a bare value has no field for a time; use format json")
    if name in {part.name for part in model.shape.parts}:
        raise ValueError(f"time.field: {name} is a tag or field of model {model.name} already")


def _format(name: str, roles: _Roles) -> Format:
    if name == "json":
        return JsonFormat()
    if len(roles.fields_left) != 1:
        names = ", ".join(field.name for field in roles.fields_left)
        raise ValueError(f"format value is for a model with one field; {roles.model.name} has {names}")
    if needed := [tag.name for tag in roles.tags_left if tag.required]:
        raise ValueError(
            f"tag {needed[0]} of model {roles.model.name} is required, and {{{needed[0]}}} is not in topic"
        )
    return ValueFormat(roles.fields_left[0])
