"""What an InfluxDB 2 gives out for a backup, and takes for a restore, over its own API.

All of it wants an operator's token: one that may do everything in all organisations, like the one that was made when
the server was set up. An "all access" token of one organisation is refused (measured on 2.8.0).
"""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import SecretStr

from ingestor.backup.manifest import GZIP, Bucket, shard_ids
from ingestor.backup.pieces import PIECE_BYTES, pieces
from ingestor.backup.record import BackupError
from ingestor.errors import StoreUnavailableError
from ingestor.stores.influxdb.answers import Answer, error_of, read
from ingestor.stores.influxdb.connection import (
    CONNECT_SECS,
    Connection,
    in_words,
    no_influxdb,
    received,
    understood,
    whole,
)
from ingestor.stores.influxdb.server import Server

SILENCE_SECS = 300.0
"""How long a server may say nothing: it answers when all of a large shard is on its disk."""

_MAX_BUCKETS_BYTES = 256 * 2**20  # what it tells of buckets and shards; some 500 bytes a shard
_TIME_LIMIT = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECS, sock_read=SILENCE_SECS)
_NO_SHARD = 0  # shards are numbered from 1: who asks for this one learns whether the token may

_VERSION = "x-influxdb-version"  # a header of all its answers

_Write = Callable[[bytes], Awaitable[None]]


class Sink(Protocol):
    """Takes bytes, piece by piece."""

    async def write(self, data: bytes) -> None:
        """Take some more."""


class ShardBusyError(StoreUnavailableError):
    """The server cannot give out a shard that it has: soon, it can."""


class Made(NamedTuple):
    """A bucket that a server made for a restore: its id, and the shards that the old ones go into."""

    id: str
    shards: Mapping[int, int]


class InfluxServer:
    """One server. Use it as a context manager; one request at a time.

    Args:
        server: Which one, and how to be let in.
    """

    def __init__(self, server: Server) -> None:
        self._connection = Connection(server._replace(timeout_secs=SILENCE_SECS), limit=1)

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    async def version(self) -> str:
        """Its version, `2.8.0`, say, of a server that can be backed up with this token.

        Raises:
            StoreError: It cannot be asked.
            BackupError: It has no backup, or not for this token.
        """
        answer = await self._connection.ask("/ping", {})
        version = answer.headers.get(_VERSION, "").removeprefix("v")
        if not version:
            raise no_influxdb(self._connection.server)
        numbers = re.match(r"(\d+)\.(\d+)", version)
        if numbers and not (2, 1) <= (int(numbers[1]), int(numbers[2])) < (3, 0):
            raise BackupError(f"{self._url} is InfluxDB {version}: a backup over the API has InfluxDB 2 from 2.1 on")
        answer = await self._connection.ask(f"/api/v2/backup/shards/{_NO_SHARD}", {})
        if answer.status != 404 or not read(answer).words.startswith("shard"):
            raise self._refusal(answer)
        return version

    async def metadata(
        self, parts: Callable[[str], AbstractAsyncContextManager["Sink"]] | None = None
    ) -> list[Mapping[str, Any]]:
        """What the server knows of itself; returns what it tells of its buckets.

        Args:
            parts: Called with `kv` and `sql`; a context manager that takes the bytes of that part with `write`.
                Nobody takes them, if not given.

        Raises:
            StoreError: It cannot be asked, or not all of it came.
            BackupError: It refuses, or the disk does.
        """
        told: list[Mapping[str, Any]] | None = None
        async with self._download("/api/v2/backup/metadata") as response:
            seen = []
            try:
                reader = aiohttp.MultipartReader.from_response(response)
                while isinstance(part := await reader.next(), aiohttp.BodyPartReader):
                    seen.append(part.name)
                    if part.name == "buckets":
                        told = understood(self._connection.server, json.loads, await self._buckets_part(part))
                    elif parts and part.name in {"kv", "sql"}:
                        async with parts(part.name) as file:
                            await _copy(part, file.write)
            except (ValueError, HttpProcessingError) as error:  # so this reader says that it ends early
                raise aiohttp.ClientPayloadError from error
        if told is None or seen != ["kv", "sql", "buckets"]:
            raise StoreUnavailableError(f"{self._url}: what it knows of itself came without {self._missing(seen)}")
        return told

    @staticmethod
    def _missing(seen: list[str | None]) -> str:
        return ", ".join(name for name in ("kv", "sql", "buckets") if name not in seen) or "an order that is known"

    async def _buckets_part(self, part: aiohttp.BodyPartReader) -> bytes:
        body = bytearray()

        async def add(data: bytes) -> None:
            body.extend(data)
            if len(body) > _MAX_BUCKETS_BYTES:
                raise no_influxdb(self._connection.server)

        await _copy(part, add)
        return bytes(body)

    async def shard_ids(self) -> frozenset[int]:
        """The shards that it has just now; see `metadata` for what is raised."""
        told = await self.metadata()
        return understood(self._connection.server, lambda: frozenset(id_ for one in told for id_ in shard_ids(one)))

    @asynccontextmanager
    async def shard(self, number: int) -> AsyncIterator["Shard | None"]:
        """The files of a shard as an archive; None where there is no such shard any more.

        Raises:
            ShardBusyError: It failed on this one: it does so while it works on the shard itself.
            StoreError: It cannot be asked; also inside, where not all of it comes.
            BackupError: It refuses.
        """
        path = f"/api/v2/backup/shards/{number}"
        async with self._download(path, {"Accept-Encoding": "gzip"}, also={404, 500}) as response:
            if response.status == 404:
                if _VERSION not in response.headers:  # a proxy that has lost the server, say
                    raise no_influxdb(self._connection.server)
                yield None
            elif response.status == 500:
                raise ShardBusyError(str(self._refusal(await received(response, self._connection.server))))
            else:
                yield Shard(response.headers.get("Content-Encoding") == "gzip", response.content)

    async def org_id(self, name: str) -> str | None:
        """The id of an organisation; None where there is none of that name."""
        answer = await self._connection.ask("/api/v2/orgs", {"org": name})
        if answer.status == 404:
            return None
        return understood(self._connection.server, lambda: str(json.loads(self._good(answer))["orgs"][0]["id"]))

    async def has_bucket(self, name: str, org_id: str) -> bool:
        """Whether an organisation has a bucket of that name."""
        answer = await self._connection.ask("/api/v2/buckets", {"orgID": org_id, "name": name})
        if answer.status == 404:
            return False
        return understood(self._connection.server, lambda: bool(json.loads(self._good(answer))["buckets"]))

    async def make_bucket(self, bucket: Bucket, *, name: str, org_id: str) -> Made:
        """Make a bucket of a backup again, with empty shards.

        Raises:
            StoreError: It cannot be asked.
            BackupError: It refuses.
        """
        body = io.BytesIO(json.dumps(bucket.request(name=name, org_id=org_id)).encode())
        answer = await self._send("/api/v2/restore/bucketMetadata", body, {"Content-Type": "application/json"})
        return understood(self._connection.server, _made, self._good(answer))

    async def remove_bucket(self, bucket_id: str) -> None:
        """Delete a bucket and all that is in it; see `make_bucket` for what is raised."""
        async with self._connection.exchange("DELETE", f"/api/v2/buckets/{bucket_id}", {}) as response:
            self._good(await received(response, self._connection.server))

    async def restore_shard(self, number: int, path: Path, compression: int, on_bytes: Callable[[int], None]) -> None:
        """Give a shard its files; see `make_bucket` for what is raised."""
        await self._upload(f"/api/v2/restore/shards/{number}", path, compression, on_bytes)

    async def restore_kv(self, path: Path, compression: int, on_bytes: Callable[[int], None]) -> None:
        """Have the server forget all it has, and know again what it knew; see `make_bucket` for what is raised.

        From then on it takes an operator's token of the backup, and so do we, where it can still tell one.
        """
        answer = await self._upload("/api/v2/restore/kv", path, compression, on_bytes)
        server = self._connection.server
        token = understood(server, lambda: str(json.loads(answer)["token"]))
        if token:
            await self._connection.__aexit__(None, None, None)
            self._connection = Connection(server._replace(token=SecretStr(token)), limit=1)
            await self._connection.__aenter__()

    async def restore_sql(self, path: Path, compression: int, on_bytes: Callable[[int], None]) -> None:
        """The other half of what it knew; see `make_bucket` for what is raised."""
        await self._upload("/api/v2/restore/sql", path, compression, on_bytes)

    async def _upload(self, where: str, path: Path, compression: int, on_bytes: Callable[[int], None]) -> bytes:
        headers = {"Content-Type": "application/octet-stream"}
        if compression == GZIP:
            headers["Content-Encoding"] = "gzip"

        try:
            async with aclosing(pieces(path)) as source, asyncio.timeout(SILENCE_SECS) as limit:
                answer = await self._send(where, _watched(source, limit, on_bytes), headers)
        except TimeoutError as error:
            raise in_words(error, self._connection.server) from error
        return self._good(answer)

    async def _send(self, path: str, body: io.BytesIO | AsyncIterator[bytes], headers: Mapping[str, str]) -> Answer:
        connection = self._connection
        async with connection.exchange(
            "POST", path, {}, data=body, headers=headers, time_limit=_TIME_LIMIT
        ) as response:
            return whole(await received(response, connection.server), connection.server)

    @asynccontextmanager
    async def _download(
        self, path: str, headers: Mapping[str, str] | None = None, *, also: Collection[int] = ()
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        connection = self._connection
        async with connection.exchange("GET", path, {}, headers=headers, time_limit=_TIME_LIMIT) as response:
            if response.status not in {200, *also}:
                raise self._refusal(await received(response, connection.server))
            yield response

    def _good(self, answer: Answer) -> bytes:
        if 200 <= answer.status < 300:
            return answer.body
        raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> Exception:
        reading = read(answer)
        if answer.status in {401, 403} and reading.words.endswith("is unauthorized"):  # else it is not known at all
            return BackupError(
                f"{self._url}: this token may not: backup and restore take an operator's token, like the one that the "
                "server was set up with (influx auth create --operator makes another)"
            )
        if answer.status in {404, 405} and _VERSION not in answer.headers:
            return no_influxdb(self._connection.server)
        if answer.status in {400, 409, 422}:
            return BackupError(f"{self._url} answered {answer.status}: {reading.words}")
        return error_of(reading)

    @property
    def _url(self) -> str:
        return self._connection.server.url


class Shard(NamedTuple):
    """An archive as it comes: whether it is compressed, and its bytes."""

    gzipped: bool
    content: aiohttp.StreamReader

    async def copy_to(self, write: _Write) -> None:
        """Hand on all of it."""
        async for piece in self.content.iter_chunked(PIECE_BYTES):
            await write(piece)


async def _watched(
    source: AsyncIterator[bytes], limit: asyncio.Timeout, on_bytes: Callable[[int], None]
) -> AsyncIterator[bytes]:
    """The same pieces; each has to be taken in time. How long the answer may take then, the request itself knows."""
    async for piece in source:
        limit.reschedule(asyncio.get_running_loop().time() + SILENCE_SECS)
        yield piece
        on_bytes(len(piece))
    limit.reschedule(None)


async def _copy(part: aiohttp.BodyPartReader, write: _Write) -> None:
    while piece := await part.read_chunk(PIECE_BYTES):
        await write(piece)


def _made(body: bytes) -> Made:
    found = json.loads(body)
    return Made(found["id"], {row["oldId"]: row["newId"] for row in found["shardMappings"]})
