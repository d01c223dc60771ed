"""Which families of devices, of the presets, were heard."""

from collections.abc import Iterator, Mapping, Sequence

from ingestor.config import Config, Route
from ingestor.discovery.proposal import ProposedRoute
from ingestor.errors import ConfigError
from ingestor.ports import IGNORED, Flaw, Message, Point, Reason
from ingestor.routing import RoutingTable
from ingestor.routing.presets.catalog import CATALOG
from ingestor.routing.topic import Template


class Families:
    """The presets, tried on messages.

    Args:
        messages: By topic; each topic with at least one.
        bucket: Where readings are to go.
    """

    def __init__(self, messages: Mapping[str, Sequence[Message]], *, bucket: str) -> None:
        self._messages = messages
        self._rows = {name: Route(preset=name, bucket=bucket) for name in CATALOG}
        self._tables = {name: _table(row) for name, row in self._rows.items()}
        self._chosen: list[str] = []
        self._topics: set[str] = set()

    def choose(self, spoken_for: Sequence[str] = (), *, prefixed: bool) -> list[ProposedRoute]:
        """Rows for the families that take some of the messages, the one that takes most first.

        A family without levels of its own at the front of its topics could take anybody's: it comes into question
        only for topics that are not spoken for.

        Args:
            spoken_for: Topics that something else takes.
            prefixed: Whether to try those that have such levels, or those that have not.
        """
        left = self._messages.keys() - self._topics - set(spoken_for)
        names = [name for name, family in CATALOG.items() if bool(family.prefix) is prefixed]
        heard = {name: _hear(self._tables[name], {topic: self._messages[topic] for topic in left}) for name in names}
        rows: list[ProposedRoute] = []
        while heard:
            name = max(heard, key=lambda one: (sum(heard[one].values()), one))
            topics = heard.pop(name)
            if not sum(topics.values()) or not _together([self._rows[one] for one in (*self._chosen, name)]):
                continue
            self._chosen.append(name)
            self._topics |= topics.keys()
            rows.append(self._row(name, sorted(topics)))
            heard = {
                other: {topic: good for topic, good in of.items() if topic not in topics} for other, of in heard.items()
            }
        return rows

    @property
    def topics(self) -> frozenset[str]:
        """The topics with messages that the chosen families understand."""
        return frozenset(self._topics)

    def takes(self, topic: str) -> bool:
        """Whether a chosen family takes a topic, heard or not."""
        return any(self._tables[name].find(topic) is not None for name in self._chosen)

    def templates(self) -> Iterator[Template]:
        """The topics of the chosen families."""
        for name in self._chosen:
            family = CATALOG[name]
            below = f"{family.prefix}/" if family.prefix else ""
            topics = [
                *(source.topic for source in family.sources),
                *(presence.topic for presence in family.presences),
                *family.others,
            ]
            yield from (Template.parse(below + topic) for topic in topics)

    def _row(self, name: str, topics: Sequence[str]) -> ProposedRoute:
        """The row of a family; values that its preset does not know, those of a decoder for example, are stored."""
        heard = {topic: self._messages[topic] for topic in topics}
        notes = [f"{len(topics):,} {'topic' if len(topics) == 1 else 'topics'}, such as {topics[0]}"]
        row = self._rows[name]
        storing = row.model_copy(update={"unknown": "store"})
        if _fields(_table(storing), heard) > _fields(self._tables[name], heard):
            row = storing
            notes.append("not all that was sent is known to the preset: without unknown, only what is known is stored")
        return ProposedRoute(row, tuple(notes))


def _table(row: Route) -> RoutingTable:
    return RoutingTable(Config(routes=(row,)))


def _together(rows: Sequence[Route]) -> bool:
    try:
        RoutingTable(Config(routes=tuple(rows)))
    except ConfigError:
        return False
    return True


def _hear(table: RoutingTable, messages: Mapping[str, Sequence[Message]]) -> dict[str, int]:
    """The topics of which some message is understood, and how many of each are readings without a flaw."""
    found: dict[str, int] = {}
    for topic, of in messages.items():
        results = list(_results(table, of))
        if any(points or flaws is IGNORED or _out_of_range(flaws) for points, flaws in results):
            found[topic] = sum(1 for points, flaws in results if points and not flaws)
    return found


def _out_of_range(flaws: Sequence[Flaw]) -> bool:
    """Whether a message was understood, and told what cannot be: another route for it would store what is wrong."""
    return bool(flaws) and all(flaw.reason is Reason.RANGE for flaw in flaws)


def _fields(table: RoutingTable, messages: Mapping[str, Sequence[Message]]) -> int:
    """How many values are stored."""
    return sum(len(point.fields) for of in messages.values() for points, _ in _results(table, of) for point in points)


def _results(table: RoutingTable, messages: Sequence[Message]) -> Iterator[tuple[list[Point], Sequence[Flaw]]]:
    """The points and flaws of messages of one topic; nothing where no route takes it."""
    decoder = table.find(messages[0].topic)
    if decoder is None:
        return
    for message in messages:
        points: list[Point] = []
        flaws = decoder.decode(message._replace(flags=0), points)
        yield points, flaws
