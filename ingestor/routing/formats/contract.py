"""What every format does; a new one is a file beside this one and a row in `route`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from ingestor.ports import Reason
from ingestor.routing.wire import Values, Wire


class UnreadableError(ValueError):
    """A payload is not what the format reads.

    Args:
        reason: The kind of fault.
        detail: What is wrong, in words.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Format(Protocol):
    """Reads the payloads of one route. Keeps nothing from one payload to the next, and is bounded by their size."""

    def reader(self, wire: Wire) -> Callable[[bytes], Values]:
        """The fast way from bytes to valid values, made once a topic; it raises ValueError for all that is not so.

        Code of the model's author may raise anything else.
        """

    def parse(self, payload: bytes) -> Values:
        """What the payload says, not validated; asked only for payloads that the reader refused.

        Raises:
            UnreadableError: It is not written in this format.
        """

    def exact(self, payload: bytes, name: str) -> Decimal:
        """The number of a top-level key with all the digits that were sent, of a payload that was read before.

        Raises:
            ValueError: It cannot be had.
        """
