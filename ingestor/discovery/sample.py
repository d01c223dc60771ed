"""What the messages of a topic, or of several that are alike, say: how it is written, and the spread of its values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from ingestor.config import CsvOf
from ingestor.discovery.leaves import MAX_LEAVES, Leaves, Spread
from ingestor.discovery.times import TimeWatch, rank
from ingestor.ports import Message
from ingestor.routing.announcements.names import slug
from ingestor.routing.announcements.template import Steps

Compression = Literal["none", "gzip", "zlib", "zstd"]
_MAX_PLACES: Final = MAX_LEAVES
_SOME_TIME: Final = 946_684_800
"""What a number that is a time is more than, in whichever unit."""
_LABEL: Final = re.compile(
    "id|device|dev|sensor|node|mac|address|addr|name|serial|sn|eui|deveui|imei|room|rack|location|zone|site|area|place|"
    "host|hostname|station|client|model|type|channel|plant|.*_(id|mac|name)"
)


def is_label(name: str) -> bool:
    """Whether a value of this name says where a reading belongs, and not what was measured."""
    return _LABEL.fullmatch(slug(name)) is not None


class Manner(NamedTuple):
    """How payloads are written: what a route says of it.

    Attributes:
        format: As a route names it; `text` is its `value` where the values are words.
        compression: As a route names it.
        csv: As a route has it.
        each: Where the list stands of which each item is a reading; None where a payload is one reading.
    """

    format: Literal["value", "text", "json", "csv", "line", "cbor", "msgpack"]
    compression: Compression = "none"
    csv: CsvOf = CsvOf()
    each: Steps | None = None


class Reading(NamedTuple):
    """The values of one reading: its own by where they stand in it, and with `each` those around it."""

    own: Leaves
    around: Leaves


class Place(NamedTuple):
    """Where a value stands: in the reading, or, with `around`, in what is around all readings of a payload."""

    steps: Steps
    around: bool = False

    @property
    def name(self) -> str:
        """The last key on the way to it."""
        return next((step for step in reversed(self.steps) if isinstance(step, str)), "")


class Sample:
    """Readings that were seen.

    Args:
        manner: How they are written.

    Attributes:
        spreads: What the values of each place were like.
        times: For each place whose name says so, whether its values are times.
        repeats: Whether readings of one message had neither texts nor times that tell them apart.
        unread: How many messages were not written so.
        received: When the others came, in ns, without what the broker had kept.
    """

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.spreads: dict[Place, Spread] = {}
        self.times: dict[Place, TimeWatch] = {}
        self.repeats = False
        self.unread = 0
        self.received: list[int] = []

    def add(self, message: Message, readings: Sequence[Reading]) -> None:
        """Take the readings of one message more."""
        if not readings:
            self.unread += 1
        elif not message.retain:
            self.received.append(message.received_ns)
        for reading in readings:
            for place, value in _placed(reading):
                self._spread(place).add(value)
                if rank(place.name) is not None:
                    self.times.setdefault(place, TimeWatch()).add(value, message)
        if len(readings) > 1 and not self.repeats:
            told = {tuple(_telling(reading.own)) for reading in readings}
            self.repeats = len(told) < len(readings)

    def merge(self, other: "Sample") -> None:
        """Take what was seen on another topic."""
        for place, spread in other.spreads.items():
            self._spread(place).merge(spread)
        for place, watch in other.times.items():
            self.times.setdefault(place, TimeWatch()).merge(watch)
        self.repeats = self.repeats or other.repeats
        self.unread += other.unread
        self.received += other.received

    def alike(self, other: "Sample") -> bool:
        """Whether both can be readings of one kind: written alike, with the same values for the most part."""
        if self.manner != other.manner:
            return False
        mine, its = _kinds(self.spreads), _kinds(other.spreads)
        both = mine.keys() & its.keys()
        return len(both) * 2 >= len(mine.keys() | its.keys()) and all(mine[place] == its[place] for place in both)

    def _spread(self, place: Place) -> Spread:
        if place not in self.spreads and len(self.spreads) >= _MAX_PLACES:
            return Spread()  # it is not kept
        return self.spreads.setdefault(place, Spread())


def _placed(reading: Reading) -> Iterable[tuple[Place, object]]:
    yield from ((Place(steps), value) for steps, value in reading.own.items())
    yield from ((Place(steps, around=True), value) for steps, value in reading.around.items())


def _telling(values: Leaves) -> Iterable[tuple[Steps, object]]:
    """What may tell a reading from the others of its message."""
    for steps, value in values.items():
        name = Place(steps).name
        is_time = isinstance(value, int | float) and value > _SOME_TIME and rank(name) is not None
        if isinstance(value, str) or is_time or is_label(name):
            yield steps, value


def _kinds(spreads: Mapping[Place, Spread]) -> dict[Place, object]:
    return {place: spread.kind for place, spread in spreads.items() if spread.kind is not None}
