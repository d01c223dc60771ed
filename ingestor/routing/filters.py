"""Arithmetic of MQTT topic filters: what they match, cover and share, and which to subscribe to.

The rules are those of MQTT 5, section 4.7: levels may be empty, `#` also takes the level above it, and a wildcard in
the first level takes no topic that begins with `$`.
"""

from collections.abc import Iterable
from itertools import zip_longest

_MAX_BYTES = 65_535


def check_filter(text: str) -> None:
    """Refuse what is not a topic filter.

    Raises:
        ValueError: It says what is wrong with it.
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


def matches(pattern: str, topic: str) -> bool:
    """Whether a message on `topic` is delivered to a subscription of `pattern`."""
    wanted, given = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    if wanted[-1] == "#":
        wanted.pop()
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(w in {"+", g} for w, g in zip(wanted, given, strict=True))


def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` matches every topic that `narrow` matches."""
    return meet(wide, narrow) == _text(*_split(narrow))


def meet(one: str, other: str) -> str | None:
    """The filter of the topics that both match, None where there are none."""
    (a, a_open), (b, b_open) = _split(one), _split(other)
    depth = max(len(a), len(b))
    if (len(a) < depth and not a_open) or (len(b) < depth and not b_open):
        return None
    shared = []
    for x, y in zip_longest(a, b, fillvalue="+"):
        if x != y and "+" not in {x, y}:
            return None
        shared.append(y if x == "+" else x)
    if shared[0].startswith("$") and a[0] != b[0]:
        return None
    return _text(shared, a_open and b_open)


def join(one: str, other: str) -> str:
    """The narrowest filter that covers both, of two that share topics."""
    (a, a_open), (b, b_open) = _split(one), _split(other)
    return _text([x if x == y else "+" for x, y in zip(a, b, strict=False)], a_open or b_open)


def subscriptions(filters: Iterable[str]) -> tuple[str, ...]:
    """The fewest filters that bring every message of `filters`, and each only once.

    A filter that another covers is left out; filters that only cross (`a/+` and `+/b`) become the narrowest one that
    covers both: mosquitto sends a message once for each matching filter.
    """
    apart: list[str] = []
    for pattern in filters:
        wide = _text(*_split(pattern))
        while touching := [known for known in apart if meet(known, wide) is not None]:
            apart = [known for known in apart if known not in touching]
            for known in touching:
                wide = join(wide, known)
        apart.append(wide)
    return tuple(sorted(apart))


def _split(pattern: str) -> tuple[list[str], bool]:
    """The levels without a last `#`, and whether there was one; `#` alone is `+/#`, which takes the same topics."""
    levels = pattern.split("/")
    if levels[-1] != "#":
        return levels, False
    return levels[:-1] or ["+"], True


def _text(levels: list[str], open_ended: bool) -> str:  # noqa: FBT001 - the other half of what _split gives
    if not open_ended:
        return "/".join(levels)
    return "#" if levels == ["+"] else "/".join([*levels, "#"])
