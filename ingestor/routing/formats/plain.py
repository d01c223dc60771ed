"""What binary formats can say and readings cannot hold, taken out: what is left is as if JSON had said it."""

from typing import Any, Final

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError

MAX_DEPTH: Final = 200
"""Lists and objects within each other, as many as JSON may have."""
SMALL: Final = 4_096
"""Bytes of a payload in which keys may be other than text: in larger ones made-up numbers could share their hashes."""

_SCALARS: Final = frozenset((str, int, float, bool, type(None)))


class Opaque:
    """Stands for a value of a kind that no field can hold, such as bytes; validation refuses it by its type."""

    __slots__ = ()


OPAQUE: Final = Opaque()


def plain(value: object, depth: int = MAX_DEPTH) -> object:
    """A copy without anything but text, numbers, truth values, None, and lists and objects of them.

    Whole numbers as keys become their digits. Entries with other keys are left out, and other values are opaque.

    Raises:
        UnreadableError: It is nested deeper than `depth`.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value
    if not isinstance(value, dict | list):
        return OPAQUE
    if not depth:
        raise UnreadableError(Reason.FORMAT, f"more than {MAX_DEPTH} lists and objects within each other")
    if isinstance(value, list):
        return [plain(item, depth - 1) for item in value]
    return {
        key if type(key) is str else str(key): plain(item, depth - 1)
        for key, item in value.items()
        if type(key) is str or type(key) is int
    }


def as_object(loaded: object) -> dict[str, Any]:
    """What was loaded, where it is one reading.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(loaded, dict):
        raise ValueError("not one object")  # noqa: TRY004 - to whoever reads quickly it is one fault of many
    return loaded
