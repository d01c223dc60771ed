"""What was announced for Home Assistant, as rows of a configuration, made to fit what was heard."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ingestor.config import ModelSpec
from ingestor.discovery.leaves import Spread
from ingestor.discovery.proposal import Proposal, ProposedDevice, ProposedModel, ProposedRoute
from ingestor.discovery.sample import Place, Sample
from ingestor.discovery.trial import sample
from ingestor.ports import Message
from ingestor.routing.announcements.announcement import (
    Announcement,
    AnnouncementError,
    NotUnderstood,
    is_announcement,
    read_announcement,
)
from ingestor.routing.announcements.names import fresh
from ingestor.routing.announcements.rows import as_device, as_route, as_states, by_topic, clashing, named
from ingestor.routing.words import show
from sensors import Kind


class Heard(NamedTuple):
    """All that was announced and not taken back.

    Attributes:
        readings: What is understood.
        strange: What is not.
        topics: The topics of the announcements.
    """

    readings: tuple[Announcement, ...]
    strange: tuple[NotUnderstood, ...]
    topics: frozenset[str]


def listen(messages: Iterable[Message]) -> Heard:
    """The announcements among messages; of one topic the last counts."""
    last = {message.topic: message for message in messages if is_announcement(message.topic)}
    readings: list[Announcement] = []
    strange: list[NotUnderstood] = []
    for topic, message in sorted(last.items()):
        try:
            found = read_announcement(topic, message.payload)
        except AnnouncementError as error:
            strange.append(NotUnderstood(topic, str(error)))
        else:
            readings += found.readings
            strange += found.strange
    clash = clashing(readings)
    strange += [NotUnderstood(one.source, f"{one.field} is corrected in another way elsewhere") for one in clash]
    return Heard(tuple(one for one in readings if one not in clash), tuple(strange), frozenset(last))


def propose(
    readings: Iterable[Announcement],
    messages: Mapping[str, Sequence[Message]],
    *,
    bucket: str,
    taken: Collection[str],
) -> Proposal:
    """Routes, models and devices for what is announced.

    Args:
        readings: What is announced.
        messages: What was heard, by topic.
        bucket: Where to store it.
        taken: The names of models that are there already.
    """
    routes: list[ProposedRoute] = []
    models: list[ProposedModel] = []
    called: list[tuple[str, str, ModelSpec]] = []  # as announced, as it is called here, and what it is
    topics = by_topic(readings)
    for topic, of in topics.items():
        heard = sample(messages[topic]) if topic in messages else None
        fitted = [one if heard is None else _fit(one, heard) for one in of]
        row, name, spec = as_route(fitted, bucket)
        own = next((own for was, own, known in called if (was, known) == (name, spec)), "")
        if not own:
            names = {*taken, *(own for _, own, _ in called)}
            own = name if name not in names else fresh(f"ha_{name}", names)
            called.append((name, own, spec))
            models.append(ProposedModel(own, spec, dict(_told(of, fitted, heard))))
        notes = () if heard else ("nothing was heard on it",)
        routes.append(ProposedRoute(row.model_copy(update={"model": own}), notes))
    every = [one for of in topics.values() for one in of]
    states = [ProposedRoute(row) for row in as_states(every) if row.topic not in topics]
    found = [
        as_device(one for one in every if one.device == device) for device in sorted({one.device for one in every})
    ]
    devices = tuple(ProposedDevice(device) for device in found if device is not None)
    return Proposal((*routes, *states), tuple(models), devices)


def _fit(one: Announcement, heard: Sample) -> Announcement:
    """The announcement without what the values that were heard speak against: devices are not always as they say."""
    spread = heard.spreads.get(Place(one.steps or ()))
    if spread is None or spread.kind is None:
        return one
    if _kind(one, spread) is not one.kind:
        one = one._replace(kind=_kind(one, spread), choices=(), factor=1.0, offset=0.0)
    if one.kind is not Kind.FLOAT:
        one = one._replace(low=None, high=None)
        fits = spread.words is not None and spread.words <= set(one.choices)
        return one if fits else one._replace(choices=())
    low, high = _ends(one, spread)
    return one if _inside(one, low, high) else one._replace(low=None, high=None)


def _kind(one: Announcement, spread: Spread) -> Kind | None:
    """What it is: as announced, unless the values are something else; 1 and 0 are truth values, too, when bare."""
    if one.kind is Kind.BOOL and one.steps is None and spread.kind in {Kind.FLOAT, Kind.BOOL}:
        return one.kind
    if one.kind is Kind.TEXT and one.steps is None:
        return one.kind
    return Kind.FLOAT if spread.kind is Kind.INT else spread.kind


def _ends(one: Announcement, spread: Spread) -> tuple[float, float]:
    """The least and the greatest value, as they are stored."""
    ends = [(spread.low or 0.0) * one.factor + one.offset, (spread.high or 0.0) * one.factor + one.offset]
    return min(ends), max(ends)


def _inside(one: Announcement, low: float, high: float) -> bool:
    return (one.low is None or low >= one.low) and (one.high is None or high <= one.high)


def _told(
    announced: Sequence[Announcement], fitted: Sequence[Announcement], heard: Sample | None
) -> Iterator[tuple[str, str]]:
    """What is said of fields that are not as they were announced, or of which nothing was."""
    before = {one.source: one for one in announced}
    for name, one in named(fitted).items():
        was = before[one.source]
        spread = heard.spreads.get(Place(one.steps or ())) if heard else None
        if was.kind is None:
            yield name, f"guess: {one.kind}; nothing is announced of its type" if one.kind else "guess: text"
        elif was.kind is not one.kind and spread is not None:
            words = ", ".join(map(show, sorted(spread.words or ())[:3]))
            yield name, f"announced as {was.kind}, and sent as {one.kind}" + (f": {words}" if words else "")
        elif (was.low, was.high, was.choices) != (one.low, one.high, one.choices):
            yield name, "what was sent is not within what its kind can be"
