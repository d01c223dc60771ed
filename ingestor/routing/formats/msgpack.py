"""Format `msgpack`: MessagePack, read as if it were JSON."""

from collections.abc import Callable
from importlib import import_module

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.plain import SMALL, as_object, check_size, plain
from ingestor.routing.wire import Values, Wire


class MsgpackFormat:
    """MessagePack; its timestamps are nanoseconds since 1970 UTC, its texts UTF-8.

    Raises:
        ValueError: The package that reads it is not installed.
    """

    def __init__(self) -> None:
        try:
            self._unpack: Callable[..., object] = import_module("msgpack").unpackb
        except ImportError as error:
            raise ValueError("format msgpack needs msgpack: pip install 'ingestor[formats]'") from error

    def reader(self, wire: Wire) -> Callable[[bytes], Values]:
        """See `Format`."""
        return lambda payload: wire.read(as_object(self.load(payload)))

    def load(self, payload: bytes, *, exact: bool = False) -> object:  # noqa: ARG002 - it writes no digits
        """See `Format`; whole numbers as keys become their digits, and what JSON cannot say is opaque."""
        check_size(payload)
        try:
            loaded = self._unpack(payload, timestamp=2, strict_map_key=len(payload) > SMALL)
        except UnicodeDecodeError as error:
            raise UnreadableError(Reason.NOT_UTF8, f"a text in it is not UTF-8: {error}") from error
        except (ValueError, TypeError) as error:  # TypeError: a list as a key
            raise UnreadableError(Reason.FORMAT, f"not MessagePack: {str(error) or type(error).__name__}") from error
        return plain(loaded)
