"""What is wrong with a value, in words for a person; always short, whatever the value."""

import math
import sys
from collections.abc import Sequence
from typing import Final

from ingestor.ports import Flaw, Reason
from sensors import FieldShape, Kind

DETAIL_LENGTH: Final = 200
_VALUE_LENGTH: Final = 40
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_NAMES: Final = {type(None): "null", list: "a list", dict: "an object"}
_KINDS: Final = {Kind.FLOAT: "a number", Kind.INT: "a whole number", Kind.TEXT: "text", Kind.BOOL: "true or false"}


def shorten(text: str, length: int = DETAIL_LENGTH) -> str:
    """The text in one line that a terminal can show, with its end left out where it is longer than `length`."""
    cut = text if len(text) <= length else text[: length - 1] + "…"
    return cut if cut.isprintable() else "".join(map(_printable, cut))


def _printable(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else "\ufffd"


def tell(error: Exception) -> str:
    """What code that is not ours raised, even where its error cannot say so itself."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - the error's own code failed too
        return type(error).__name__


def show(value: object) -> str:
    """A value as the payload had it, short enough for a line."""
    if isinstance(value, str):
        return f'"{shorten(value, _VALUE_LENGTH)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and not _fits(value):
        return "a whole number beyond 64 bits"
    if isinstance(value, int | float):
        return f"{value:.17g}" if abs(value) >= 1e6 else f"{value:.12g}"
    return _NAMES.get(type(value), "something else")


def _fits(number: int) -> bool:
    return (
        _INT64_MIN <= number <= _INT64_MAX
    )  # a range would be searched, number by number, for one of a class below int


def explain(field: FieldShape, value: object) -> tuple[Reason, str] | None:
    """Why `value` cannot be what the field says, None where nothing of what the field says speaks against it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        Kind.FLOAT: number,
        Kind.INT: number and not isinstance(value, float),
        Kind.TEXT: isinstance(value, str),
        Kind.BOOL: isinstance(value, bool),
    }
    name = shorten(field.name, _VALUE_LENGTH)
    if not fits[field.kind]:
        said = repr(value) if isinstance(value, float) else show(value)
        return Reason.TYPE, f"{name} is {said} where {_KINDS[field.kind]} belongs"
    if field.choices and value not in field.choices:
        return Reason.RANGE, f"{name} is {show(value)}, none of {', '.join(map(str, field.choices))}"
    if isinstance(value, str) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return Reason.TYPE, f"{name} is {show(value)}, which is not a number that can be stored"
    return _out_of_range(field, name, value)


def _out_of_range(field: FieldShape, name: str, value: float) -> tuple[Reason, str] | None:
    unit = f" {field.unit}" if field.unit else ""
    if field.low is not None and value < field.low:
        return Reason.RANGE, f"{name} {show(value)} is below {show(field.low)}{unit}"
    if field.high is not None and value > field.high:
        return Reason.RANGE, f"{name} {show(value)} is above {show(field.high)}{unit}"
    if isinstance(value, int) and not _fits(value) and (field.kind is Kind.INT or abs(value) > sys.float_info.max):
        return Reason.RANGE, f"{name} is {show(value)}, more than can be stored"
    return None


def whole(flaws: Sequence[Flaw]) -> Flaw:
    """One flaw of all of the message, for what was found in it: the first reason, and everybody's words."""
    return Flaw(-1, flaws[0].reason, shorten("; ".join(flaw.detail for flaw in flaws)))
