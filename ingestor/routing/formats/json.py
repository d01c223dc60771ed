"""Format `json`: what JSON says, mostly an object whose keys are fields and tags."""

import json
from collections.abc import Callable

from pydantic_core import from_json

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.plain import as_object
from ingestor.routing.wire import PlainWire, Values, Wire


class JsonFormat:
    """JSON; nesting is bounded by the parser (200 levels), and of equal keys the last one counts."""

    def __init__(self) -> None:
        self._as_written = json.JSONDecoder(parse_float=str)

    def reader(self, wire: Wire) -> Callable[[bytes], Values]:
        """See `Format`."""
        if isinstance(wire, PlainWire):
            return wire.read_json
        return lambda payload: wire.read(as_object(from_json(payload)))

    def load(self, payload: bytes, *, exact: bool = False) -> object:
        """See `Format`."""
        if not payload.strip():
            raise UnreadableError(Reason.EMPTY, "the payload is empty")
        try:
            loaded: object = from_json(payload)  # it is stricter, and bounded in more ways, than the one of Python
            return self._as_written.decode(payload.decode()) if exact else loaded
        except ValueError as error:
            raise _fault(payload, error) from error


def _fault(payload: bytes, error: ValueError) -> UnreadableError:
    try:
        payload.decode()
    except UnicodeDecodeError as wrong:
        return UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8")
    return UnreadableError(Reason.NOT_JSON, f"not JSON: {error}")
