"""Value templates of Home Assistant's announcements, of the common forms: read, never run.

A template is a program in Jinja, written by whoever may publish to the broker. What is understood here is where the
value stands, that it is a number, and a linear change of it; everything else is refused, so no code of strangers runs.

Defaults (`| float(0)`, `| default(0)`) are read over on purpose: Home Assistant has to show something when a value is
absent, and a store must not. An absent value made into 0 would be a reading that nobody took. Rounding is read over as
well: it is for a screen, and what was measured is stored.
"""

import math
import re
from typing import Final, NamedTuple, Self

Steps = tuple[str | int, ...]
"""Keys of objects as text, indexes of lists as numbers from 0."""

_MAX_LENGTH: Final = 1_000
_MAX_DEPTH: Final = 20
_WHOLE: Final = re.compile(r"\s*\{\{-?(?P<inside>.*?)-?\}\}\s*", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*(?: (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
             | (?P<text>'[^'\\]*' | "[^"\\]*")
             | (?P<name>[^\W\d]\w*)
             | (?P<sign>[-+*/|().,=\[\]]) )""",
    re.VERBOSE,
)
_NUMERIC: Final = {"float", "int", "round"}
_READ_OVER: Final = {"default", "d", "is_defined"}


class TemplateError(ValueError):
    """A template is of none of the forms that are understood."""


class ValueTemplate(NamedTuple):
    """What a template makes of a payload.

    Attributes:
        steps: Where the value stands in a JSON payload; None where the payload is the value.
        factor: What it is multiplied with.
        offset: What is added then.
        numeric: Whether the template makes a number of it.
    """

    steps: Steps | None = None
    factor: float = 1.0
    offset: float = 0.0
    numeric: bool = False

    @property
    def scaled(self) -> bool:
        """Whether what is meant is not what is sent."""
        return (self.factor, self.offset) != (1.0, 0.0)

    def times(self, factor: float) -> Self:
        """The same, multiplied."""
        return self._replace(factor=self.factor * factor, offset=self.offset * factor, numeric=True)

    def plus(self, offset: float) -> Self:
        """The same, with something added."""
        return self._replace(offset=self.offset + offset, numeric=True)


def read_template(text: str) -> ValueTemplate:
    """Understand a template such as `{{ value_json.temperature | float / 10 }}`.

    Raises:
        TemplateError: It is of none of the forms that are understood.
    """
    found = _WHOLE.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if found is None:
        raise TemplateError("more than one value in {{ }}")
    reader = _Reader(_tokens(found["inside"]))
    made = reader.sum()
    reader.end()
    if isinstance(made, float) or not (math.isfinite(made.factor) and made.factor and math.isfinite(made.offset)):
        raise TemplateError("no value of the payload in it")
    return made


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    text = text.rstrip()
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise TemplateError(f"{text[at : at + 20].strip()} is not understood")
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Reader:
    """Reads tokens by Jinja's precedence: filters bind closest, then `*` and `/`, then `+` and `-`.

    What it reads is a value of the payload, changed linearly, or a constant.
    """

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def sum(self) -> ValueTemplate | float:
        """Terms that are added and subtracted."""
        made = self._product()
        while sign := self._taken("+", "-"):
            other = self._product()
            if isinstance(other, float):
                other = -other if sign == "-" else other
                made = made + other if isinstance(made, float) else made.plus(other)
            elif isinstance(made, float):
                made = other.times(-1.0 if sign == "-" else 1.0).plus(made)
            else:
                raise TemplateError("more than one value of the payload")
        return made

    def end(self) -> None:
        """Nothing is left."""
        if self._at < len(self._tokens):
            raise TemplateError(f"{self._tokens[self._at].text} is not understood")

    def _product(self) -> ValueTemplate | float:
        made = self._filtered()
        while sign := self._taken("*", "/"):
            other = self._filtered()
            if isinstance(other, float):
                if sign == "/" and not other:
                    raise TemplateError("a division by 0")
                factor = 1 / other if sign == "/" else other
                made = made * factor if isinstance(made, float) else made.times(factor)
            elif isinstance(made, float) and sign == "*":
                made = other.times(made)
            else:
                raise TemplateError("more than one value of the payload")
        return made

    def _filtered(self) -> ValueTemplate | float:
        made = self._primary()
        while self._taken("|"):
            name = self._name()
            if isinstance(made, float) or name not in _NUMERIC | _READ_OVER:
                raise TemplateError(f"the filter {name} is not understood")
            if self._taken("("):
                self._arguments()
            made = made._replace(numeric=made.numeric or name in _NUMERIC)
        return made

    def _primary(self) -> ValueTemplate | float:
        if self._taken("("):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise TemplateError("too many parentheses")
            made = self.sum()
            self._need(")")
            return made
        if self._taken("-"):
            made = self._primary()
            return -made if isinstance(made, float) else made.times(-1.0)
        token = self._next()
        if token.kind == "number":
            return float(token.text)
        if token.kind == "name" and token.text == "value":
            return ValueTemplate()
        if token.kind == "name" and token.text == "value_json":
            return ValueTemplate(self._steps())
        raise TemplateError(f"{token.text} is not understood")

    def _steps(self) -> Steps:
        steps: list[str | int] = []
        while sign := self._taken(".", "["):
            token = self._next()
            if sign == "." and token.kind == "name":
                steps.append(token.text)
            elif sign == "[" and token.kind in {"text", "number"}:
                steps.append(token.text[1:-1] if token.kind == "text" else _index(token.text))
                self._need("]")
            else:
                raise TemplateError(f"{token.text} is not understood")
        if not steps:
            raise TemplateError("all of the payload is no value")
        return tuple(steps)

    def _arguments(self) -> None:
        """Constants, which are read over; see the module."""
        while not self._taken(")"):
            token = self._next()
            if token.kind == "sign" and token.text not in "-+,=":
                raise TemplateError(f"{token.text} is not understood")

    def _taken(self, *signs: str) -> str:
        """The sign that comes next and was taken, if it is one of these."""
        if self._at < len(self._tokens) and self._tokens[self._at].kind == "sign":
            sign = self._tokens[self._at].text
            if sign in signs:
                self._at += 1
                return sign
        return ""

    def _need(self, sign: str) -> None:
        if not self._taken(sign):
            raise TemplateError(f"{sign} is missing")

    def _name(self) -> str:
        token = self._next()
        if token.kind != "name":
            raise TemplateError(f"{token.text} is not understood")
        return token.text

    def _next(self) -> _Token:
        if self._at == len(self._tokens):
            raise TemplateError("its end is missing")
        self._at += 1
        return self._tokens[self._at - 1]


def _index(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise TemplateError(f"[{text}] is not understood")
    return int(text)
