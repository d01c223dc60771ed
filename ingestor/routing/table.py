"""The routing table: which route takes a topic, remembered for topics that come again."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final, Literal

from ingestor.config import Config
from ingestor.errors import ConfigError, Problem
from ingestor.ports import Decoder, Series
from ingestor.routing.cache import Recent
from ingestor.routing.filters import subscriptions
from ingestor.routing.index import TopicIndex
from ingestor.routing.models import Models
from ingestor.routing.place import SeriesKey, series_bytes
from ingestor.routing.route import CompiledRoute

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
        config: Its `routes`, `models` and `buckets` count.

    Attributes:
        subscriptions: The topic filters that bring every message some route takes, each message once.

    Raises:
        ConfigError: Some models or routes cannot work; it names every one.
    """

    __slots__ = ("_decoders", "_index", "_routes", "subscriptions")

    def __init__(self, config: Config) -> None:
        compiled, problems = _compile(config)
        self._routes, ambiguous = _most_specific_first(list(compiled.values()), rows=list(compiled))
        self._index: TopicIndex[int] = TopicIndex()
        for at, route in enumerate(self._routes):
            self._index.add(route.template.filter, at)
        if problems or ambiguous:
            raise ConfigError([*problems, *ambiguous])
        self.subscriptions = subscriptions(str(route.template.filter) for route in compiled.values())
        self._decoders: Recent[str, Decoder | Literal[False]] = Recent(_TOPICS_BYTES, size_of=_decoder_bytes)

    def find(self, topic: str) -> Decoder | None:
        """The decoder that takes the topic, or None where no route does."""
        found = self._decoders.get(topic)
        if found is None:
            found = self._bind(topic)
            self._decoders.put(topic, found)
        return found or None

    def _bind(self, topic: str) -> Decoder | Literal[False]:
        levels = topic.split("/")
        at = min(self._index.matching(levels), default=None)
        if at is None:
            return False
        route = self._routes[at]
        return route.bind(route.template.match(levels) or {})


def _compile(config: Config) -> tuple[dict[int, CompiledRoute], list[Problem]]:
    """The routes that can work, by their row, and what is wrong with the others."""
    compiled: dict[int, CompiledRoute] = {}
    problems: list[Problem] = []
    models = Models(config.models)
    useless = dict(models.problems())
    problems += [Problem(why, f"models.{name}") for name, why in useless.items()]
    known: Recent[SeriesKey, Series] = Recent(_SERIES_BYTES, size_of=series_bytes)
    buckets = frozenset(bucket.name for bucket in config.buckets)
    for at, row in enumerate(config.routes):
        if row.model in useless:
            continue  # told of already
        try:
            model = models.find(row.model)
            compiled[at] = CompiledRoute(row, model=model, buckets=buckets, known=known)
        except ValueError as error:
            problems.append(Problem(str(error), f"routes[{at}] {row.topic}"))
    return compiled, problems


def _most_specific_first(
    routes: Sequence[CompiledRoute], *, rows: Sequence[int]
) -> tuple[list[CompiledRoute], list[Problem]]:
    """The routes in an order in which the first that takes a topic is the most specific one.

    A problem are two that share topics, where neither is more specific and no third one takes what they share.
    """
    problems = []
    covered_by = [0] * len(routes)
    filters = {route.template.filter for route in routes}
    for (i, one), (j, other) in combinations(enumerate(route.template for route in routes), 2):
        shared = one.filter.meet(other.filter)
        if shared is None:
            continue
        covered_by[i] += shared == one.filter
        covered_by[j] += shared == other.filter
        where = f"routes[{rows[i]}] and routes[{rows[j]}]"
        if one.filter == other.filter:
            problems.append(Problem(f"{one} and {other} take the same topics; a topic has one route", where))
        elif shared not in filters:
            what = f"{one} and {other} both take {shared}; add a route for {shared}, or make one narrower"
            problems.append(Problem(what, where))
    order = sorted(range(len(routes)), key=covered_by.__getitem__, reverse=True)
    return [routes[at] for at in order], problems


def _decoder_bytes(topic: str) -> int:
    return _DECODER_BYTES + 4 * len(topic)
