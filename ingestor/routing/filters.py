"""Arithmetic of MQTT topic filters: what they match, cover and share, and which to subscribe to.

The rules are those of MQTT 5, section 4.7: levels may be empty, `#` also takes the level above it, and a wildcard in
the first level takes no topic that begins with `$`.
"""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple, Self

_MAX_BYTES: Final = 65_535


class Filter(NamedTuple):
    """A topic filter, taken apart: its levels without a last `#`, and whether there was one.

    Two filters that take the same topics are equal: `#` is `+/#`, as every topic has a first level.
    """

    levels: tuple[str, ...]
    open_ended: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a filter apart.

        Raises:
            ValueError: It is not a topic filter; it says why.
        """
        levels = text.split("/")
        if not text or len(text.encode("utf-8", "replace")) > _MAX_BYTES:
            raise ValueError("a topic has between 1 and 65,535 bytes")
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ValueError("a topic cannot hold NUL or half of a surrogate pair")
        if any(len(level) > 1 and ("+" in level or "#" in level) for level in levels):
            raise ValueError("+ and # stand for whole levels")
        if "#" in levels[:-1]:
            raise ValueError("# stands for all the rest and comes last")
        if levels[0] == "$share":
            raise ValueError("shared subscriptions are set with mqtt.shared_group")
        if levels[-1] != "#":
            return cls(tuple(levels), open_ended=False)
        return cls(tuple(levels[:-1]) or ("+",), open_ended=True)

    def __str__(self) -> str:
        if not self.open_ended:
            return "/".join(self.levels)
        return "#" if self.levels == ("+",) else "/".join([*self.levels, "#"])

    def matches(self, topic: Sequence[str]) -> bool:
        """Whether a message on the topic of these levels is delivered to a subscription of this filter."""
        levels, missing = self.levels, len(self.levels) - len(topic)
        if missing > 0 or (missing < 0 and not self.open_ended):
            return False
        for wanted, given in zip(levels, topic, strict=False):
            if wanted not in ("+", given):
                return False
        return levels[0] != "+" or not topic[0].startswith("$")

    def meet(self, other: Self) -> Self | None:
        """The filter of the topics that both match, None where there are none."""
        mine, its = self.levels, other.levels
        if (len(mine) < len(its) and not self.open_ended) or (len(its) < len(mine) and not other.open_ended):
            return None
        shared = []
        for x, y in zip_longest(mine, its, fillvalue="+"):
            if x not in {y, "+"} and y != "+":
                return None
            shared.append(y if x == "+" else x)
        if shared[0].startswith("$") and mine[0] != its[0]:
            return None
        return type(self)(tuple(shared), self.open_ended and other.open_ended)

    def covers(self, other: Self) -> bool:
        """Whether this matches every topic that the other matches."""
        return self.meet(other) == other

    def join(self, other: Self) -> Self:
        """The narrowest filter that covers both, of two that share topics."""
        levels = (x if x == y else "+" for x, y in zip(self.levels, other.levels, strict=False))
        return type(self)(tuple(levels), self.open_ended or other.open_ended)


def subscriptions(filters: Iterable[str]) -> tuple[str, ...]:
    """The fewest filters that bring every message of `filters`, and each only once.

    A filter that another covers is left out; filters that only cross (`a/+` and `+/b`) become the narrowest one that
    covers both: mosquitto sends a message once for each matching filter.

    Raises:
        ValueError: One of them is not a topic filter.
    """
    apart: list[Filter] = []
    for pattern in filters:
        wide = Filter.parse(pattern)
        while touching := [known for known in apart if known.meet(wide) is not None]:
            apart = [known for known in apart if known not in touching]
            for known in touching:
                wide = wide.join(known)
        apart.append(wide)
    return tuple(sorted(map(str, apart)))
