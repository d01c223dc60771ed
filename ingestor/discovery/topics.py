"""Topics that are alike, put together as templates: levels that vary get names."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Self

from ingestor.discovery.sample import Sample
from ingestor.routing.announcements.names import fresh, identifier, slug
from ingestor.routing.announcements.quantities import LIMITS, guess
from sensors.catalog import CATALOG

_ADDS_NOTHING: Final = frozenset(
    {"state", "status", "value", "data", "get", "reading", "readings", "measurement", "json"}
)
_BARE: Final = frozenset({"value", "text"})


class Group(NamedTuple):
    """Topics that one route can take.

    Attributes:
        levels: Of the template; None where they vary.
        topics: At least one, in order.
    """

    levels: tuple[str | None, ...]
    topics: tuple[str, ...]

    @classmethod
    def of(cls, topic: str) -> Self:
        """A topic alone."""
        return cls(tuple(topic.split("/")), (topic,))

    @property
    def what(self) -> int:
        """The level that tells what is measured: the last that says a quantity, else the last that is a word.

        Levels with digits are somebody's name or number; `state` behind a word adds nothing to it.
        """
        words = [slug(level or "") for level in self.levels]
        plain = [bool(word) and not re.search(r"\d", word) for word in words]
        known = [at for at, level in enumerate(self.levels) if is_quantity(level or "")]
        said = [
            at for at in range(len(words)) if plain[at] and not (words[at] in _ADDS_NOTHING and at and plain[at - 1])
        ]
        return (known or said or [len(words) - 1])[-1]

    @property
    def word(self) -> str:
        """What that level says, as a name; empty where it is no word."""
        word = slug(self.levels[self.what] or "")
        return word if word[:1].isalpha() else ""

    def values(self, at: int) -> list[str]:
        """What a level of the topics can be, in order."""
        return sorted({topic.split("/")[at] for topic in self.topics})

    def captures(self, taken: Iterable[str] = ()) -> list[str]:
        """Names for the levels that vary, in their order; none of those that are taken."""
        names: list[str] = []
        for at, level in enumerate(self.levels):
            if level is None:
                before = self.levels[at - 1] if at else None
                names.append(fresh(_name(self.values(at), before), {*names, *taken, "time"}))
        return names

    def template(self, captures: Sequence[str]) -> str:
        """The topic of a route, with those names."""
        names = iter(captures)
        return "/".join(f"{{{next(names)}}}" if level is None else level for level in self.levels)


def is_quantity(word: str) -> bool:
    """Whether a level is the name of something that can be measured."""
    return guess(word) is not None or slug(word) in LIMITS or slug(word) in CATALOG


def grouped(samples: Mapping[str, Sample]) -> list[Group]:
    """The topics in as few groups as can be told: those of a group differ in levels that say whose, and not what.

    Args:
        samples: What was seen on each topic.
    """
    groups = [Group.of(topic) for topic in sorted(samples)]
    merged = True
    while merged:
        before = len(groups)
        for at in range(max((len(group.levels) for group in groups), default=0)):
            groups = list(_merged(groups, at, samples))
        merged = len(groups) < before
    return groups


def split(group: Group) -> list[Group]:
    """The topics of a group, each alone."""
    return [Group.of(topic) for topic in group.topics]


def _merged(groups: Sequence[Group], at: int, samples: Mapping[str, Sample]) -> Iterator[Group]:
    """The groups, with those in one that only differ in the level."""
    alike: dict[object, list[list[Group]]] = {}
    for group in groups:
        sample = samples[group.topics[0]]
        key = _key(group, at, sample)
        if key is None:
            yield group
            continue
        clusters = alike.setdefault(key, [])
        home = next((one for one in clusters if samples[one[0].topics[0]].alike(sample)), None)
        if home is None:
            clusters.append([group])
        else:
            home.append(group)
    for clusters in alike.values():
        for cluster in clusters:
            yield cluster[0] if len(cluster) == 1 else _one(cluster, at)


def _one(groups: Sequence[Group], at: int) -> Group:
    levels = groups[0].levels
    topics = tuple(sorted(topic for group in groups for topic in group.topics))
    return Group((*levels[:at], None, *levels[at + 1 :]), topics)


def _key(group: Group, at: int, sample: Sample) -> object:
    """What groups have in common that may differ in the level; None where this one may not."""
    levels = group.levels
    if at >= len(levels) or levels[at] is None or not any(level for here, level in enumerate(levels) if here != at):
        return None
    rest = (*levels[:at], *levels[at + 1 :])
    if not _is_one_value(sample):
        return rest, sample.manner
    what = group.what
    numbered = re.sub(r"\d+", "#", levels[at] or "") if at == what else ""
    return None if at == what and "#" not in numbered else (rest, sample.manner, what, numbered)


def _is_one_value(sample: Sample) -> bool:
    """Whether a reading is one value whose name says nothing, so that the topic alone tells what it is."""
    names = {slug(place.name) for place in sample.spreads}
    return sample.manner.format in _BARE or (len(names) == 1 and names <= _ADDS_NOTHING)


def _name(values: Sequence[str], before: str | None) -> str:
    """A name for a level: what its values begin with (`rack1`, `rack2`), or what stands before it (`sensors/…`)."""
    stems = {re.fullmatch(r"([A-Za-z]{2,}?)[-_ ]?[0-9]+", value) for value in values}
    words = {found[1].lower() for found in stems if found}
    if None not in stems and len(words) == 1:
        return identifier(words.pop(), "device")
    group = slug(before or "")
    if group.isalpha() and len(group) > 3 and group.endswith("s") and not group.endswith(("ss", "us")):
        return group[:-3] + "y" if group.endswith("ies") else group[:-1]
    return "device"
