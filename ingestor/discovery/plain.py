"""Topics that nothing is known of: what their payloads were like makes a route and a model, marked as guesses."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ingestor.config import FieldSpec, ModelSpec, Route, StateOf, TimeOf
from ingestor.discovery.leaves import Spread
from ingestor.discovery.proposal import Proposal, ProposedModel, ProposedRoute
from ingestor.discovery.sample import Place, Sample, is_label
from ingestor.discovery.times import rank
from ingestor.discovery.topics import Group
from ingestor.ports import FieldType
from ingestor.routing.announcements.names import fresh, identifier, slug, storable
from ingestor.routing.announcements.quantities import guess
from ingestor.routing.announcements.rows import path_text
from ingestor.routing.words import show
from sensors import Kind

ONLINE: Final = frozenset({"online", "connected", "alive"})
OFFLINE: Final = frozenset({"offline", "disconnected", "lost", "dead"})
_DOCUMENTS: Final = frozenset({"json", "cbor", "msgpack"})
_BARE: Final = frozenset({"value", "text"})
_DEVICES: Final = ("device_id", "device", "sensor_id", "sensor", "node", "mac", "serial", "eui", "id")
"""The likeliest first."""
_MAX_TOLD: Final = 4


class Plain(NamedTuple):
    """What is proposed for a group of topics.

    Attributes:
        proposal: A route, and a model unless the topics tell the state of devices.
        devices: The devices that were heard, with their topics; empty for those that only payloads name.
    """

    proposal: Proposal
    devices: Mapping[str, Sequence[str]]


def propose(group: Group, sample: Sample, *, bucket: str, taken: Collection[str]) -> Plain | None:
    """A route for topics that are alike; None where their payloads hold nothing that can be stored.

    Args:
        group: The topics.
        sample: What was seen on all of them.
        bucket: Where to store it.
        taken: The names of models that are there already.
    """
    if words := _states(sample):
        return _state_row(group, words)
    parts = _Parts.of(sample, word=group.word)
    if not parts.fields:
        return None
    captures = group.captures({*parts.names, *parts.keys})
    name = _model_name(group, taken)
    device = _pattern(captures) or next((f"{{{tag}}}" for tag in _likely_devices(parts.tags)), None)
    manner = sample.manner
    route = Route(
        topic=group.template(captures),
        model=name,
        format="value" if manner.format == "text" else manner.format,
        compression=manner.compression,
        bucket=bucket,
        measurement="{measurement}" if manner.format == "line" else None,
        device=device,
        paths=parts.paths,
        each=None if manner.each is None else (path_text(manner.each) or "$"),
        each_key=fresh("item", {*parts.names, *captures}) if sample.repeats and manner.each is not None else None,
        csv=manner.csv,
        time=TimeOf(field=parts.time, zone=parts.zone) if parts.time else TimeOf(),
    )
    spec = ModelSpec(tags=tuple(parts.tags), fields=dict(_specs(parts.fields)))
    told = {field: _told(field, spread) for field, spread in parts.fields.items()}
    notes = _notes(group, sample, parts)
    proposal = Proposal((ProposedRoute(route, notes),), (ProposedModel(name, spec, told),))
    return Plain(proposal, _heard(group, parts.tags, device) if device else {})


class _Parts(NamedTuple):
    """What the values of readings become, by the names that they get."""

    fields: dict[str, Spread]
    tags: dict[str, Spread]
    paths: dict[str, str]
    time: str | None
    zone: str | None
    keys: frozenset[str]

    @property
    def names(self) -> set[str]:
        """All names that are used."""
        return {*self.fields, *self.tags, *((self.time,) if self.time else ())}

    @classmethod
    def of(cls, sample: Sample, *, word: str) -> "_Parts":
        """Name the values; `word` is what the topics say that they are."""
        clock = _clock(sample)
        spreads = {
            place: spread
            for place, spread in sample.spreads.items()
            if place != clock and spread.kind is not None and not spread.told_tag
        }
        named = _named(sample, [*([clock] if clock else []), *spreads], word=word)
        tags = {
            named[place]: spread
            for place, spread in spreads.items()
            if place in named and spread.labels and is_label(place.name)
        }
        fields = {named[place]: spread for place, spread in spreads.items() if place in named}
        if len(tags) < len(fields):
            fields = {name: spread for name, spread in fields.items() if name not in tags}
        else:
            tags = {}
        paths = {named[place]: path for place in named if (path := _path(sample, place, named[place]))}
        keys = frozenset(place.steps[0] for place in sample.spreads if place.steps and isinstance(place.steps[0], str))
        time = named.get(clock) if clock else None
        zone = sample.times[clock].zone if clock else None
        return cls(dict(sorted(fields.items())), dict(sorted(tags.items())), paths, time, zone, keys)


def _clock(sample: Sample) -> Place | None:
    """The place that is likeliest that of the time."""
    clocks = [place for place, watch in sample.times.items() if watch.is_time and sample.manner.format not in _BARE]
    return min(clocks, key=lambda place: (rank(place.name) or 0, str(place)), default=None)


def _named(sample: Sample, places: Sequence[Place], *, word: str) -> dict[Place, str]:
    """Names for values: their own where they stand at the top, else the last key on the way, or all of it."""
    if sample.manner.format in _BARE:
        return {place: word if storable(word) else "value" for place in places}
    nameable = sample.manner.format in _DOCUMENTS
    own = {place: place.name for place in places if len(place.steps) == 1 and not place.around}
    clock = _clock(sample)
    found = {place: name for place, name in own.items() if storable(name) or (place == clock and name == "time")}
    if not nameable:
        return found
    last = Counter(place.name for place in places)
    for place in places:
        if place in found or '"' in place.name:
            continue
        name = place.name if storable(place.name) else identifier(place.name, "value")
        if name in own.values() or last[place.name] > 1:
            name = identifier("_".join(map(str, place.steps)), "value")
        found[place] = fresh(name, {*found.values(), *own.values(), "time"})
    return found


def _path(sample: Sample, place: Place, name: str) -> str:
    """The path of a value; empty where it stands under its name."""
    if place.around:
        text = path_text(place.steps)
        return f"$.{text}" if isinstance(place.steps[0], str) else f"${text}"
    if sample.manner.format not in _DOCUMENTS or place.steps == (name,):
        return ""
    return path_text(place.steps) or "."


def _likely_devices(tags: Mapping[str, Spread]) -> Iterator[str]:
    plain = {slug(tag): tag for tag in tags if tag.isidentifier() and tag.isascii()}
    return (plain[name] for name in _DEVICES if name in plain)


def _pattern(captures: Sequence[str]) -> str | None:
    return "/".join(f"{{{name}}}" for name in captures) or None


def _heard(group: Group, tags: Mapping[str, Spread], device: str) -> dict[str, list[str]]:
    """The devices, each with its topics."""
    at = [here for here, level in enumerate(group.levels) if level is None]
    found: dict[str, list[str]] = {}
    if not at:
        return {word: [] for word in sorted(tags[device.strip("{}")].labels)}
    for topic in group.topics:
        levels = topic.split("/")
        found.setdefault("/".join(levels[here] for here in at), []).append(topic)
    return found


def _states(sample: Sample) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The words that say online and offline, where all that was said are such."""
    spread = sample.spreads.get(Place(()))
    words = {} if spread is None else {word.lower(): word for word in spread.words or ()}
    if sample.manner.format != "text" or not words or words.keys() - ONLINE - OFFLINE:
        return None
    online = tuple(sorted(words.keys() & ONLINE)) or ("online",)
    return online, tuple(sorted(words.keys() & OFFLINE)) or ("offline",)


def _state_row(group: Group, words: tuple[tuple[str, ...], tuple[str, ...]]) -> Plain:
    captures = group.captures()
    device = _pattern(captures) or (group.topics[0].rpartition("/")[0].rpartition("/")[2] or group.topics[0])
    route = Route(topic=group.template(captures), device=device, state=StateOf(online=words[0], offline=words[1]))
    return Plain(Proposal((ProposedRoute(route, (*_topics(group), "guess: whether a device is there")),)), {})


def _model_name(group: Group, taken: Collection[str]) -> str:
    """What is measured, with what stands before it where that name is taken."""
    word = identifier(group.levels[group.what] or "", "readings") if group.levels[group.what] else ""
    first = next((level for level in group.levels if level and level != group.levels[group.what]), None)
    whole = identifier(f"{first}_{word}", "readings") if first and word else "readings"
    return word if word and word not in taken else fresh(whole, taken)


def _specs(fields: Mapping[str, Spread]) -> Iterator[tuple[str, FieldSpec]]:
    for name, spread in fields.items():
        kind = FieldType((spread.kind or Kind.FLOAT).value)
        supposed = guess(name) if kind is FieldType.FLOAT else None
        if supposed is None or not _inside(spread, supposed.low, supposed.high):
            yield name, FieldSpec(type=kind)
        else:
            yield name, FieldSpec(type=kind, unit=supposed.unit or None, min=supposed.low, max=supposed.high)


def _inside(spread: Spread, low: float | None, high: float | None) -> bool:
    return (low is None or spread.low is None or spread.low >= low) and (
        high is None or spread.high is None or spread.high <= high
    )


def _told(name: str, spread: Spread) -> str:
    """What is said of a field."""
    if spread.kind in {Kind.FLOAT, Kind.INT}:
        seen = show(spread.low) if spread.low == spread.high else f"{show(spread.low)} to {show(spread.high)}"
    elif spread.words:
        words = sorted(spread.words)
        seen = ", ".join(map(show, words[:_MAX_TOLD])) + (", …" if len(words) > _MAX_TOLD else "")
    else:
        seen = "true or false" if spread.kind is Kind.BOOL else "many texts"
    notes = [f"guess; seen: {seen}"]
    if spread.mixed:
        notes.append("and values of another type, which are set aside")
    if spread.numeric_text:
        notes.append("numbers that are sent as text")
    if spread.kind is Kind.FLOAT and (supposed := guess(name)) and not _inside(spread, supposed.low, supposed.high):
        notes.append(f"not {supposed.unit}, as its name says" if supposed.unit else "an odd range")
    return "; ".join(notes)


def _topics(group: Group) -> tuple[str, ...]:
    if len(group.topics) == 1:
        return ()
    return (f"{len(group.topics):,} topics, such as {group.topics[0]}",)


def _notes(group: Group, sample: Sample, parts: _Parts) -> tuple[str, ...]:
    notes = list(_topics(group))
    if parts.time:
        notes.append(f"guess: {parts.time} is the time" + (", in UTC" if parts.zone else ""))
    if parts.tags:
        notes.append(f"guess: {', '.join(parts.tags)} {'says' if len(parts.tags) == 1 else 'say'} where it belongs")
    if sample.manner.csv.columns:
        notes.append("guess: the lines name no columns; give them names, here and in the model")
    if sample.repeats and sample.manner.each is None:
        notes.append(
            "readings of one message have neither a time nor a text of their own: the last replaces the others"
        )
    if sample.unread:
        notes.append(f"{sample.unread:,} messages were written otherwise")
    return tuple(notes)
