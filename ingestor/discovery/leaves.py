"""The values in what payloads say, by where they stand, and what all of them have in common."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from ingestor.routing.announcements.template import Steps
from ingestor.routing.unpack import TagText, WholeNumber
from sensors import Kind

MAX_LEAVES: Final = 300
_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 32
_MAX_WORDS: Final = 64
_LONGEST_TAG: Final = 200
_EXACT: Final = 2**53
"""Beyond it a float does not hold every whole number."""

Leaves = Mapping[Steps, object]
"""Numbers, truth values, text and None, by where they stand."""


def leaves(document: object) -> dict[Steps, object]:
    """The values of a document that a route can name; of very large ones the first."""
    found: dict[Steps, object] = {}
    for steps, value in _walk((), document):
        if len(found) == MAX_LEAVES:
            break
        found[steps] = value
    return found


def _walk(steps: Steps, value: object) -> Iterator[tuple[Steps, object]]:
    if isinstance(value, dict) and len(steps) < _MAX_DEPTH:
        for key, inner in value.items():
            alone = not steps and not isinstance(inner, dict | list)  # it needs no path
            if key and ('"' not in key or alone):
                yield from _walk((*steps, key), inner)
    elif isinstance(value, list) and len(steps) < _MAX_DEPTH:
        for at, inner in enumerate(value[:_MAX_ITEMS]):
            yield from _walk((*steps, at), inner)
    elif value is None or isinstance(value, bool | int | float | str):
        yield steps, value


class Spread:
    """What the values of one place were like.

    Attributes:
        kinds: How many of each kind there were; whole numbers only where the format tells them apart.
        low: The least number, None where there was none.
        high: The greatest.
        fractions: Whether a number was written as a fraction.
        beyond: Whether a whole number was more than a float holds exactly.
        words: The texts, while they are few; None where they are many.
        whole: The same of whole numbers from 0 on, as text.
        in_line: Whether each text can be a tag.
        told_tag: Whether the format tells that they are tags.
    """

    def __init__(self) -> None:
        self.kinds: Counter[Kind] = Counter()
        self.low: float | None = None
        self.high: float | None = None
        self.fractions = False
        self.beyond = False
        self.words: frozenset[str] | None = frozenset()
        self.whole: frozenset[str] | None = frozenset()
        self.in_line = True
        self.told_tag = False

    def add(self, value: object) -> None:
        """Take one value more; null is none."""
        if isinstance(value, bool):
            self.kinds[Kind.BOOL] += 1
        elif isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, int | float) and math.isfinite(value):
            self.kinds[Kind.INT if isinstance(value, WholeNumber) else Kind.FLOAT] += 1
            self.fractions = self.fractions or isinstance(value, float)
            self.beyond = self.beyond or (isinstance(value, int) and _EXACT < abs(value) < 2**63)
            self._widen(value)
            if self.fractions or value < 0:
                self.whole = None
            elif self.whole is not None:
                self.whole = _few(self.whole | {str(value)})

    def merge(self, other: "Spread") -> None:
        """Take what another has seen."""
        self.kinds += other.kinds
        self.fractions |= other.fractions
        self.beyond |= other.beyond
        self.in_line &= other.in_line
        self.told_tag |= other.told_tag
        for end in (other.low, other.high):
            if end is not None:
                self._widen(end)
        self.words = None if self.words is None or other.words is None else _few(self.words | other.words)
        self.whole = None if self.whole is None or other.whole is None else _few(self.whole | other.whole)

    @property
    def kind(self) -> Kind | None:
        """What most of them were; None where there were none.

        Numbers are floats, as a device that sends 20 today will send 20.5 tomorrow; but not where the format tells
        whole numbers apart, or where a float could not hold one of them.
        """
        numbers = self.kinds[Kind.FLOAT] + self.kinds[Kind.INT]
        texts, truths = self.kinds[Kind.TEXT], self.kinds[Kind.BOOL]
        if not numbers + texts + truths:
            return None
        if numbers < max(texts, truths):
            return Kind.TEXT if texts >= truths else Kind.BOOL
        return Kind.INT if not self.fractions and (self.beyond or not self.kinds[Kind.FLOAT]) else Kind.FLOAT

    @property
    def mixed(self) -> bool:
        """Whether they were of more than one kind."""
        return (
            sum(count > 0 for count in (+self.kinds).values()) - (self.kinds[Kind.INT] > 0 < self.kinds[Kind.FLOAT]) > 1
        )

    @property
    def labels(self) -> frozenset[str]:
        """What they are as tags, where each of them can be one, and they are few; else nothing."""
        if self.mixed or not self.in_line:
            return frozenset()
        return (self.words if self.kind is Kind.TEXT else self.whole) or frozenset()

    @property
    def numeric_text(self) -> bool:
        """Whether they are numbers that were sent as text."""
        return self.kind is Kind.TEXT and bool(self.words) and all(map(_reads_as_number, self.words or ()))

    def _widen(self, value: float) -> None:
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)

    def _add_text(self, text: str) -> None:
        self.kinds[Kind.TEXT] += 1
        self.told_tag |= isinstance(text, TagText)
        self.in_line &= 0 < len(text) <= _LONGEST_TAG and text.isprintable()
        if self.words is not None and text not in self.words:
            self.words = _few(self.words | {str(text[:_LONGEST_TAG])})


def _few(words: frozenset[str]) -> frozenset[str] | None:
    return words if len(words) <= _MAX_WORDS else None


def _reads_as_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False
