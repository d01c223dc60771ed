"""A row with `discovery`: what becomes of announcements, and of the topics that they name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ingestor import config
from ingestor.ports import Decoder, Flaw, Reason, Series
from ingestor.routing.announcements.announcement import PREFIX, Announcement
from ingestor.routing.announcements.names import identifier
from ingestor.routing.announcements.rows import DEVICE_TAG, as_states, named, path_text, plain_device
from ingestor.routing.cache import Recent
from ingestor.routing.decoder import IgnoredTopic, RefusedTopic
from ingestor.routing.models import Model
from ingestor.routing.place import SeriesKey, series_bytes, storable
from ingestor.routing.route import RESERVED, ReadingRoute, Shared
from ingestor.routing.states import compile_states
from ingestor.routing.topic import NamePattern, Template
from ingestor.routing.units import Conversion
from ingestor.routing.words import shorten
from sensors import FieldShape, Kind, Shape

_MAX_FIELDS: Final = 500
"""So many values of one topic can be announced; it takes a thousandth of a second to get ready for ten of them."""
_ROUTES_BYTES: Final = 16 * 2**20
_ROUTE_BYTES: Final = 12 * 1024
_FIELD_BYTES: Final = 4 * 1024
_SERIES_BYTES: Final = 256 * 1024


class _Kind(NamedTuple):
    """What the readings of a topic look like: the same for all devices of a kind, which share one route."""

    measurement: str
    nested: bool
    fields: tuple[FieldShape, ...]
    paths: tuple[tuple[str, str], ...]
    conversions: tuple[tuple[str, Conversion], ...]
    tags: tuple[str, ...]


class DiscoveryRow:
    """Makes decoders of announcements, as its row of the configuration wants them.

    Args:
        row: The row.
        shared: What all routes have.

    Attributes:
        prefix: The first levels of the topics of announcements.
        filters: The topics that announcements come on.

    Raises:
        ValueError: The row cannot work; it says why.
    """

    def __init__(self, row: config.Route, *, shared: Shared) -> None:
        self.prefix = PREFIX if row.prefix is None else row.prefix.rstrip("/")
        self.filters = tuple(Template.parse(f"{self.prefix}/{levels}/config") for levels in ("+/+", "+/+/+"))
        if any(level in "+#" for level in self.prefix.split("/")) or self.filters[0].captures:
            raise ValueError("prefix: the first levels of topics as they are, without + and {}")
        if names := sorted(NamePattern.parse(row.bucket).names):
            raise ValueError(f"bucket: {{{names[0]}}} is nothing that an announcement tells")
        self._device = NamePattern.parse(row.device or f"{{{DEVICE_TAG}}}")
        if unknown := sorted(self._device.names - row.tags.keys() - {DEVICE_TAG}):
            raise ValueError(f"device: {{{unknown[0]}}} is nothing that an announcement tells; it tells {{device}}")
        self._row = row
        self._shared = shared
        self._routes: Recent[_Kind, ReadingRoute] = Recent(_ROUTES_BYTES, size_of=_route_bytes)

    def readings(self, announcements: Sequence[Announcement]) -> Decoder:
        """The decoder of a topic; where they cannot be had as they are, one that says so of each message.

        Args:
            announcements: At least one; all of the same topic.
        """
        try:
            return self._readings(announcements)
        except ValueError as error:
            flaw = Flaw(-1, Reason.FORMAT, shorten(f"announced in a way that cannot be: {_first_line(error)}"))
            return RefusedTopic(flaw, skips_retained=True)

    def _readings(self, announcements: Sequence[Announcement]) -> Decoder:
        fields = named(announcements)
        if len(fields) > _MAX_FIELDS:
            raise ValueError(f"{len(fields):,} values, and a topic can have {_MAX_FIELDS}")
        first = next(iter(fields.values()))
        tags = dict(self._tags(first, fields))
        kind = _Kind(
            measurement=_measurement(first, fields),
            nested=first.steps is not None,
            fields=tuple(_shape(name, one) for name, one in fields.items()),
            paths=tuple((name, path_text(one.steps)) for name, one in fields.items() if one.steps),
            conversions=tuple(_conversions(fields)),
            tags=tuple(sorted(tags)),
        )
        route = self._routes.get(kind)
        if route is None:
            route = self._compile(kind)
            self._routes.put(kind, route)
        return route.bind(tags)

    def state(self, topic: str, announcements: Iterable[Announcement]) -> Decoder:
        """The decoder of a topic that tells of a device whether it is there; of several it tells nothing.

        Args:
            topic: It.
            announcements: All that name it so.
        """
        row = next((row for row in as_states(announcements) if row.topic == topic), None)
        if row is None:
            return IgnoredTopic()
        device = self._device.fill({**self._row.tags, DEVICE_TAG: row.device or ""})
        if not plain_device(device):
            return IgnoredTopic()
        return compile_states(row.model_copy(update={"device": device}), self._shared).bind({})

    def _tags(self, one: Announcement, fields: Mapping[str, Announcement]) -> Iterator[tuple[str, str]]:
        """What is told of the device, but for what the row itself says, and what readings have as values."""
        for tag, text in ((DEVICE_TAG, one.device), *one.about):
            if tag not in {*fields, *self._row.tags, RESERVED} and storable(text):
                yield tag, text

    def _compile(self, kind: _Kind) -> ReadingRoute:
        """The route for a kind of readings: what is told of their devices are the levels of its topic, as it were."""
        known: Recent[SeriesKey, Series] = Recent(_SERIES_BYTES, size_of=series_bytes)
        row = config.Route(
            topic="/".join(f"{{{tag}}}" for tag in kind.tags) or "announced",
            model=kind.measurement,
            format="json" if kind.nested else "value",
            bucket=self._row.bucket,
            tags=self._row.tags,
            device=self._device.text if self._device.names <= {*kind.tags, *self._row.tags} else None,
            paths={name: path for name, path in kind.paths if path != name},
            on_invalid=self._row.on_invalid,
        )
        model = Model(kind.measurement, Shape((), kind.fields), conversions=dict(kind.conversions))
        return ReadingRoute(row, model=model, shared=self._shared._replace(known=known))


def _measurement(first: Announcement, fields: Mapping[str, Announcement]) -> str:
    """What readings are called, however many of their values are announced by now.

    Those with a topic of their own after what they are; those of one payload after the model of the device.
    """
    if first.steps is None:
        return identifier(next(iter(fields)), "value")
    return identifier(dict(first.about).get("model", "") or first.topic.rpartition("/")[2], "device")


def _shape(name: str, one: Announcement) -> FieldShape:
    return FieldShape(name, one.kind or Kind.TEXT, one.unit, one.low, one.high, choices=one.choices)


def _conversions(fields: Mapping[str, Announcement]) -> Iterator[tuple[str, Conversion]]:
    for name, one in fields.items():
        if one.kind is Kind.FLOAT and (one.factor, one.offset) != (1.0, 0.0):
            yield name, Conversion(one.factor, one.offset)


def _route_bytes(kind: _Kind) -> int:
    return _ROUTE_BYTES + _FIELD_BYTES * len(kind.fields)


def _first_line(error: ValueError) -> str:
    return str(error).partition("\n")[0]
