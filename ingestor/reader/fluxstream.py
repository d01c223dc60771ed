"""Queries in Flux go out to an InfluxDB, and their answers are read while they come."""

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.reader.annotated import AnnotatedError, AnnotatedParser, FluxError, Rows
from ingestor.reader.inventory import no_bucket
from ingestor.stores.influxdb.client import refusal
from ingestor.stores.influxdb.connection import CONNECT_SECS, in_words, received
from ingestor.stores.influxdb.server import Server

_PIECE_BYTES = 2**20  # what Arrow reads at once
_READ_AHEAD_BYTES = 2**20  # while a piece is read
_GZIP = 16 + zlib.MAX_WBITS
_ANNOTATIONS = ["datatype", "group", "default"]
_NO_BUCKET = "could not find bucket"
_LINE_END = b"\r\n"
_FLUX_IS_OFF = "Flux query service disabled"


class FluxStream:
    """Asks one server; several queries may be under way at once. Use it as a context manager.

    Args:
        server: Which one, and how to be let in. Its time limit holds for each wait for more of an answer.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: aiohttp.ClientSession  # there from entering on: it wants a running loop
        self._thread: ThreadPoolExecutor

    async def __aenter__(self) -> Self:
        """Get ready without needing the server to be up.

        Raises:
            StoreMisconfiguredError: The certificates of `ca` cannot be used.
        """
        server = self._server
        trust = await asyncio.to_thread(server.trust)
        self._thread = ThreadPoolExecutor(1, "flux")  # memory freed in many threads is not used again
        headers = {"Accept-Encoding": "gzip" if _is_far(server) else "identity"}
        if server.authorization:
            headers["Authorization"] = server.authorization
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust or True),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(connect=CONNECT_SECS, sock_read=server.timeout_secs),
            read_bufsize=_READ_AHEAD_BYTES,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        self._thread.shutdown(wait=False)

    async def ask(self, query: str, take: Callable[[Rows], None], *, bucket: str) -> None:
        """Hand over what the server answers, in order; `take` is called in a thread, and what it raises ends it.

        Raises:
            StoreUnavailableError: No answer came, or not all of it.
            StoreMisconfiguredError: The server refuses, or is no InfluxDB.
            BucketError: It refuses, or breaks off, and that may be because of this bucket.
        """
        server = self._server
        in_thread = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        try:
            async with self._session.post(
                f"{server.url}/api/v2/query",
                params={"org": server.org} if server.org else {},
                json={"query": query, "type": "flux", "dialect": {"annotations": _ANNOTATIONS}},
                proxy=server.proxy.get_secret_value() if server.proxy else None,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise await self._refused(response, bucket)
                reading = _Reading(response.headers.get("Content-Encoding") == "gzip", take)
                while piece := await _piece(response.content):
                    await in_thread(reading.feed, piece)
                await in_thread(reading.close)
        except (aiohttp.ClientError, OSError) as error:
            raise in_words(error, server) from error
        except FluxError as error:
            raise BucketError(bucket, f"InfluxDB broke off its answer: {error}") from error
        except zlib.error as error:
            raise StoreUnavailableError(f"{server.url}: what it sent compressed is damaged: {error}") from error
        except _CutError:
            raise StoreUnavailableError(f"{server.url}: the answer ended too early: it lacks its end") from None
        except AnnotatedError as error:
            raise StoreMisconfiguredError(
                f"{server.url}: this is not how InfluxDB answers ({error}): is `url` the address of its API?"
            ) from error

    async def _refused(self, response: aiohttp.ClientResponse, bucket: str) -> StoreError:
        answer = await received(response, self._server)
        if response.headers.get("Content-Encoding") == "gzip":
            answer = answer._replace(body=zlib.decompressobj(_GZIP).decompress(answer.body))
        words = answer.body.decode(errors="replace")
        if answer.status == 404 and _NO_BUCKET in words:
            return no_bucket(bucket)
        if _FLUX_IS_OFF in words:
            return StoreMisconfiguredError(
                f"{self._server.url}: this InfluxDB 1 has Flux turned off, and reading needs it: set "
                "`flux-enabled = true` in the section [http] of its configuration, or the variable "
                "INFLUXDB_HTTP_FLUX_ENABLED=true, and start it again"
            )
        return refusal(answer, bucket)


class _CutError(Exception):
    """The last line of an answer is not an empty one, as it always is."""


class _Reading:
    """An answer on its way from bytes to rows, in whichever thread."""

    def __init__(self, compressed: bool, take: Callable[[Rows], None]) -> None:  # noqa: FBT001 - one caller
        self._unpack = zlib.decompressobj(_GZIP) if compressed else None
        self._parser = AnnotatedParser()
        self._take = take
        self._end = b""
        self._has_rows = False

    def feed(self, piece: bytes) -> None:
        """Read what came; of what is compressed, piece by piece, as it may become large."""
        if self._unpack is None:
            self._read(piece)
            return
        while piece:
            self._read(self._unpack.decompress(piece, _PIECE_BYTES))
            piece = self._unpack.unconsumed_tail

    def close(self) -> None:
        """See that nothing is left.

        Raises:
            zlib.error: Not all of what is compressed came.
            _CutError: Nor of what is not.
        """
        if self._unpack is not None:
            self._read(self._unpack.flush())
            if not self._unpack.eof:
                raise zlib.error("it ends too early")
        whole = self._end in {b"", _LINE_END, 2 * _LINE_END}
        if whole or not self._has_rows:
            self._parser.close()  # which may find that this is something else altogether
        if not whole:
            raise _CutError

    def _read(self, data: bytes) -> None:
        self._end = (self._end + data[-len(2 * _LINE_END) :])[-len(2 * _LINE_END) :]
        for rows in self._parser.feed(data):
            self._has_rows = True
            self._take(rows)


async def _piece(content: aiohttp.StreamReader) -> bytes:
    """What is there, waiting until it is worth reading; nothing at the end."""
    pieces: list[bytes] = []
    size = 0
    while size < _PIECE_BYTES and (some := await content.readany()):
        pieces.append(some)
        size += len(some)
    return b"".join(pieces)


def _is_far(server: Server) -> bool:
    """Whether compressing is worth it: InfluxDB takes two or three times as long for it as for the answer itself."""
    host = urlsplit(server.url).hostname or ""
    try:
        near = ip_address(host).is_loopback
    except ValueError:
        near = host == "localhost"
    return not near or server.proxy is not None
