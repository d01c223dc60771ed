"""From the bytes of a payload to its readings, not validated: decompressed, read in its format, and unpacked."""

from collections.abc import Callable, Sequence
from functools import partial

from ingestor.routing.formats.contract import Format, UnreadableError
from ingestor.routing.unpack import Reading, Unpack, Unpacker
from ingestor.routing.wire import Values, Wire

Exact = Callable[[str], object]
"""A value of a reading as it was written, by its name: a fraction with all its digits, as text."""


class PayloadReader:
    """What the payloads of one route are.

    Args:
        form: How they are written.
        unpack: How readings stand in them.
        decompress: From the bytes that came to those that were written; None where they are the same.
        direct: Whether a payload that is valid as it stands is one reading, and need not be unpacked.

    Attributes:
        moved: The paths of nested values that `unpack` gives names of their own.
    """

    __slots__ = ("_decompress", "_direct", "_form", "_unpack", "moved")

    def __init__(
        self,
        form: Format,
        unpack: Unpack,
        *,
        decompress: Callable[[bytes], bytes] | None,
        direct: bool = False,
    ) -> None:
        self._form = form
        self._unpack = unpack
        self._decompress = decompress
        self._direct = (direct or (isinstance(unpack, Unpacker) and unpack.plain)) and decompress is None
        self.moved = unpack.moved if isinstance(unpack, Unpacker) else frozenset()

    def reader(self, wire: Wire) -> Callable[[bytes], Values] | None:
        """The quick way from bytes to the valid values of the only reading in them, None where there is none."""
        return self._form.reader(wire) if self._direct else None

    def read(self, payload: bytes) -> Sequence[Reading]:
        """The readings of a payload.

        Raises:
            UnreadableError: It is not what it should be.
        """
        return self._unpack(self._form.load(self._plain(payload)))

    def written(self, payload: bytes) -> "Written":
        """The same readings as they were written; `read` was through."""
        return Written(lambda: self._unpack(self._form.load(self._plain(payload), exact=True)))

    def _plain(self, payload: bytes) -> bytes:
        return payload if self._decompress is None else self._decompress(payload)


class Written:
    """The readings of a payload with all digits of their fractions, as text. Read once, when the first is asked for.

    Args:
        read: Reads them.
    """

    __slots__ = ("_read", "_readings")

    def __init__(self, read: Callable[[], Sequence[Reading]]) -> None:
        self._read = read
        self._readings: Sequence[Reading] | None = None

    def reading(self, number: int) -> Exact:
        """Gives values of a reading by their names; None where it has none."""
        return partial(self._value, number)

    def _value(self, number: int, name: str) -> object:
        if self._readings is None:
            self._readings = self._read()
        reading = self._readings[number]
        return None if isinstance(reading, UnreadableError) else reading.get(name)
