"""The official client of InfluxDB, with its faults put into words and bounds on what it reads.

Importing it costs about 20 MiB of memory and up to a second: it is imported where it is needed, and in a thread,
because a service may be in the middle of its work.
"""

import asyncio
import importlib
import ssl
from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp

from ingestor.errors import StoreError
from ingestor.stores.influxdb.answers import Answer, Meaning, error_of, read, shorten
from ingestor.stores.influxdb.connection import CONNECT_SECS, in_words, received, understood, whole
from ingestor.stores.influxdb.influxql import Result, read_result
from ingestor.stores.influxdb.server import Server

RIGHTS = (
    "The token needs the permission to read and to write buckets themselves (in InfluxDB's own pages: a custom API "
    "token with Read and Write for All Buckets)"
)
"""What to do where a token may use buckets, and not make or change them."""


class _Body(NamedTuple):
    """What the client takes its objects out of."""

    data: bytes


class Client:
    """One session with a server. Use it as a context manager.

    It follows no redirects, and asks once: what to try again is for the caller to say.

    Args:
        server: Which one, and how to be let in.

    Attributes:
        server: The same.
        library: The package `influxdb_client`.
        api: What its services are made with. Hand `_preload_content=False` to each of their methods.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.library: Any = None
        self.api: Any = None

    async def __aenter__(self) -> Self:
        """Get ready without needing the server to be up.

        Raises:
            StoreMisconfiguredError: The certificates of `ca` cannot be used.
        """
        trust = await asyncio.to_thread(self.server.trust)
        client = await asyncio.to_thread(importlib.import_module, "influxdb_client.client.influxdb_client_async")
        self.library = importlib.import_module("influxdb_client")
        token, proxy = self.server.token, self.server.proxy
        self._session = client.InfluxDBClientAsync(
            self.server.url,
            token=token.get_secret_value() if token else None,
            ssl_context=trust or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # the client would read the system's
            proxy=proxy.get_secret_value() if proxy else None,
            timeout=aiohttp.ClientTimeout(total=self.server.timeout_secs, connect=CONNECT_SECS),
            allow_redirects=False,
        )
        self.api = self._session.api_client
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def answer(self, request: Awaitable[Any]) -> Answer:
        """What comes back for a request that one of the client's services made, whatever its status.

        Raises:
            StoreUnavailableError: No answer came, or not all of it.
            StoreMisconfiguredError: No answer will come until a person acts.
        """
        try:
            async with await request as response:
                return whole(await received(response, self.server), self.server)
        except (aiohttp.ClientError, OSError) as error:
            raise in_words(error, self.server) from error

    async def ask(self, request: Awaitable[Any], kind: str, *, bucket: str = "") -> Any:  # noqa: ANN401 - by `kind`
        """What the server answers, as an object of the client's class of that name.

        Args:
            request: See `answer`.
            kind: `Buckets`, say.
            bucket: Which one it is about, where it is about one.

        Raises:
            StoreUnavailableError: The server cannot answer just now.
            StoreMisconfiguredError: It refuses, or is no InfluxDB.
            BucketError: It refuses, and that may be because of this bucket.
        """
        answer = _accepted(await self.answer(request), bucket)
        return understood(self.server, self.api.deserialize, _Body(answer.body), kind)

    async def tell(self, request: Awaitable[Any], *, bucket: str) -> None:
        """Ask for something that has no answer but yes; see `ask` for what is raised."""
        _accepted(await self.answer(request), bucket)

    async def query(self, statement: str, place: Mapping[str, str], *, method: str = "GET", bucket: str = "") -> Result:
        """What one statement of InfluxQL gives, with times in nanoseconds.

        Args:
            statement: Of InfluxQL.
            place: What `influxql.place` gives; nothing where the statement itself says it.
            method: POST where it changes something.
            bucket: Which one it is about, where it is about one; see `ask` for what is raised.
        """
        parameters = [*place.items(), ("q", statement), ("epoch", "ns")]
        request = self.api.call_api("/query", method, query_params=parameters, _preload_content=False)
        return understood(self.server, read_result, _accepted(await self.answer(request), bucket).body)


def refusal(answer: Answer, bucket: str) -> StoreError:
    """What a refusal means for the one who asked."""
    reading = read(answer)
    if answer.status in {401, 403} and reading.words.endswith("is unauthorized"):  # else the token is not known at all
        advice = RIGHTS
    elif reading.meaning is Meaning.FORBIDDEN:
        advice = "Use a token, or a user, that may"
    else:
        return error_of(reading, bucket)
    told = f"InfluxDB answered {answer.status}: {shorten(reading.words)}. {advice}"
    return error_of(reading._replace(meaning=Meaning.FORBIDDEN, told=told), bucket)


def _accepted(answer: Answer, bucket: str) -> Answer:
    """The same answer; raises where it is a refusal."""
    if 200 <= answer.status < 300:
        return answer
    raise refusal(answer, bucket)
