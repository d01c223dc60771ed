"""From the bytes of a payload to its readings, not validated: decompressed, read in its format, and unpacked."""

from collections.abc import Callable, Sequence

from ingestor.routing.formats.contract import Format, UnreadableError
from ingestor.routing.unpack import Reading, Unpack, Unpacker
from ingestor.routing.wire import Values, Wire


class PayloadReader:
    """What the payloads of one route are.

    Args:
        form: How they are written.
        unpack: How readings stand in them.
        decompress: From the bytes that came to those that were written; None where they are the same.
    """

    __slots__ = ("_decompress", "_form", "_unpack")

    def __init__(self, form: Format, unpack: Unpack, *, decompress: Callable[[bytes], bytes] | None) -> None:
        self._form = form
        self._unpack = unpack
        self._decompress = decompress

    def reader(self, wire: Wire) -> Callable[[bytes], Values] | None:
        """The quick way from bytes to the valid values of the only reading in them, None where there is none."""
        simple = isinstance(self._unpack, Unpacker) and self._unpack.plain and self._decompress is None
        return self._form.reader(wire) if simple else None

    def read(self, payload: bytes) -> Sequence[Reading]:
        """The readings of a payload.

        Raises:
            UnreadableError: It is not what it should be.
        """
        return self._unpack(self._form.load(self._plain(payload)))

    def exact(self, payload: bytes, number: int, name: str) -> object:
        """A value of a reading that was read before, as it was written: a fraction with all its digits, as text."""
        reading = self._unpack(self._form.load(self._plain(payload), exact=True))[number]
        return None if isinstance(reading, UnreadableError) else reading.get(name)

    def _plain(self, payload: bytes) -> bytes:
        return payload if self._decompress is None else self._decompress(payload)
