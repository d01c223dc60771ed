"""What binary formats can say and readings cannot hold, taken out: what is left is as if JSON had said it."""

from typing import Any, Final

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError

MAX_DEPTH: Final = 200
"""Lists and objects within each other, as many as JSON may have."""
MAX_BYTES: Final = 2**20
"""Bytes of a payload: an empty list is one of them, and takes a hundred of memory."""
SMALL: Final = 4_096
"""Bytes of a payload in which keys may be other than text: in larger ones made-up numbers could share their hashes."""

_SCALARS: Final = frozenset((str, int, float, bool, type(None)))


class Opaque:
    """Stands for a value of a kind that no field can hold, such as bytes; validation refuses it by its type."""

    __slots__ = ()


OPAQUE: Final = Opaque()


def check_size(payload: bytes) -> None:
    """Refuse what is empty or too large.

    Raises:
        UnreadableError: It is.
    """
    if not payload:
        raise UnreadableError(Reason.EMPTY, "the payload is empty")
    if len(payload) > MAX_BYTES:
        raise UnreadableError(Reason.FORMAT, f"larger than {MAX_BYTES:,} bytes, too large for a binary format")


def plain(value: object, depth: int = MAX_DEPTH) -> object:
    """The same with nothing in it but text, numbers, truth values, None, and lists and objects of them.

    Whole numbers as keys become their digits. Entries with other keys are left out, and other values are opaque.
    Lists and objects are changed where they are.

    Raises:
        UnreadableError: It is nested deeper than `depth`.
    """
    if type(value) in _SCALARS:
        return value
    if not isinstance(value, dict | list):
        return OPAQUE
    if not depth:
        raise UnreadableError(Reason.FORMAT, f"more than {MAX_DEPTH} lists and objects within each other")
    if isinstance(value, list):
        inside: Any = enumerate(value)
    else:
        if not all(type(key) is str for key in value):
            value = {str(key): item for key, item in value.items() if type(key) is str or type(key) is int}
        inside = value.items()
    for key, item in inside:
        if type(item) not in _SCALARS:
            value[key] = plain(item, depth - 1)
    return value


def as_object(loaded: object) -> dict[str, Any]:
    """What was loaded, where it is one reading.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(loaded, dict):
        raise ValueError("not one object")  # noqa: TRY004 - to whoever reads quickly it is one fault of many
    return loaded
