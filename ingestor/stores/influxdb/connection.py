"""One long-lived HTTP session with an InfluxDB server: requests go out, answers come back, faults get words."""

import asyncio
import io
import os
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode

import aiohttp

from ingestor.errors import StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.answers import Answer, shorten
from ingestor.stores.influxdb.server import Server

Made = TypeVar("Made")

CONNECT_SECS = 5.0
MAX_ANSWER_BYTES = 8 * 2**20
"""No answer is read further: a server that quotes every line of a large request stays below it."""

_LEVEL = 5  # a little smaller than what Telegraf sends, for less than half of its time; see docs/decisions/006
_GZIP = 16 + zlib.MAX_WBITS
_OF_LINES = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
_OF_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LINES_AT_ONCE = 2_000  # joining them keeps other threads waiting
_NOT_INFLUXDB = (ValueError, TypeError, AttributeError, KeyError, RecursionError)  # what odd answers lead to


class Connection:
    """Writes to one server and asks it; several requests may be under way at once. Use it as a context manager.

    It follows no redirects, keeps no cookies, and does not unpack what comes compressed.

    Args:
        server: Which one, and how to be let in.
        limit: How many connections there may be at the same time.

    Attributes:
        server: The same.
    """

    def __init__(self, server: Server, *, limit: int) -> None:
        self.server = server
        self._limit = limit
        self._session: aiohttp.ClientSession  # there from entering on: it wants a running loop
        self._trust: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        headers = {"Accept-Encoding": "identity"}
        if self.server.authorization:
            headers["Authorization"] = self.server.authorization
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._limit),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            request_class=_Request,
            timeout=aiohttp.ClientTimeout(total=self.server.timeout_secs, connect=CONNECT_SECS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def write(self, query: Mapping[str, str], lines: Sequence[str]) -> Answer:
        """Send lines to /api/v2/write, compressed in a thread; returns what the server said, whatever it was.

        Raises:
            StoreUnavailableError: No answer came, or not all of it.
            StoreMisconfiguredError: No answer will come until a person acts.
        """
        body = io.BytesIO(await asyncio.to_thread(_compressed, lines))  # bytes would go out in one piece
        return await self._exchange("POST", "/api/v2/write", query, data=body, headers=_OF_LINES)

    async def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """What the server answers to a GET, whatever it is, as long as all of it can be read.

        Raises:
            StoreUnavailableError: No answer came, or not all of it.
            StoreMisconfiguredError: No answer will come until a person acts, or none that ends.
        """
        return whole(await self._exchange("GET", path, query), self.server)

    async def query(self, place: Mapping[str, str], statements: Sequence[str]) -> Answer:
        """What the server answers to statements of InfluxQL, also to many and long ones, with times in nanoseconds.

        Args:
            place: What `influxql.place` gives.
            statements: Done one after the other.

        Raises:
            StoreUnavailableError: No answer came, or not all of it.
            StoreMisconfiguredError: No answer will come until a person acts, or none that ends.
        """
        body = io.BytesIO(urlencode({"q": ";".join(statements)}).encode())
        query = {**place, "epoch": "ns"}
        return whole(await self._exchange("POST", "/query", query, data=body, headers=_OF_FORM), self.server)

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        data: io.BytesIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        async with self.exchange(method, path, query, data=data, headers=headers) as response:
            return await received(response, self.server)

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        data: io.BytesIO | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        time_limit: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """What the server answers, whatever it is, with its body still to be read.

        Args:
            method: Of HTTP.
            path: From the server's address on.
            query: Its parameters.
            data: The body.
            headers: Beside those that all requests have.
            time_limit: Where it is another than the store's own, which holds for all of an exchange.

        Raises:
            StoreUnavailableError: No answer came; also inside, where not all of it comes.
            StoreMisconfiguredError: No answer will come until a person acts.
        """
        server = self.server
        try:
            async with self._session.request(
                method,
                server.url + path,
                params=query,
                data=data,
                headers=headers,
                proxy=server.proxy.get_secret_value() if server.proxy else None,
                ssl=await self._trusted() or True,
                allow_redirects=False,
                timeout=time_limit or self._session.timeout,
            ) as response:
                yield response
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, aiohttp.ClientConnectorCertificateError):
                self._trust = None  # a person mends it, and then the file is read again
            raise in_words(error, server) from error

    async def _trusted(self) -> ssl.SSLContext | None:
        if self._trust is None:
            self._trust = await asyncio.to_thread(self.server.trust)
        return self._trust


class TooLongError(StoreMisconfiguredError):
    """An answer is longer than what is read of one."""


class _StrayAnswerError(aiohttp.ClientConnectionError):
    """Something was answered before it was asked."""


class _Request(aiohttp.ClientRequest):
    """Goes out only where nothing has come in that would be taken for its answer, and lose what it carries.

    aiohttp reads what comes while a connection is idle, and hands it to the next request. It tells of it in time; a
    new connection for every request would be safe as well, and cost a handshake each time.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if conn.protocol is None or conn.protocol.should_close:
            conn.close()
            raise _StrayAnswerError
        return await super().send(conn)


def _compressed(lines: Sequence[str]) -> bytes:
    """The body of a request. Of zlib's strategies this one suits lines of numbers, which have few long repeats."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    body = []
    for start in range(0, len(lines), _LINES_AT_ONCE):
        piece = "\n".join(lines[start : start + _LINES_AT_ONCE])
        body.append(packer.compress((f"\n{piece}" if start else piece).encode()))
    return b"".join((*body, packer.flush()))


async def received(response: aiohttp.ClientResponse, server: Server) -> Answer:
    """The answer that a response is, its body cut at the limit.

    Raises:
        StoreMisconfiguredError: It is a proxy's, which wants other credentials.
        aiohttp.ClientError: It breaks off; or OSError.
    """
    if response.status == 407:
        raise wrong_credentials(server)
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, names, await beginning(response))


def whole(answer: Answer, server: Server) -> Answer:
    """The same answer.

    Raises:
        TooLongError: It was cut.
    """
    if len(answer.body) >= MAX_ANSWER_BYTES:
        raise TooLongError(
            f"{server.url}: an answer is longer than {MAX_ANSWER_BYTES // 2**20} MiB, and no more is read"
        )
    return answer


async def beginning(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer; of one that is too long, what stands before the limit."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            break
    return bytes(body[:MAX_ANSWER_BYTES])


def understood(server: Server, make: Callable[..., Made], *parts: object) -> Made:
    """What a function makes of an answer, or of parts of one.

    Raises:
        StoreMisconfiguredError: It cannot make anything of it.
    """
    try:
        return make(*parts)
    except _NOT_INFLUXDB as error:
        raise no_influxdb(server) from error


def no_influxdb(server: Server) -> StoreError:
    """Something else answers at its address: a person has to act."""
    return StoreMisconfiguredError(f"{server.url}: this is not how InfluxDB answers: is `url` the address of its API?")


def in_words(error: aiohttp.ClientError | OSError, server: Server) -> StoreError:
    """What a fault of the connection means: nearly all of them pass."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return StoreMisconfiguredError(
                f"{server.url}: its certificate is not trusted ({_of_certificate(error)}); "
                "is ca the authority that signed it, and url the name that it was made for?"
            )
        case aiohttp.ClientHttpProxyError(status=407):
            return wrong_credentials(server)
        case aiohttp.InvalidURL():
            return StoreMisconfiguredError(f"{server.url}, or its proxy, is no address")
    return StoreUnavailableError(f"{server.url}: {_what(error, server)}")


def wrong_credentials(server: Server) -> StoreError:
    """A proxy's 407: a person has to act."""
    return StoreMisconfiguredError(f"{server.url}: its proxy wants other credentials (407); see proxy")


def _what(error: aiohttp.ClientError | OSError, server: Server) -> str:  # noqa: C901, PLR0911 - a line a kind
    match error:
        case aiohttp.ClientProxyConnectionError():
            return f"its proxy {error.host}:{error.port} cannot be reached: {_of_system(error.os_error)}"
        case aiohttp.ClientConnectorSSLError():
            return f"cannot be reached: {_of_system(error.os_error)}; does it speak TLS?"
        case aiohttp.ClientConnectorError():
            return f"cannot be reached: {_of_system(error.os_error)}"
        case aiohttp.ConnectionTimeoutError():
            return f"no connection within {CONNECT_SECS:g} s"
        case TimeoutError():
            return f"no answer within {server.timeout_secs:g} s"
        case _StrayAnswerError():
            return "it answered before it was asked"
        case aiohttp.ServerDisconnectedError():
            return "it hung up before it had answered"
        case aiohttp.ClientPayloadError():
            return "its answer ended too early"
        case aiohttp.ClientHttpProxyError():
            return f"its proxy answered {error.status} {shorten(error.message)}"
        case aiohttp.ClientResponseError():
            return f"what it answered is not HTTP: {shorten(error.message)}"
        case OSError():
            return f"the connection broke: {_of_system(error)}"
    return f"the connection broke: {type(error).__name__}"


def _of_certificate(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    return cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)


def _of_system(error: OSError) -> str:
    if error.errno and not isinstance(error, ssl.SSLError | socket.gaierror):
        return os.strerror(error.errno)  # event loops put the address into `strerror`
    return error.strerror or str(error) or type(error).__name__
