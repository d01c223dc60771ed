"""One request to a weather service: its answer, or what kept it from coming."""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

import aiohttp

from ingestor import __version__
from ingestor.ports import TaskFault
from ingestor.retry import asked_wait
from ingestor.routing.words import shorten
from ingestor.tasks.weather.provider import Ask

_CONNECT_SECS: Final = 10.0
_CHUNK_BYTES: Final = 65_536
_COMPLAINT_BYTES: Final = 16_384


class FetchError(Exception):
    """There is no answer that tells the weather.

    Args:
        kind: What kind of fault it is.
        words: What happened, without secrets.
        wait_secs: How long the service asked to be left alone, if it did.
    """

    def __init__(self, kind: TaskFault, words: str, *, wait_secs: float | None = None) -> None:
        super().__init__(words)
        self.kind = kind
        self.wait_secs = wait_secs


class Answer(NamedTuple):
    """What came: the body; where `whole` is not true it was longer than it may be, and this is its beginning."""

    body: bytes
    whole: bool


class Fetcher:
    """Asks weather services. An async context manager, for the time of a run.

    Args:
        secs: How long a service may take to answer.
        max_bytes: How long an answer may be.
    """

    def __init__(self, *, secs: float, max_bytes: int) -> None:
        self._secs = secs
        self._max_bytes = max_bytes
        timeout = aiohttp.ClientTimeout(total=secs, connect=min(secs, _CONNECT_SECS))
        self._session = aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": f"ingestor/{__version__}"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def fetch(self, address: str, ask: Ask, *, complaint: str, secret: str) -> Answer:
        """The answer to a question.

        Args:
            address: Of the service.
            ask: The question.
            complaint: The key of the service's own words, where it refuses.
            secret: What must not be told to anybody; empty for none.

        Raises:
            FetchError: There is none.
        """
        try:
            async with self._session.get(address + ask.path, params=ask.params, allow_redirects=False) as response:
                if response.status == 200:
                    return await self._body(response.content)
                said = await _beginning(response.content, _COMPLAINT_BYTES)
                raise _refusal(response.status, response.headers, _words(said, complaint, secret))
        except TimeoutError:
            raise FetchError(TaskFault.UNAVAILABLE, f"did not answer within {self._secs:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Of what is no HTTP aiohttp tells with the whole address, in which the key is written in another way.
            told = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
            words = f"cannot be asked: {_hidden(told or type(error).__name__, secret)}"
            raise FetchError(TaskFault.UNAVAILABLE, shorten(words)) from None

    async def _body(self, content: aiohttp.StreamReader) -> Answer:
        body = await _beginning(content, self._max_bytes + 1)
        return Answer(body, whole=len(body) <= self._max_bytes)


async def _beginning(content: aiohttp.StreamReader, most: int) -> bytes:
    """All of a body, or so much of it."""
    body = bytearray()
    async for chunk in content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) >= most:
            break
        await asyncio.sleep(0)
    return bytes(body[:most])


def _refusal(status: int, headers: Mapping[str, str], words: str) -> FetchError:
    said = f"{status}: {words}" if words else f"{status}"
    if status == 429:
        return FetchError(TaskFault.LIMITED, f"was asked too often ({said})", wait_secs=asked_wait(headers))
    if 400 <= status < 500 and status not in {408, 425}:
        return FetchError(TaskFault.REFUSED, f"refuses ({said})")
    return FetchError(TaskFault.UNAVAILABLE, f"is not well ({said})", wait_secs=asked_wait(headers))


def _words(said: bytes, complaint: str, secret: str) -> str:
    """The service's own words, where it says any."""
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return ""
    words = told.get(complaint) if isinstance(told, dict) else None
    return shorten(_hidden(words, secret)) if isinstance(words, str) else ""


def _hidden(text: str, secret: str) -> str:
    return text.replace(secret, "***") if secret else text
