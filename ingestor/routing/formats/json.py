"""Format `json`: an object whose keys are fields and tags."""

import json
from collections.abc import Callable
from decimal import Decimal

from pydantic_core import from_json

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.wire import PlainWire, Values, Wire
from ingestor.routing.words import show


class JsonFormat:
    """JSON objects; nesting is bounded by the parser (200 levels), and of equal keys the last one counts."""

    def __init__(self) -> None:
        self._as_written = json.JSONDecoder(parse_float=str)

    def reader(self, wire: Wire) -> Callable[[bytes], Values]:
        """See `Format`."""
        if isinstance(wire, PlainWire):
            return wire.read_json
        return lambda payload: wire.read(self.parse(payload))

    def parse(self, payload: bytes) -> Values:
        """See `Format`."""
        if not payload.strip():
            raise UnreadableError(Reason.EMPTY, "the payload is empty")
        try:
            parsed = from_json(payload)
        except ValueError as error:
            raise _fault(payload, error) from error
        if not isinstance(parsed, dict):
            raise UnreadableError(Reason.NOT_JSON, f"the payload is {show(parsed)} where an object belongs")
        return parsed

    def exact(self, payload: bytes, name: str) -> Decimal:
        """See `Format`."""
        return Decimal(self._as_written.decode(payload.decode())[name])


def _fault(payload: bytes, error: ValueError) -> UnreadableError:
    try:
        payload.decode()
    except UnicodeDecodeError as wrong:
        return UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8")
    return UnreadableError(Reason.NOT_JSON, f"not JSON: {error}")
