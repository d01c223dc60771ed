"""What devices have announced, and from when on: so that each message is read as what was announced before it came.

Nothing is ever announced backwards: a message is decoded with the announcements that were received before it. Times of
receipt are unique and increase within a journal, so they stand for positions in it, and reading the journal again
gives the same.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Final, NamedTuple

from ingestor.ports import IGNORED, RETAIN, UNROUTED, Decoder, Flaw, Message, Point, Reason
from ingestor.routing.announced_row import DiscoveryRow
from ingestor.routing.announcements.announcement import (
    Announcement,
    AnnouncementError,
    NotUnderstood,
    is_announcement,
    read_announcement,
)
from ingestor.routing.cache import Recent
from ingestor.routing.words import shorten

_MAX_BYTES: Final = 32 * 2**20
"""What all announcements may take, in memory and no more in `state.db`: about 10,000 of one value each."""
_MAX_SOURCES: Final = 200
"""So many announcements can be for one topic. More may name it for the availability of their devices: of so many it is
that of none."""
_DECODERS_BYTES: Final = 24 * 2**20
"""What may be remembered of topics that messages come on: at least 4,500 of them."""
_DECODER_BYTES: Final = 2_560
_VERSION_BYTES: Final = 512
_READING_BYTES: Final = 2_048

_received = attrgetter("received_ns")


class _Version(NamedTuple):
    """What one announcement said, from when on, to which row; nothing any more where it has no readings."""

    received_ns: int
    row: DiscoveryRow
    readings: tuple[Announcement, ...]
    weight: int

    def topics(self) -> Iterator[str]:
        """All topics that it names; some of them twice."""
        for one in self.readings:
            yield one.topic
            yield from (available.topic for available in one.availability)


class Announced:
    """Keeps every announcement for as long as a message may come to be decoded with it. Bounded.

    Args:
        is_taken: Whether a row of the configuration takes a topic: nobody can announce it away.
        on_topic: Told of a topic that is announced and was not known.
        max_bytes: What is kept takes no more than this; what is announced beyond it is refused in words.

    Attributes:
        changed: Called when other topics are to be subscribed to than before.
        left_to_rows: Topics that were announced, and that rows of the configuration take.
        refused: How many announcements there was no room for, since the start.
    """

    def __init__(
        self, is_taken: Callable[[str], bool], on_topic: Callable[[str], None], *, max_bytes: int = _MAX_BYTES
    ) -> None:
        self.changed: Callable[[], None] = _nobody
        self.left_to_rows: set[str] = set()
        self.refused = 0
        self._is_taken = is_taken
        self._on_topic = on_topic
        self._max_bytes = max_bytes
        self._rows: list[DiscoveryRow] = []
        self._versions: dict[str, list[_Version]] = {}
        self._topics: dict[str, AnnouncedTopic] = {}
        self._weight = 0
        self._unsaved: list[Message] = []
        self._decoders: Recent[tuple[str, int], Decoder] = Recent(_DECODERS_BYTES, size_of=_decoder_bytes)

    def add(self, row: DiscoveryRow) -> "AnnouncementDecoder":
        """Take in what is announced to a row; the decoder of its announcements."""
        self._rows.append(row)
        return AnnouncementDecoder(self, row)

    def find(self, topic: str) -> "AnnouncedTopic | None":
        """The decoder of a topic that some announcement names."""
        return self._topics.get(topic)

    @property
    def topics(self) -> Sequence[str]:
        """The topics that are announced now, sorted: what to subscribe to."""
        return sorted(name for name, topic in self._topics.items() if topic.wanted_by)

    def __len__(self) -> int:
        """How many announcements hold now."""
        return sum(bool(versions[-1].readings) for versions in self._versions.values())

    @property
    def wanted(self) -> int:
        """How many `topics` there are."""
        return sum(bool(topic.wanted_by) for topic in self._topics.values())

    def tell(self, row: DiscoveryRow, message: Message) -> Sequence[Flaw]:
        """Take in an announcement. The same one again, and one that says what is known, changes nothing."""
        try:
            found = read_announcement(message.topic, message.payload, prefix=row.prefix)
        except AnnouncementError as error:
            return (Flaw(-1, Reason.FORMAT, shorten(f"no announcement: {error}")),)
        strange = [_told(one) for one in found.strange if not one.beyond]
        strange += [f"{one.topic}: a topic of the broker itself" for one in found.readings if one.topic[:1] == "$"]
        readings = tuple(one for one in found.readings if one.topic[:1] != "$")
        if refused := self._keep(row, message, readings):
            self.refused += 1
            return (Flaw(-1, Reason.FORMAT, shorten(f"not taken in: {refused}")),)
        return (Flaw(-1, Reason.FORMAT, shorten(f"not understood: {'; '.join(strange)}")),) if strange else IGNORED

    def _keep(self, row: DiscoveryRow, message: Message, readings: tuple[Announcement, ...]) -> str:
        """Make it a version where it says anything new; or tell why it cannot be one."""
        topic, when = message.topic, message.received_ns
        versions = self._versions.get(topic, [])
        at = bisect_left(versions, when, key=_received)
        known = at < len(versions) and versions[at].received_ns == when
        if known or readings == (versions[at - 1].readings if at else ()):
            return ""
        made = _version(row, message, readings)
        if readings and self._weight + made.weight > self._max_bytes:
            return f"all that is announced takes {self._max_bytes:,} bytes already"
        names = self._free(made)
        theirs = (self._topics[one.topic] for one in readings if one.topic in names and one.topic in self._topics)
        if crowding := next((found.name for found in theirs if found.is_full(topic)), None):
            return f"{crowding}: {_MAX_SOURCES} announcements are for this topic already"
        self._versions.setdefault(topic, versions).insert(at, made)
        self._weight += made.weight
        self._unsaved.append(message)
        is_newest = at == len(versions) - 1
        before = self._free(versions[at - 1]) if at else set()
        for name in before | names:
            self._topic(name).change(topic, when)
        if not is_newest:
            self._forget_decoders()
        elif self._want(topic, before, names):
            self.changed()
        return ""

    def _want(self, source: str, before: AbstractSet[str], names: AbstractSet[str]) -> bool:
        """The newest announcement of `source` names these topics; whether others are wanted than before."""
        gone = [name for name in before - names if self._topics[name].unwant(source)]
        new = [name for name in names - before if self._topics[name].want(source)]
        return bool(gone or new)

    def _free(self, version: _Version) -> set[str]:
        """The topics that it names and may have."""
        names = {name for name in version.topics() if name[:1] != "$"}
        taken = {name for name in names if self._is_taken(name)}
        self.left_to_rows |= taken
        return names - taken

    def _topic(self, name: str) -> "AnnouncedTopic":
        found = self._topics.get(name)
        if found is None:
            found = self._topics[name] = AnnouncedTopic(name, self)
            self._on_topic(name)
        return found

    def _forget_decoders(self) -> None:
        self._decoders = Recent(_DECODERS_BYTES, size_of=_decoder_bytes)

    def decoder(self, topic: str, since_ns: int, sources: Iterable[str]) -> Decoder:
        """What decodes a topic from a change of what is announced for it on, until the next."""
        key = (topic, since_ns)
        found = self._decoders.get(key)
        if found is None:
            found = self._make(topic, since_ns, sources)
            self._decoders.put(key, found)
        return found

    def _make(self, topic: str, since_ns: int, sources: Iterable[str]) -> Decoder:
        held = [self._held(source, since_ns) for source in sorted(sources)]
        for row in self._rows:
            told = [one for version in held if version and version.row is row for one in version.readings]
            if readings := [one for one in told if one.topic == topic]:
                return row.readings(readings)
            if any(available.topic == topic for one in told for available in one.availability):
                return row.state(topic, told)
        return NotAnnounced()

    def _held(self, source: str, when: int) -> _Version | None:
        versions = self._versions[source]
        at = bisect_left(versions, when + 1, key=_received)
        return versions[at - 1] if at else None

    # What outlasts the process.

    @property
    def unsaved(self) -> Sequence[Message]:
        """The announcements that are not on disk, as they came. May be asked in another thread."""
        return tuple(self._unsaved)

    def saved(self, messages: Collection[Message]) -> None:
        """These are on disk."""
        done = {(message.topic, message.received_ns) for message in messages}
        self._unsaved = [one for one in self._unsaved if (one.topic, one.received_ns) not in done]

    def load(self, messages: Iterable[Message]) -> None:
        """Take in what was saved, in any order; what no row is for is left alone."""
        for message in messages:
            row = next((row for row in self._rows if is_announcement(message.topic, prefix=row.prefix)), None)
            if row is None:
                continue
            try:
                found = read_announcement(message.topic, message.payload, prefix=row.prefix)
            except AnnouncementError:
                continue  # what an older version understood
            readings = tuple(one for one in found.readings if one.topic[:1] != "$")
            made = _version(row, message, readings)
            if made not in self._versions.setdefault(message.topic, []):
                insort(self._versions[message.topic], made, key=_received)
        self._index()

    def forget_before(self, when_ns: int) -> None:
        """Let go of what no message that was received since then needs; what holds then is needed."""
        before = sum(map(len, self._versions.values()))
        for source, versions in list(self._versions.items()):
            at = max(bisect_left(versions, when_ns, key=_received) - 1, 0)
            if not versions[at].readings and versions[at].received_ns < when_ns:
                at += 1
            if at == len(versions):
                del self._versions[source]
            elif at:
                self._versions[source] = versions[at:]
        if sum(map(len, self._versions.values())) < before:
            self._index()

    def _index(self) -> None:
        """Work out anew which announcement is for which topic."""
        for topic in self._topics.values():
            topic.clear()
        self._weight = 0
        self.left_to_rows.clear()
        self._forget_decoders()
        for source, versions in self._versions.items():
            before: set[str] = set()
            for version in versions:
                self._weight += version.weight
                names = self._free(version)
                for name in before | names:
                    self._topic(name).change(source, version.received_ns)
                before = names
            self._want(source, set(), before)
        self._topics = {name: topic for name, topic in self._topics.items() if topic.sources}


class AnnouncedTopic:
    """A topic that announcements name; decodes each message as what held when it came.

    Attributes:
        name: The topic.
        sources: The announcements that name it, or did.
        wanted_by: Those that name it now.
    """

    skips_retained = False  # whether they are depends on what held

    def __init__(self, name: str, announced: Announced) -> None:
        self.name = name
        self._announced = announced
        self.clear()

    def clear(self) -> None:
        """No announcement names it."""
        self.sources: set[str] = set()
        self.wanted_by: set[str] = set()
        self._changes: list[int] = []

    def is_full(self, source: str) -> bool:
        """Whether there is no room for one more announcement."""
        return len(self.sources) >= _MAX_SOURCES and source not in self.sources

    def change(self, source: str, when_ns: int) -> None:
        """From then on an announcement says something else of it."""
        if self.is_full(source):
            return
        self.sources.add(source)
        if when_ns not in self._changes[-1:]:
            insort(self._changes, when_ns)

    def want(self, source: str) -> bool:
        """An announcement names it; whether none did before."""
        self.wanted_by.add(source)
        return len(self.wanted_by) == 1

    def unwant(self, source: str) -> bool:
        """An announcement does not name it any more; whether none does now."""
        self.wanted_by.discard(source)
        return not self.wanted_by

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """See `ingestor.ports.Decoder`."""
        at = bisect_left(self._changes, message.received_ns)
        if not at:
            return UNROUTED
        decoder = self._announced.decoder(self.name, self._changes[at - 1], self.sources)
        if message.flags & RETAIN and decoder.skips_retained:
            return IGNORED
        return decoder.decode(message, into)


class NotAnnounced:
    """For the time in which nothing is announced for a topic."""

    skips_retained = False

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        return UNROUTED


class AnnouncementDecoder:
    """Decodes announcements: they are no readings. Those that the broker kept are announcements, too.

    Args:
        announced: Who is told.
        row: Which row they come to.
    """

    skips_retained = False

    def __init__(self, announced: Announced, row: DiscoveryRow) -> None:
        self._announced = announced
        self._row = row

    def bind(self, _captures: Mapping[str, str]) -> Decoder:
        """The decoder of a topic: this, for all of them."""
        return self

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        return self._announced.tell(self._row, message)


def _told(one: NotUnderstood) -> str:
    """Why a component is not understood; which one, where the announcement has several."""
    _, several, name = one.source.partition("#")
    return f"{name}: {one.why}" if several else one.why


def _version(row: DiscoveryRow, message: Message, readings: tuple[Announcement, ...]) -> _Version:
    weight = _VERSION_BYTES + message.size + _READING_BYTES * len(readings)
    return _Version(message.received_ns, row, readings, weight)


def _decoder_bytes(key: tuple[str, int]) -> int:
    return _DECODER_BYTES + 4 * len(key[0])


def _nobody() -> None:
    """Nobody wants to know."""
