"""From what was heard on a broker to a proposal: families first, then what is announced, then what is only seen."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from ingestor.config import Device
from ingestor.discovery import announced, plain
from ingestor.discovery.families import Families
from ingestor.discovery.proof import Proof, prove
from ingestor.discovery.proposal import Proposal, ProposedDevice, joined
from ingestor.discovery.sample import Sample
from ingestor.discovery.topics import Group, grouped, split
from ingestor.discovery.trial import sample
from ingestor.ports import FieldType, Message
from ingestor.routing.announcements.announcement import NotUnderstood
from ingestor.routing.topic import Relation, Template
from sensors.catalog import CATALOG

_NO_READING: Final = re.compile(r"(.*/)?(set|get|cmnd|cmd|commands?|rpc|debug|logs?)(/.*)?", re.DOTALL)
_BIRTH: Final = "homeassistant/status"
_INTERVALS: Final = (10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400)
_SLACK: Final = 3
_MAX_DEVICES: Final = 500
_MAX_GROUPS: Final = 1_000
_MAX_TOLD: Final = 20


def discover(messages: Iterable[Message], *, bucket: str, taken: Collection[str] = ()) -> Proposal:
    """Routes, models and devices for what was heard; the same for the same messages.

    Args:
        messages: In the order in which they came.
        bucket: Where readings are to go.
        taken: The names of models that are there already.
    """
    heard = _by_topic(messages)
    told = announced.listen(message for of in heard.values() for message in of)
    readable = {topic: of for topic, of in heard.items() if topic not in told.topics and topic != _BIRTH}
    families = Families(readable, bucket=bucket)
    presets = families.choose(prefixed=True)
    known = [one for one in told.readings if families.takes(one.topic)]
    names = {*taken, *CATALOG}
    rest = [one for one in told.readings if one not in known]
    announcements = announced.propose(rest, heard, bucket=bucket, taken=names)
    spoken_for = [row.route.topic for row in announcements.routes]
    presets += families.choose(spoken_for, prefixed=False)
    names |= {model.name for model in announcements.models}
    others = {topic: of for topic, of in readable.items() if topic not in {*families.topics, *spoken_for}}
    left_out = {topic for topic in others if _NO_READING.fullmatch(topic)}
    seen, unread = _samples({topic: of for topic, of in others.items() if topic not in left_out})
    fixed = [*families.templates(), *map(Template.parse, spoken_for)]
    groups = _apart(grouped(seen), fixed, left_out | unread)
    guesses = _plain(groups[:_MAX_GROUPS], seen, bucket=bucket, taken=names, known=announcements)
    found = _correctable(joined([Proposal(tuple(presets)), announcements, guesses]))
    return found._replace(
        remarks=(
            *_count(
                prove(found.config(), [one for topic, of in readable.items() if topic not in left_out for one in of])
            ),
            *_list("is announced, and taken in by a preset", sorted({one.topic for one in known})),
            *_list("is announced, and not understood", [_words(one) for one in told.strange]),
            *_list("is left out, as commands and logs are no readings", sorted(left_out)),
            *_list("is not understood", sorted(unread)),
            *_list("is left out: too many topics", [group.topics[0] for group in groups[_MAX_GROUPS:]]),
        )
    )


def _by_topic(messages: Iterable[Message]) -> dict[str, list[Message]]:
    """By topics that a route can name, in their order."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.topic, []).append(message)
    return {topic: found[topic] for topic in sorted(found) if not topic.startswith("$")}


def _samples(messages: Mapping[str, Sequence[Message]]) -> tuple[dict[str, Sample], set[str]]:
    """What was seen on topics, and the topics of which nothing is understood."""
    found: dict[str, Sample] = {}
    for topic, of in messages.items():
        one = None if set(topic) & set("{}+#\0") else sample(of)
        if one is not None:
            found[topic] = one
    return found, messages.keys() - found.keys()


def _apart(groups: Sequence[Group], fixed: Sequence[Template], not_meant: Collection[str]) -> list[Group]:
    """The groups, those as single topics that would cross larger ones or take topics that are not meant."""
    known = list(fixed)
    found: list[Group] = []
    refused = {Relation.CROSSING, Relation.SAME}
    for group in sorted(groups, key=lambda group: (-len(group.topics), group.topics)):
        if None not in group.levels:
            found.append(group)  # a single topic crosses nothing
            continue
        template = Template.parse(group.template(group.captures()))
        crosses = any(template.compare(other) in refused for other in known)
        if crosses or any(template.match(topic.split("/")) is not None for topic in not_meant):
            found += split(group)
        else:
            found.append(group)
            known.append(template)
    return sorted(found, key=lambda group: group.topics)


def _plain(
    groups: Sequence[Group], seen: Mapping[str, Sample], *, bucket: str, taken: set[str], known: Proposal
) -> Proposal:
    found: list[Proposal] = []
    devices: dict[str, list[int]] = {}
    for group in groups:
        whole = Sample(seen[group.topics[0]].manner)
        for topic in group.topics:
            whole.merge(seen[topic])
        one = plain.propose(group, whole, bucket=bucket, taken=taken)
        if one is not None:
            found.append(one.proposal)
            taken = taken | {model.name for model in one.proposal.models}
            for device, topics in one.devices.items():
                devices.setdefault(device, []).extend(time for topic in topics for time in seen[topic].received)
    there = {row.device.id for row in known.devices}
    rows = [_device(device, times) for device, times in sorted(devices.items()) if device not in there]
    return joined([*found, Proposal(devices=tuple(rows[:_MAX_DEVICES]))])


def _correctable(proposal: Proposal) -> Proposal:
    """The proposal without devices of routes where a field that is corrected for some device is no float."""
    corrected = {name for row in proposal.devices for name in row.device.calibration}
    others = {
        model.name
        for model in proposal.models
        if any(name in corrected and field.type is not FieldType.FLOAT for name, field in model.spec.fields.items())
    }
    return proposal._replace(
        routes=tuple(
            row._replace(route=row.route.model_copy(update={"device": None})) if row.route.model in others else row
            for row in proposal.routes
        )
    )


def _device(device: str, received: Sequence[int]) -> ProposedDevice:
    """A row with an interval that the device kept well."""
    times = sorted(received)
    gaps = [after - before for before, after in pairwise(times)]
    if len(gaps) < _SLACK:
        return ProposedDevice(Device(id=device))
    usual = max(median(gaps), max(gaps) / _SLACK) / 1e9
    interval = next((secs for secs in _INTERVALS if secs >= usual * _SLACK), None)
    if interval is None:
        return ProposedDevice(Device(id=device))
    return ProposedDevice(
        Device.model_validate({"id": device, "interval": f"{interval}s"}), f"guess; it sent every {usual:.3g} s"
    )


def _count(proof: Proof) -> Iterator[str]:
    """What the proposal would do with what was heard."""
    heard, stored = f"{proof.heard:,}", f"{proof.stored:,}"
    yield f"Of {heard} messages that may be readings, the routes below would store {stored} ({proof.points:,} points)."
    if proof.ignored:
        yield f"No readings, but states of devices and the like: {proof.ignored:,}."
    if proof.kept:
        yield f"Kept by the broker from before, and skipped (retained: skip): {proof.kept:,}."
    if proof.unrouted:
        yield f"On topics that no route takes; see below: {proof.unrouted:,}."
    if proof.refused or proof.faults:
        yield f"Set aside: {proof.refused:,}. What is set aside, fields included:"
        yield from (f"  {count:,} x {fault}" for fault, count in proof.faults)


def _list(what: str, things: Sequence[str]) -> Iterator[str]:
    if things:
        yield f"What {what}:"
        yield from (f"  {thing}" for thing in things[:_MAX_TOLD])
        if len(things) > _MAX_TOLD:
            yield f"  and {len(things) - _MAX_TOLD:,} more"


def _words(one: NotUnderstood) -> str:
    return f"{one.source}: {one.why}" + (f": {one.template}" if one.template else "")
