"""Format `value`: the payload is one bare number or word, for a model with one field."""

import re
from collections.abc import Callable
from typing import Final

from ingestor.ports import Reason, Value
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.wire import PlainWire, Values, Wire
from sensors import FieldShape, Kind

_INT: Final = re.compile(r"[+-]?[0-9]{1,400}")
_FLOAT: Final = re.compile(  # without two ways to read the same digits: strangers send millions of them
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE
)
_WORDS: Final = {
    "true": True,
    "on": True,
    "yes": True,
    "1": True,
    "false": False,
    "off": False,
    "no": False,
    "0": False,
}
_LARGEST: Final = 1.7976931348623157e308


class ValueFormat:
    """One bare number or word; white space around it does not count.

    Args:
        field: The field that it is the value of.
    """

    def __init__(self, field: FieldShape) -> None:
        self._field = field

    def reader(self, wire: Wire) -> Callable[[bytes], Values]:
        """See `Format`."""
        if self._field.kind is Kind.FLOAT and isinstance(wire, PlainWire):
            return _float_reader(self._field)
        return lambda payload: wire.read(self.load(payload))

    def load(self, payload: bytes, *, exact: bool = False) -> Values:  # noqa: ARG002 - a bare value is no time
        """See `Format`; the value under the name of the field."""
        try:
            text = payload.decode().strip()
        except UnicodeDecodeError as wrong:
            raise UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8") from wrong
        if not text:
            raise UnreadableError(Reason.EMPTY, "the payload is empty")
        return {self._field.name: read_word(text, self._field.kind)}


def read_word(text: str, kind: Kind) -> Value | None:
    """What a bare word says where a value of `kind` is expected; the word itself where it says nothing such.

    `null` is the absence of a number or truth value. Truth has many words: true and false, on and off, yes and no,
    1 and 0, in any case.
    """
    if kind is Kind.TEXT:
        return text
    if text == "null":
        return None
    if kind is Kind.BOOL:
        return _WORDS.get(text.lower(), text)
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _float_reader(field: FieldShape) -> Callable[[bytes], Values]:
    name = field.name
    low = -_LARGEST if field.low is None else field.low
    high = _LARGEST if field.high is None else field.high

    def read(payload: bytes) -> Values:
        number = float(payload)
        if low <= number <= high and b"_" not in payload:
            return {name: number}
        raise ValueError("not a number in range")

    return read
