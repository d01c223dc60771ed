"""The official client of InfluxDB, with its faults put into words and bounds on what it reads.

Importing it costs about 20 MiB of memory and up to a second: it is imported where it is needed, and in a thread,
because a service may be in the middle of its work.
"""

import asyncio
import importlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import aiohttp

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.answers import Answer, Meaning, read, shorten
from ingestor.stores.influxdb.connection import CONNECT_SECS, MAX_ANSWER_BYTES, beginning, in_words, wrong_credentials
from ingestor.stores.influxdb.influxql import Result, read_result
from ingestor.stores.influxdb.server import Server

Made = TypeVar("Made")

RIGHTS = (
    "The token needs the permission to read and to write buckets themselves (in InfluxDB's own pages: a custom API "
    "token with Read and Write for All Buckets)"
)
"""What to do where a token may use buckets, and not make or change them."""

_NOT_INFLUXDB = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    RecursionError,
)  # what the client makes of odd answers


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
                names = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(response.status, names, await beginning(response))
        except (aiohttp.ClientError, OSError) as error:
            raise in_words(error, self.server) from error
        if answer.status == 407:
            raise wrong_credentials(self.server)
        if len(answer.body) >= MAX_ANSWER_BYTES:
            raise StoreMisconfiguredError(
                f"{self.server.url}: an answer is longer than {MAX_ANSWER_BYTES // 2**20} MiB, and no more is read"
            )
        return answer

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
        answer = await self.answer(request)
        self._accept(answer, bucket)
        return self.understood(self.api.deserialize, _Body(answer.body), kind)

    async def tell(self, request: Awaitable[Any], *, bucket: str) -> None:
        """Ask for something that has no answer but yes; see `ask` for what is raised."""
        self._accept(await self.answer(request), bucket)

    async def query(self, statement: str, place: Mapping[str, str], *, method: str = "GET", bucket: str = "") -> Result:
        """What one statement of InfluxQL gives, with times in nanoseconds.

        Args:
            statement: Of InfluxQL.
            place: What `influxql.place` gives; nothing where the statement itself says it.
            method: POST where it changes something.
            bucket: Which one it is about, where it is about one; see `ask` for what is raised.
        """
        return self.result(await self.answer(self.statement(statement, place, method=method)), bucket)

    def statement(self, statement: str, place: Mapping[str, str], *, method: str = "GET") -> Awaitable[Any]:
        """The request for `answer` that `query` makes."""
        parameters = [*place.items(), ("q", statement), ("epoch", "ns")]
        request: Awaitable[Any] = self.api.call_api("/query", method, query_params=parameters, _preload_content=False)
        return request

    def result(self, answer: Answer, bucket: str = "") -> Result:
        """What `query` makes of the answer; see `ask` for what is raised."""
        self._accept(answer, bucket)
        return self.understood(read_result, answer.body)

    def understood(self, make: Callable[..., Made], *answer: object) -> Made:
        """What a function makes of an answer, or of parts of one.

        Raises:
            StoreMisconfiguredError: It cannot make anything of it: this is not how InfluxDB answers.
        """
        try:
            return make(*answer)
        except _NOT_INFLUXDB as error:
            raise StoreMisconfiguredError(
                f"{self.server.url}: this is not how InfluxDB answers: is `url` the address of its API?"
            ) from error

    def _accept(self, answer: Answer, bucket: str) -> None:
        if not 200 <= answer.status < 300:
            raise _refusal(answer, bucket)


def _refusal(answer: Answer, bucket: str) -> StoreError:
    """What a refusal means for the one who asked."""
    reading = read(answer)
    told = reading.told
    if answer.status in {401, 403} and reading.words.endswith("is unauthorized"):  # else the token is not known at all
        told = f"InfluxDB answered {answer.status}: {reading.words}. {RIGHTS}"
    elif reading.meaning is Meaning.FORBIDDEN:
        told = f"InfluxDB answered {answer.status}: {shorten(reading.words)}. Use a token, or a user, that may"
    elif reading.meaning in {Meaning.BUSY, Meaning.FAULT}:
        return StoreUnavailableError(told, retry_after=reading.retry_after)
    elif reading.meaning is Meaning.MISCONFIGURED:
        return StoreMisconfiguredError(told)
    return BucketError(bucket, told) if bucket else StoreMisconfiguredError(told)
