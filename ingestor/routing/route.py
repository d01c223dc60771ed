"""One row of `routes` that brings readings, compiled: what can be known before a message comes is worked out here."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Self

from ingestor import config
from ingestor.ports import Decoder, DeviceLog, FieldType, Flaw, Reason, Series, Value
from ingestor.routing.cache import Recent
from ingestor.routing.decoder import CarefulDecoder, Recipe, RefusedTopic, TopicDecoder
from ingestor.routing.devices import Devices
from ingestor.routing.formats.choice import make_format
from ingestor.routing.formats.compression import decompressor
from ingestor.routing.formats.value import read_word
from ingestor.routing.landing import Landing, Rules
from ingestor.routing.mending import Mender
from ingestor.routing.models import Model
from ingestor.routing.path import Path
from ingestor.routing.payload import PayloadReader
from ingestor.routing.place import Places, SeriesKey
from ingestor.routing.reading_time import Clock
from ingestor.routing.topic import NamePattern, Template
from ingestor.routing.tuning import Tuner
from ingestor.routing.unpack import Unpack, Unpacker
from ingestor.routing.wire import CodeWire, PlainWire, Wire, loosen
from ingestor.routing.words import explain, shorten
from sensors import FieldShape, Kind, TagShape

RESERVED: Final = "time"
WORD: Final = "word"
"""What a bare value is called that a preset takes apart."""
MEASUREMENT: Final = "measurement"
"""What a format that names the measurement of each reading calls it."""


class Shared(NamedTuple):
    """What all routes of a table have in common.

    Attributes:
        buckets: The names of the declared buckets.
        known: The series made lately.
        devices: The table of devices.
        log: Who is told what is heard of devices.
        max_payload: So many bytes a payload may have once it is decompressed.
    """

    buckets: AbstractSet[str]
    known: Recent[SeriesKey, Series]
    devices: Devices = Devices()
    log: DeviceLog | None = None
    max_payload: int = 8 * 2**20


class Compiled(NamedTuple):
    """A row, or a part of one, that is ready for topics: `bind` makes the decoder of a topic from its named levels.

    What is not `wanted` is not subscribed to; it may come along with what is.
    """

    template: Template
    bind: Callable[[Mapping[str, str]], Decoder]
    wanted: bool = True


class ReadingRoute:
    """A row that brings readings.

    Args:
        row: The row of the configuration.
        model: The model that it names.
        shared: What all routes have.
        unpack: How readings stand in what payloads say, where the row does not tell it.
        direct: Whether payloads that are valid as they stand are one reading, and need not be unpacked.

    Raises:
        ValueError: The row cannot work; it says why.
    """

    __slots__ = (
        "_constant", "_device", "_model", "_places", "_plain", "_recipe", "_roles", "_rules", "_skips_retained",
        "_time", "template",
    )  # fmt: skip

    def __init__(
        self, row: config.Route, *, model: Model, shared: Shared, unpack: Unpack | None = None, direct: bool = False
    ) -> None:
        self.template = Template.parse(row.topic)
        row = _completed(row, model)
        bucket, measurement = NamePattern.parse(row.bucket), NamePattern.parse(row.measurement or model.name)
        self._device = None if row.device is None else NamePattern.parse(row.device)
        self._constant = row.tags
        self._model = model
        self._skips_retained = row.retained == "skip"
        self._time = row.time.field
        devices = Devices() if row.device is None else shared.devices
        loose = _corrected(model, devices)
        named = bucket.names | measurement.names
        self._roles = roles = _Roles.of(self.template.captures, row=row, model=model, named=named, loose=loose)
        _check_names(row, roles, measurement=measurement, device=self._device)
        _check_time(row, model)
        self._plain = PlainWire(model, filled=roles.filled, also=self._time, loose=loose)
        payloads = _payloads(row, roles, unpack, direct=direct, max_payload=shared.max_payload)
        keep_rest, store_unknown = row.on_invalid == "field", row.unknown == "store"
        beyond = store_unknown or row.each_key is not None or row.format == "line"
        self._recipe = Recipe(
            payloads,
            Mender(model, filled=roles.filled, also=self._time, keep_rest=keep_rest, loose=loose,
                   store_unknown=store_unknown),
            known=_known(row, roles, measurement) | devices.tags,
            beyond=beyond,
            store_unknown=store_unknown,
            keep_rest=keep_rest,
        )  # fmt: skip
        tuned = [field for field in model.shape.fields if field.name in loose]
        self._rules = Rules(
            None if self._time is None else Clock(row.time, written=payloads.written, needs_zone=unpack is None),
            tags=tuple(tag.name for tag in roles.tags_left) if row.format != "value" else (),
            beyond=beyond,
            tuner=Tuner(tuned, model.conversions) if tuned else None,
            keep_rest=keep_rest,
            devices=devices,
            log=shared.log,
        )
        self._places = Places(
            bucket,
            measurement,
            declared=shared.buckets,
            types={field.name: FieldType(field.kind.value) for field in model.shape.fields},
            units={field.name: field.unit for field in model.shape.fields if field.unit},
            known=shared.known,
            tags=roles.tags | {tag.name for tag in model.shape.tags},
            later=measurement.names - set(self.template.captures),
            sparse=store_unknown or (unpack is not None and not direct),
        )

    def bind(self, captures: Mapping[str, str]) -> Decoder:
        """The decoder of a topic, from its named levels."""
        constants: dict[str, Value] = {}
        flaw = self._roles.fill({**captures, **self._constant}, into=constants)
        given = {name: level for name, level in captures.items() if name in self._roles.tags} | self._constant
        defaults = {name: tag for name, tag in self._model.tag_defaults.items() if name not in given}
        place = flaw or self._places.place(captures, {**defaults, **given})
        if isinstance(place, Flaw):
            return RefusedTopic(place, skips_retained=self._skips_retained)
        wire = self._wire({**given, **constants})
        device = None if self._device is None else self._device.partly({**captures, **self._constant})
        landing = Landing(self._rules, place=place, constants=constants, device=device)
        careful = CarefulDecoder(self._recipe, wire=wire, landing=landing, skips_retained=self._skips_retained)
        read = None if self._recipe.beyond else self._recipe.payloads.reader(wire)
        return careful if read is None else TopicDecoder(read, landing=landing, careful=careful)

    def _wire(self, captured: Mapping[str, Value]) -> Wire:
        if self._model.code is None:
            return self._plain
        own = {name: value for name, value in captured.items() if name in self._roles.filled}
        return CodeWire(self._model.code, plain=self._plain, captured=own, also=self._time)


class _Roles(NamedTuple):
    """What the named levels of a topic are: tags, fields, or parts of a name; and what is left to the payload."""

    model: Model
    tags: frozenset[str]
    fields: tuple[FieldShape, ...]
    filled: frozenset[str]
    tags_left: tuple[TagShape, ...]
    fields_left: tuple[FieldShape, ...]

    @classmethod
    def of(
        cls,
        captures: Sequence[str],
        *,
        row: config.Route,
        model: Model,
        named: AbstractSet[str],
        loose: AbstractSet[str],
    ) -> Self:
        """Work the roles out.

        `named` are the names in the bucket and the measurement, `loose` the fields whose range is checked later.

        Raises:
            ValueError: A name stands for two things, or nothing is left for the payload to say.
        """
        if RESERVED in captures:
            raise ValueError("time is the time of a reading; give the level {time} another name")
        tags = {tag.name for tag in model.shape.tags}
        fields = {field.name for field in model.shape.fields}
        if both := sorted(row.tags.keys() & (fields | set(captures) | {RESERVED})):
            raise ValueError(f"tags: {both[0]} is a level of the topic, a field or the time already")
        fields_left = tuple(field for field in model.shape.fields if field.name not in captures)
        if not fields_left and row.unknown == "ignore":
            raise ValueError("the topic fills every field of the model, and nothing is left for the payload to say")
        given = {*captures, *row.tags}
        return cls(
            model,
            tags=frozenset(name for name in captures if name not in fields and (name in tags or name not in named)),
            fields=tuple(field for field in loosen(model.shape.fields, loose) if field.name in captures),
            filled=frozenset(given & (tags | fields)),
            tags_left=tuple(tag for tag in model.shape.tags if tag.name not in given),
            fields_left=fields_left,
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


def _completed(row: config.Route, model: Model) -> config.Route:
    """The row with what goes without saying: lines tell their time, and their measurement where no model has a name."""
    if not model.name and row.measurement is None:
        if row.format != "line":
            raise ValueError("measurement: without a model, readings need one")
        row = row.model_copy(update={"measurement": f"{{{MEASUREMENT}}}"})
    if row.format == "line" and row.time.field is None:
        row = row.model_copy(update={"time": row.time.model_copy(update={"field": RESERVED})})
    return row


def _check_names(row: config.Route, roles: _Roles, *, measurement: NamePattern, device: NamePattern | None) -> None:
    levels = set(Template.parse(row.topic).captures)
    if unknown := sorted(NamePattern.parse(row.bucket).names - levels):
        raise ValueError(f"{{{unknown[0]}}} is not a level of the topic")
    sent = {tag.name for tag in roles.tags_left} | ({row.each_key} if row.each_key else set())
    named = sent | ({MEASUREMENT} if row.format == "line" else set())
    if unknown := sorted(measurement.names - levels - named):
        raise ValueError(f"{{{unknown[0]}}} is not a level of the topic, and no tag that readings bring")
    if device is not None and (unknown := sorted(device.names - levels - row.tags.keys() - sent)):
        raise ValueError(f"device: {{{unknown[0]}}} is not a level of the topic, and no tag that readings bring")
    fields = {field.name for field in roles.model.shape.fields}
    if row.each_key is not None and row.each_key in fields | levels | row.tags.keys() | {RESERVED}:
        raise ValueError(f"each_key: {row.each_key} is a level of the topic, a field, a tag or the time already")
    taken = fields | {tag.name for tag in roles.model.shape.tags} | ({row.time.field} if row.time.field else set())
    for name in row.paths:
        if name not in taken:
            raise ValueError(f"paths.{name}: no field or tag of model {roles.model.name}")
        if name in roles.filled:
            raise ValueError(f"paths.{name}: the topic fills it already")


def _check_time(row: config.Route, model: Model) -> None:
    name = row.time.field
    if name is None:
        return
    if row.format == "value":
        raise ValueError("time.field: a bare value has no field for a time; use format json")
    if name in {part.name for part in model.shape.parts}:
        raise ValueError(f"time.field: {name} is a tag or field of model {model.name} already")


def _corrected(model: Model, devices: Devices) -> frozenset[str]:
    """The fields whose values are corrected, so that their range can only be checked after it."""
    for field in model.shape.fields:
        if field.name in devices.calibrated and field.kind is not Kind.FLOAT:
            raise ValueError(f"devices calibrate {field.name}, which is of type {field.kind}; only floats can be")
    return frozenset(field.name for field in model.shape.fields) & (devices.calibrated | model.conversions.keys())


def _known(row: config.Route, roles: _Roles, measurement: NamePattern) -> frozenset[str]:
    """The names that are not unknown, whatever a reading brings under them."""
    names = {part.name for part in roles.model.shape.parts} | set(Template.parse(row.topic).captures) | set(row.tags)
    if row.time.field is not None:
        names.add(row.time.field)
    if row.format == "line" and MEASUREMENT not in measurement.names:
        names.add(MEASUREMENT)
    return frozenset(names)


def _payloads(
    row: config.Route, roles: _Roles, unpack: Unpack | None, *, direct: bool, max_payload: int
) -> PayloadReader:
    kinds = {field.name: field.kind for field in roles.fields_left}
    if row.format == "csv":
        kinds |= {tag.name: Kind.TEXT for tag in roles.tags_left}
    single = roles.fields_left[0] if len(roles.fields_left) == 1 else None
    if unpack is not None and single is None:
        single = FieldShape(WORD, Kind.TEXT)
    format_ = make_format(row, kinds, single)
    needed = [tag.name for tag in roles.tags_left if tag.required and tag.name not in roles.model.tag_defaults]
    if row.format == "value" and needed:
        raise ValueError(
            f"tag {needed[0]} of model {roles.model.name} is required, and {{{needed[0]}}} is not in topic"
        )
    decompress = None if row.compression == "none" else decompressor(row.compression, limit=max_payload)
    return PayloadReader(format_, unpack or _unpacker(row), decompress=decompress, direct=direct)


def _unpacker(row: config.Route) -> Unpacker:
    many = row.format in {"csv", "line"}
    each = Path.parse("$") if many else None if row.each is None else Path.parse(row.each)
    paths = {name: Path.parse(text) for name, text in row.paths.items()}
    time = row.time.field
    if time is not None and time not in paths and not many and (found := _path_of(time)) is not None:
        paths[time] = found
    reason = Reason.NOT_JSON if row.format in {"json", "value"} else Reason.FORMAT
    return Unpacker(paths, each=each, each_key=row.each_key, reason=reason, whole=row.unknown == "store")


def _path_of(name: str) -> Path | None:
    """The path that a name is, where it is more than a key."""
    path = Path.parse(name)
    return None if path.steps == (name,) else path
