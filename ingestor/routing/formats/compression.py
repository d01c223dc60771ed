"""Payloads that were compressed, made bytes again: within a bound, whatever they say of their own size."""

import zlib
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError

_MAX_PARTS: Final = 64  # each copies what is behind it
_MIN_WINDOW: Final = 8 * 2**20  # what a decoder of zstd should support at least: RFC 8878, section 3.1.1.1.2
_STEP: Final = 2**16
_WBITS: Final = {"gzip": 31, "zlib": 15}
_CUT_OFF: Final = "its end is missing"

_Part = Callable[[bytes, int], tuple[bytes, bytes]]
"""Decompresses the first part of a payload, to at most so many bytes; gives it, and what is behind it."""


class _DamagedError(Exception):
    """It is not compressed so; says why."""


class _TooLargeError(Exception):
    """It comes to more than it may."""


def decompressor(kind: str, *, limit: int) -> Callable[[bytes], bytes]:
    """What makes bytes of the payloads of a route.

    Members of gzip, streams of zlib and frames of zstd may stand behind each other.

    Args:
        kind: `gzip`, `zlib` or `zstd`.
        limit: Bytes that a payload may come to.

    Returns:
        A function that raises UnreadableError for what is not compressed so, is cut off, has something else behind
        it, or comes to more than the limit, which it finds out without holding more.

    Raises:
        ValueError: The package that reads it is not installed.
    """
    part = _zstd(limit) if kind == "zstd" else partial(_zlib, _WBITS[kind])

    def decompress(payload: bytes) -> bytes:
        if not payload:
            raise UnreadableError(Reason.EMPTY, "the payload is empty")
        try:
            return _joined(part, payload, room=limit)
        except _DamagedError as error:
            raise UnreadableError(Reason.FORMAT, f"not {kind}: {error}") from error
        except _TooLargeError as error:
            raise UnreadableError(Reason.FORMAT, f"decompressed it has more than {limit:,} bytes") from error

    return decompress


def _joined(part: _Part, payload: bytes, *, room: int) -> bytes:
    done, rest = part(payload, room)
    if not rest:
        return done
    parts = [done]
    while rest:
        if len(parts) == _MAX_PARTS:
            raise _DamagedError(f"more than {_MAX_PARTS} parts behind each other")
        room -= len(done)
        done, rest = part(rest, room)
        parts.append(done)
    return b"".join(parts)


def _zlib(wbits: int, payload: bytes, room: int) -> tuple[bytes, bytes]:
    stream = zlib.decompressobj(wbits)
    try:
        done = stream.decompress(payload, room + 1)
    except zlib.error as error:
        raise _DamagedError(str(error)) from error
    if len(done) > room:
        raise _TooLargeError
    if not stream.eof:
        raise _DamagedError(_CUT_OFF)
    return done, stream.unused_data


def _zstd(limit: int) -> _Part:
    try:
        zstandard = import_module("zstandard")
    except ImportError as error:
        raise ValueError("compression zstd needs zstandard: pip install 'ingestor[formats]'") from error
    decoder = zstandard.ZstdDecompressor(max_window_size=max(limit, _MIN_WINDOW))

    def part(payload: bytes, room: int) -> tuple[bytes, bytes]:
        stream = decoder.decompressobj()  # tells where a frame ends, and has no bound: hence two passes
        try:
            _count(decoder.stream_reader(payload), room)
            done = stream.decompress(payload)
        except zstandard.ZstdError as error:
            raise _DamagedError(str(error)) from error
        if not stream.eof:
            raise _DamagedError(_CUT_OFF)
        return done, stream.unused_data

    return part


def _count(reader: Any, room: int) -> None:  # noqa: ANN401 - of a package that may be absent
    while read := len(reader.read(_STEP)):
        room -= read
        if room < 0:
            raise _TooLargeError
