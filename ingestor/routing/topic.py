"""Topic templates: `{rack}/temperature` says which topics a route takes and what their levels are called."""

import re
from collections.abc import Mapping, Sequence
from typing import Self

from ingestor.routing.filters import Filter

_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}")


class Template:
    """A topic filter whose wildcards may have names.

    `{name}` takes one level, `{name...}` all the rest (and, like `#`, also no level at all: then it captures
    nothing); `+` and `#` do the same without a name; everything else is taken literally.

    Attributes:
        filter: What to subscribe to.
        captures: The names, in the order of their levels.
    """

    __slots__ = ("_levels", "_rest", "_rest_at", "_text", "captures", "filter")

    def __init__(self, text: str, pattern: Filter, levels: Mapping[str, int], *, rest: str | None) -> None:
        self._text = text
        self.filter = pattern
        self.captures = (*levels, rest) if rest else tuple(levels)
        self._levels = levels
        self._rest = rest
        self._rest_at = text.count("/")

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
        rest = None
        parts = text.split("/")
        for at, part in enumerate(parts):
            found = _CAPTURE.fullmatch(part)
            if found is None:
                if "{" in part or "}" in part:
                    raise ValueError(f"{part}: a name in braces is a whole level, of letters, digits and _")
                plain.append(part)
                continue
            name, takes_rest = found.groups()
            if name in levels:
                raise ValueError(f"{{{name}}} is there twice")
            if takes_rest and at != len(parts) - 1:
                raise ValueError(f"{part} stands for all the rest and comes last")
            if takes_rest:
                rest = name
            else:
                levels[name] = at
            plain.append("#" if takes_rest else "+")
        return cls(text, Filter.parse("/".join(plain)), levels, rest=rest)

    def match(self, topic: Sequence[str]) -> dict[str, str] | None:
        """What the named levels of a topic are; None where the template does not take it.

        Args:
            topic: All of its levels.
        """
        if not self.filter.matches(topic):
            return None
        found = {name: topic[at] for name, at in self._levels.items()}
        if self._rest is not None and len(topic) > self._rest_at:
            found[self._rest] = "/".join(topic[self._rest_at :])
        return found


class NamePattern:
    """A bucket or measurement that may be put together from captured levels: `{rack}_temperature`.

    Raises:
        ValueError: A brace that opens no name.
    """

    __slots__ = ("names", "text")

    def __init__(self, text: str) -> None:
        if (
            not text.isprintable()
            or not text.strip()
            or set("{}") & set(re.sub(r"\{[A-Za-z_][A-Za-z0-9_]*\}", "", text))
        ):
            raise ValueError("a name, in which {level} stands for a level that the topic names")
        self.text = text
        self.names = frozenset(re.findall(r"\{(\w+)\}", text))

    def fill(self, captures: Mapping[str, str]) -> str:
        """The name with the levels put in.

        Raises:
            KeyError: The topic has no such level.
        """
        return re.sub(r"\{(\w+)\}", lambda found: captures[found[1]], self.text)
