"""Format `cbor`: CBOR (RFC 8949), read as if it were JSON."""

from collections.abc import Callable
from decimal import Context, Decimal
from importlib import import_module
from io import BytesIO
from typing import Any, Final

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.plain import MAX_DEPTH, OPAQUE, SMALL, as_object, check_size, plain
from ingestor.routing.wire import Values, Wire

_INT64_BYTES: Final = 8
_EXPONENTS: Final = range(-400, 401)  # beyond it there is no float
_CONTEXT: Final = Context(prec=60)


class CborFormat:
    """One value of CBOR.

    Of tagged values, times and addresses are what the tag stands before, small big numbers and decimal fractions are
    numbers, and all others are opaque; so values that refer to each other cannot be.

    Raises:
        ValueError: The package that reads it is not installed.
    """

    def __init__(self) -> None:
        try:
            self._package: Any = import_module("cbor2")
        except ImportError as error:
            raise ValueError("format cbor needs cbor2: pip install 'ingestor[formats]'") from error

    def reader(self, wire: Wire) -> Callable[[bytes], Values]:
        """See `Format`."""
        return lambda payload: wire.read(as_object(self.load(payload)))

    def load(self, payload: bytes, *, exact: bool = False) -> object:
        """See `Format`; whole numbers as keys become their digits, and what JSON cannot say is opaque."""
        check_size(payload)
        source = BytesIO(payload)
        decoder = self._package.CBORDecoder(
            source,
            semantic_decoders=_EXACT if exact else _TAGS,
            max_depth=MAX_DEPTH,
            strict_hashable_types=len(payload) > SMALL,
        )
        try:
            loaded = decoder.decode()
        except self._package.CBORDecodeError as error:
            if isinstance(error.__cause__, UnicodeDecodeError):
                raise UnreadableError(Reason.NOT_UTF8, f"a text in it is not UTF-8: {error.__cause__}") from error
            raise UnreadableError(Reason.FORMAT, f"not CBOR: {error}") from error
        if rest := len(payload) - source.tell():
            raise UnreadableError(Reason.FORMAT, f"not CBOR: {rest:,} bytes behind its value")
        return plain(loaded)


_Handler = Callable[[Any, bool], object]
"""From what stands behind a tag to its value; the second argument says whether it is for a key."""


class _Tags(dict[int, _Handler]):
    """What becomes of a tagged value, for every tag there is: nothing is left to what the package would make of it."""

    def __missing__(self, tag: int) -> _Handler:
        return _handler(lambda _: OPAQUE)


def _handler(of: Callable[[object], object]) -> _Handler:
    return lambda value, _: of(value)


def _whole(value: object) -> object:
    return int.from_bytes(value) if isinstance(value, bytes) and len(value) <= _INT64_BYTES else OPAQUE


def _negative(value: object) -> object:
    whole = _whole(value)
    return -1 - whole if isinstance(whole, int) else OPAQUE


def _decimal(value: object) -> Decimal | None:
    match value:
        case [int(exponent), int(mantissa)] if exponent in _EXPONENTS:
            return Decimal(mantissa).scaleb(exponent, _CONTEXT)
        case _:
            return None


def _fraction(value: object) -> object:
    number = _decimal(value)
    return OPAQUE if number is None else float(number)


def _exact_fraction(value: object) -> object:
    number = _decimal(value)
    return OPAQUE if number is None else str(number)


_PASSED_OVER: Final = (0, 1, 32, 55799)  # time as text, time as a number, an address, and the mark of CBOR
_AS_IT_IS: Final = _handler(lambda value: value)
_TAGS: Final = _Tags(
    {**dict.fromkeys(_PASSED_OVER, _AS_IT_IS), 2: _handler(_whole), 3: _handler(_negative), 4: _handler(_fraction)}
)
_EXACT: Final = _Tags({**_TAGS, 4: _handler(_exact_fraction)})
