"""What every format does; a new one is a file beside this one and a row in `choice`."""

from collections.abc import Callable
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

    def reader(self, wire: Wire) -> Callable[[bytes], Values] | None:
        """The fast way from the bytes of one reading to valid values, made once a topic; None where there is none.

        It raises ValueError for all that is not so; code of the model's author may raise anything else.
        """

    def load(self, payload: bytes, *, exact: bool = False) -> object:
        """What the payload says, not validated: text, numbers, truth values, None, and lists and objects of them.

        An object is a dictionary whose keys are text. A format that can have many readings in a payload without
        nesting (csv, line) gives a list of objects, one a reading; where one of them cannot be read, its
        UnreadableError stands there. What a binary format says and no field can hold is `Opaque`.

        Args:
            payload: The bytes, not compressed.
            exact: Whether fractions are to be given as they were written, as text, where the format writes digits.

        Raises:
            UnreadableError: It is not written in this format.
        """
