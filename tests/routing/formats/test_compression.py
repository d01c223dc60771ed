"""Payloads that were compressed."""

import gzip
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.compression import decompressor
from ingestor.routing.formats.contract import UnreadableError

LIMIT = 2**20
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
KINDS = sorted(COMPRESS)


def streamed(data: bytes) -> bytes:
    """A frame of zstd that does not say how much is in it."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(data) + stream.flush()


def refused(kind: str, payload: bytes, *, limit: int = LIMIT) -> UnreadableError:
    """Why a payload is not read."""
    with pytest.raises(UnreadableError) as caught:
        decompressor(kind, limit=limit)(payload)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(), more=st.lists(st.binary(), max_size=3))
def test_what_was_compressed_comes_back(kind: str, data: bytes, more: list[bytes]) -> None:
    """And so does what was compressed in parts."""
    payload = b"".join(map(COMPRESS[kind], [data, *more]))

    assert decompressor(kind, limit=LIMIT)(payload) == b"".join([data, *more])


def test_a_frame_need_not_say_its_size() -> None:
    """Nor need a device know it before it begins."""
    payload = streamed(b"21.5" * 1000)

    assert zstandard.frame_content_size(payload) == -1
    assert decompressor("zstd", limit=LIMIT)(payload * 2) == b"21.5" * 2000


@pytest.mark.parametrize("kind", KINDS)
def test_the_limit_can_be_reached_and_not_passed(kind: str) -> None:
    """By one part, or by several together."""
    decompress, half = decompressor(kind, limit=LIMIT), COMPRESS[kind](bytes(LIMIT // 2))

    assert decompress(COMPRESS[kind](bytes(LIMIT))) == bytes(LIMIT) == decompress(half * 2)
    for payload in (COMPRESS[kind](bytes(LIMIT + 1)), half * 2 + COMPRESS[kind](b"x")):
        error = refused(kind, payload)

        assert (error.reason, error.detail) == (Reason.FORMAT, "decompressed it has more than 1,048,576 bytes")


@pytest.mark.parametrize("kind", [*KINDS, "zstd of unknown size"])
def test_a_bomb_takes_no_memory(kind: str) -> None:
    """What would be a hundred times the limit is given up on at the limit."""
    data = bytes(100 * LIMIT)
    payload = COMPRESS[kind](data) if kind in COMPRESS else streamed(data)
    del data
    tracemalloc.start()
    try:
        refused(kind.split(maxsplit=1)[0], payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 3 * LIMIT


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_damaged_is_told(kind: str) -> None:
    """Cut off anywhere, with something else behind it, or never compressed: it is refused with a reason."""
    payload = COMPRESS[kind](b'{"temperature": 21.5}' * 20)

    assert refused(kind, b"").reason is Reason.EMPTY
    for damaged in (payload[:-1], payload[:1], payload + b"x", b"x" + payload, b'{"temperature": 21.5}'):
        error = refused(kind, damaged)

        assert error.reason is Reason.FORMAT
        assert error.detail.startswith(f"not {kind}: ")
    assert "its end is missing" in refused(kind, payload[:12]).detail


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_any_bytes_are_read_or_refused(kind: str, data: bytes, at: int, byte: int) -> None:
    """Nothing else is raised."""
    payload = bytearray(COMPRESS[kind](data))
    payload[at % len(payload)] = byte
    for hostile in (data, bytes(payload)):
        with suppress(UnreadableError):
            decompressor(kind, limit=LIMIT)(hostile)


@pytest.mark.parametrize("kind", KINDS)
def test_many_parts_take_no_time(kind: str) -> None:
    """What would have to be copied for each of them is refused."""
    payload = COMPRESS[kind](b"") * 50_000
    began = time.process_time()

    assert "more than 64 parts" in refused(kind, payload).detail
    assert time.process_time() - began < 2


def test_a_frame_with_a_giant_window_is_refused() -> None:
    """It would ask for as much memory, however little is in it."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    payload = stream.compress(b"21.5") + stream.flush()

    assert refused("zstd", payload).reason is Reason.FORMAT


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how it is installed; what Python brings needs none."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    decompressor("gzip", limit=LIMIT)
    with pytest.raises(ValueError, match=r"pip install 'ingestor\[formats\]'"):
        decompressor("zstd", limit=LIMIT)
