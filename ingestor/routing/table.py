"""The routing table: which route takes a topic, remembered for topics that come again."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, Literal, NamedTuple

from ingestor.config import Config
from ingestor.errors import ConfigError, Problem
from ingestor.ports import Decoder, DeviceLog
from ingestor.routing.announced import Announced
from ingestor.routing.cache import Recent
from ingestor.routing.compiling import Compiled, Shared, compile_row
from ingestor.routing.devices import Devices
from ingestor.routing.filters import Filter, subscriptions
from ingestor.routing.index import TopicIndex
from ingestor.routing.models import Models
from ingestor.routing.place import series_bytes
from ingestor.routing.topic import Relation
from ingestor.routing.weather.rows import compile_weather

_TOPICS_BYTES: Final = 24 * 2**20
"""What may be remembered of topics: at least 15,000 of them."""
_SERIES_BYTES: Final = 8 * 2**20
"""What may be remembered of series whose tags come with the payload: at least 4,000 of them."""
_DECODER_BYTES: Final = 650
"""What a remembered decoder takes besides its topic."""


class RoutingTable:
    """All routes of a configuration; see `ingestor.ports.Decoders`.

    Where routes share topics, the most specific takes them: `farm/rack1/climate` before `farm/{rack}/climate` before
    `farm/#`.

    Args:
        config: Its `routes`, `models`, `devices` and `buckets` count, and the weather of its `tasks`.
        devices: Who is told what is heard of devices.

    Attributes:
        subscriptions: The topic filters that bring every message some row takes, each message once.
        announced: What was announced to rows with `discovery`.
        expands: Whether payloads of some row are compressed.

    Raises:
        ConfigError: Some models or routes cannot work; it names every one.
    """

    __slots__ = ("_decoders", "_index", "_rows", "_subscribed", "announced", "expands", "subscriptions")

    def __init__(self, config: Config, *, devices: DeviceLog | None = None) -> None:
        self._decoders: Recent[str, Decoder | Literal[False]] = Recent(_TOPICS_BYTES, size_of=_decoder_bytes)
        self.announced = Announced(self._has_row, self._decoders.forget)
        rows, problems = _compile(config, devices, self.announced)
        rows, ambiguous = _most_specific_first(rows)
        if problems or ambiguous:
            raise ConfigError([*problems, *ambiguous])
        self._rows = rows
        self.expands = any(row.compression != "none" for row in config.routes)
        self._index: TopicIndex[int] = TopicIndex()
        for at, row in enumerate(rows):
            self._index.add(row.route.template.filter, at)
        self.subscriptions = subscriptions(str(row.route.template.filter) for row in rows if row.route.wanted)
        self._subscribed: TopicIndex[None] = TopicIndex()
        for pattern in self.subscriptions:
            self._subscribed.add(Filter.parse(pattern), None)

    @property
    def announced_topics(self) -> Sequence[str]:
        """What to subscribe to besides `subscriptions`: topics that are announced now, and that those do not bring."""
        return [topic for topic in self.announced.topics if not any(True for _ in self._brought(topic))]

    def _brought(self, topic: str) -> Iterator[None]:
        return self._subscribed.matching(topic.split("/"))

    def find(self, topic: str) -> Decoder | None:
        """The decoder that takes the topic, or None where no route does."""
        found = self._decoders.get(topic)
        if found is None:
            found = self._bind(topic)
            self._decoders.put(topic, found)
        return found or None

    def _bind(self, topic: str) -> Decoder | Literal[False]:
        taken = self.taken_by(topic)
        return False if taken is None else taken.decoder

    def taken_by(self, topic: str) -> "Taken | None":
        """Which route takes a topic, for people who ask; None where none does. Rows come before announcements."""
        found = self._row_of(topic)
        if found is None and (announced := self.announced.find(topic)) is not None:
            return Taken("announced", topic, {}, announced)
        return found

    def _has_row(self, topic: str) -> bool:
        return self._row_of(topic) is not None

    def _row_of(self, topic: str) -> "Taken | None":
        levels = topic.split("/")
        for at in sorted(self._index.matching(levels)):
            where, route, _ = self._rows[at]
            captures = route.template.match(levels)
            if captures is not None:
                return Taken(where, str(route.template), captures, route.bind(captures))
        return None


class Taken(NamedTuple):
    """What takes a topic: where its row stands (`routes[2]`), its template, what that names, and the decoder.

    A topic that no row takes, and that some device has announced, is `announced`.
    """

    where: str
    template: str
    captures: Mapping[str, str]
    decoder: Decoder


class _Row(NamedTuple):
    """A compiled route, where its row stands, and whether that names a preset."""

    where: str
    route: Compiled
    of_preset: bool


def _compile(config: Config, log: DeviceLog | None, announced: Announced) -> tuple[list[_Row], list[Problem]]:
    """The routes of the rows that can work, and what is wrong with the others."""
    rows: list[_Row] = []
    models = Models(config.models)
    useless = dict(models.problems())
    problems = [Problem(why, f"models.{name}") for name, why in useless.items()]
    shared = Shared(
        buckets=frozenset(bucket.name for bucket in config.buckets),
        known=Recent(_SERIES_BYTES, size_of=series_bytes),
        devices=Devices(config.devices),
        log=log,
        max_payload=config.mqtt.max_packet,
    )
    for at, row in enumerate(config.routes):
        if row.model in useless:
            continue  # told of already
        try:
            of_preset = row.kind == "preset"
            rows += [_Row(f"routes[{at}]", route, of_preset) for route in compile_row(row, models, shared, announced)]
        except ValueError as error:
            problems.append(Problem(str(error), f"routes[{at}] {row.topic or row.preset or row.discovery}"))
    for name, task in config.tasks.items():
        if task.kind == "weather":
            try:
                made = compile_weather(name, task, models, shared)
                rows += [_Row(f"tasks.{name}", route, of_preset=False) for route in made]
            except ValueError as error:
                problems.append(Problem(str(error), f"tasks.{name}"))
    return rows, problems


def _most_specific_first(rows: Sequence[_Row]) -> tuple[list[_Row], list[Problem]]:
    """The routes in an order in which the first that takes a topic is the most specific one.

    A problem are two that share topics, where neither is more specific and no third one takes what they share. Those
    of presets share what no device sends, and what levels with names in them share cannot be written as one route:
    there their rank counts.
    """
    problems = []
    filters = {row.route.template.filter for row in rows}
    for one, other in combinations(rows, 2):
        mine, its = one.route.template, other.route.template
        relation = mine.compare(its)
        where = one.where if one.where == other.where else f"{one.where} and {other.where}"
        if relation is Relation.SAME:
            problems.append(Problem(f"{mine} and {its} take the same topics; a topic has one route", where))
        elif (
            relation is Relation.CROSSING
            and not (one.of_preset or other.of_preset or mine.splits or its.splits)
            and (shared := mine.filter.meet(its.filter)) not in filters
        ):
            what = f"{mine} and {its} both take {shared}; add a route for {shared}, or make one narrower"
            problems.append(Problem(what, where))
    return sorted(rows, key=lambda row: row.route.template.rank), problems


def _decoder_bytes(topic: str) -> int:
    return _DECODER_BYTES + 4 * len(topic)
