"""Topic templates: `{rack}/temperature` says which topics a route takes and what their levels are called."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Self

from ingestor.routing.filters import Filter
from ingestor.routing.words import show

_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}")


class Relation(Enum):
    """How the topics of one template are to those of another."""

    APART = "apart"
    SAME = "same"
    NARROWER = "narrower"
    WIDER = "wider"
    CROSSING = "crossing"


class LevelPattern:
    """A level with names in it, such as `{site}-{room}` or `switch:{channel}`.

    A name stands for one sign or more, up to the first sign of what follows it; so there is one way to read a level.

    Attributes:
        names: In their order.
        signs: How many signs stand around them.
    """

    __slots__ = ("_literals", "_matcher", "names", "signs")

    def __init__(self, literals: Sequence[str], names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.signs = sum(map(len, literals))
        self._literals = tuple(literals)
        parts = [re.escape(literals[0])]
        for text in literals[1:]:
            parts.append(f"([^{re.escape(text[0])}]+)" if text else "(.+)")
            parts.append(re.escape(text))
        self._matcher = re.compile("".join(parts), re.DOTALL)

    @classmethod
    def parse(cls, level: str) -> Self:
        """Read a level.

        Raises:
            ValueError: It says what is wrong with it.
        """
        literals = _CAPTURE.split(level)[::3]
        found = list(_CAPTURE.finditer(level))
        if any(capture[2] for capture in found) or any("{" in text or "}" in text for text in literals):
            raise ValueError(f"{level}: in braces stands a name of letters, digits and _; {{name...}} is a whole level")
        if any(not text for text in literals[1:-1]):
            raise ValueError(f"{level}: nothing tells where one name ends and the next begins")
        if any("+" in text or "#" in text for text in literals):
            raise ValueError(f"{level}: + and # stand for whole levels")
        return cls(literals, [capture[1] for capture in found])

    def match(self, level: str) -> Sequence[str] | None:
        """What its names stand for in a level, None where it does not take it."""
        found = self._matcher.fullmatch(level)
        return None if found is None else found.groups()

    def compare(self, other: Self) -> Relation:
        """The same, apart, or crossing where it cannot be told."""
        if self._literals == other._literals:
            return Relation.SAME
        begins = self._literals[0], other._literals[0]
        ends = self._literals[-1], other._literals[-1]
        together = (begins[0].startswith(begins[1]) or begins[1].startswith(begins[0])) and (
            ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])
        )
        return Relation.CROSSING if together else Relation.APART


class Template:
    """A topic filter whose wildcards may have names.

    `{name}` takes one level, or a part of one (`{site}-{room}`), `{name...}` all the rest (and, like `#`, also no
    level at all: then it captures nothing); `+` and `#` do the same without a name; everything else is taken
    literally.

    Attributes:
        filter: What to subscribe to.
        captures: The names, in the order of their levels.
    """

    __slots__ = ("_levels", "_patterns", "_rest", "_rest_at", "_text", "captures", "filter")

    def __init__(
        self,
        text: str,
        pattern: Filter,
        levels: Mapping[str, int],
        *,
        patterns: Mapping[int, LevelPattern],
        rest: str | None,
    ) -> None:
        self._text = text
        self.filter = pattern
        self._levels = levels
        self._patterns = patterns
        self._rest = rest
        self._rest_at = text.count("/")
        within = [name for pattern in patterns.values() for name in pattern.names]
        self.captures = (*levels, *within, *((rest,) if rest else ()))

    def __str__(self) -> str:
        return self._text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a template.

        Raises:
            ValueError: It says what is wrong with it.
        """
        plain: list[str] = []
        levels: dict[str, int] = {}
        patterns: dict[int, LevelPattern] = {}
        rest = None
        parts = text.split("/")
        for at, part in enumerate(parts):
            found = _CAPTURE.fullmatch(part)
            if found is None and "{" not in part and "}" not in part:
                plain.append(part)
            elif found is None:
                patterns[at] = LevelPattern.parse(part)
                plain.append("+")
            elif found[2]:
                if at != len(parts) - 1:
                    raise ValueError(f"{part} stands for all the rest and comes last")
                rest = found[1]
                plain.append("#")
            else:
                if found[1] in levels:
                    raise ValueError(f"{{{found[1]}}} is there twice")
                levels[found[1]] = at
                plain.append("+")
        made = cls(text, Filter.parse("/".join(plain)), levels, patterns=patterns, rest=rest)
        if twice := sorted(name for name in set(made.captures) if made.captures.count(name) > 1):
            raise ValueError(f"{{{twice[0]}}} is there twice")
        return made

    def match(self, topic: Sequence[str]) -> dict[str, str] | None:
        """What the names stand for in a topic; None where the template does not take it.

        Args:
            topic: All of its levels.
        """
        if not self.filter.matches(topic):
            return None
        found = {name: topic[at] for name, at in self._levels.items()}
        for at, pattern in self._patterns.items():
            within = pattern.match(topic[at])
            if within is None:
                return None
            found.update(zip(pattern.names, within, strict=True))
        if self._rest is not None and len(topic) > self._rest_at:
            found[self._rest] = "/".join(topic[self._rest_at :])
        return found

    @property
    def rank(self) -> tuple[tuple[int, int], ...]:
        """Of templates that take a topic the one with the least is the most specific.

        The first level counts most; a literal comes before one with names in it, that before `+`, and `#` comes last.
        Of two with names in them the one with more other signs comes first.
        """
        told = [self._level(at) for at in range(len(self.filter.levels))]
        ranks = [
            (1, -level.signs) if isinstance(level, LevelPattern) else (2 if level == "+" else 0, 0) for level in told
        ]
        return (*ranks, (3, 0)) if self.filter.open_ended else tuple(ranks)

    @property
    def splits(self) -> bool:
        """Whether it takes levels apart, so that its filter takes more than it does."""
        return bool(self._patterns)

    def compare(self, other: Self) -> Relation:
        """How the topics that it takes are to those that the other takes."""
        shared = self.filter.meet(other.filter)
        if shared is None:
            return Relation.APART
        narrower, wider = shared == self.filter, shared == other.filter
        for at in sorted({*self._patterns, *other._patterns}):
            mine, its = self._level(at), other._level(at)
            if isinstance(mine, LevelPattern) and isinstance(its, LevelPattern):
                relation = mine.compare(its)
                if relation is Relation.APART:
                    return relation
                narrower = narrower and relation is Relation.SAME
                wider = wider and relation is Relation.SAME
            elif isinstance(mine, LevelPattern):
                if its not in {"+", None} and mine.match(str(its)) is None:
                    return Relation.APART
                wider = wider and its not in {"+", None}
            elif isinstance(its, LevelPattern):
                if mine not in {"+", None} and its.match(str(mine)) is None:
                    return Relation.APART
                narrower = narrower and mine not in {"+", None}
        if narrower:
            return Relation.SAME if wider else Relation.NARROWER
        return Relation.WIDER if wider else Relation.CROSSING

    def _level(self, at: int) -> "LevelPattern | str | None":
        levels = self.filter.levels
        return self._patterns.get(at) or (levels[at] if at < len(levels) else None)


class NamePattern:
    """A bucket, measurement or device that may be put together from captured levels: `{rack}_temperature`.

    Attributes:
        text: As it was written.
        names: What it is put together from.
    """

    __slots__ = ("_parts", "names", "text")

    def __init__(self, text: str, parts: Sequence[tuple[str, str]]) -> None:
        self.text = text
        self._parts = tuple(parts)  # what stands before a name, and the name; empty at the end
        self.names = frozenset(name for _, name in parts if name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern.

        Raises:
            ValueError: It is no name, or has a brace that opens none.
        """
        pieces = re.split(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", text)
        if not text.isprintable() or not text.strip() or any(set("{}") & set(piece) for piece in pieces[::2]):
            raise ValueError(f"{show(text)} is no name; in one, {{level}} stands for a level that the topic names")
        return cls(text, list(zip(pieces[::2], [*pieces[1::2], ""], strict=True)))

    def fill(self, given: Mapping[str, str]) -> str:
        """The name with what its names stand for.

        Raises:
            KeyError: One of them stands for nothing.
        """
        return "".join(before + (given[name] if name else "") for before, name in self._parts)

    def partly(self, given: Mapping[str, str]) -> Self:
        """The same with what is given put in; nothing of that is read as a name."""
        parts: list[tuple[str, str]] = []
        before = ""
        for text, name in self._parts:
            before += text + given.get(name, "")
            if name not in given:
                parts.append((before, name))
                before = ""
        text = "".join(before + (f"{{{name}}}" if name else "") for before, name in parts)
        return type(self)(text, parts)
