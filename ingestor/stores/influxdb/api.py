"""What commands ask of an InfluxDB server, and tell it: its buckets, all that is in a small one, its version."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from ingestor.errors import BucketError, StoreMisconfiguredError
from ingestor.ports import BucketInfo, StoredPoint
from ingestor.stores.influxdb import influxql
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.connection import no_influxdb, understood
from ingestor.stores.influxdb.databases import Databases
from ingestor.stores.influxdb.influxql import ALL_POINTS, FIELD_KEYS
from ingestor.stores.influxdb.orgbuckets import OrgBuckets
from ingestor.stores.influxdb.server import Server

MIN_RETENTION_SECS = 3600.0
"""No InfluxDB takes less."""


class InfluxApi:
    """Asks one server. Use it as a context manager, not concurrently.

    Of InfluxDB 1 a bucket is DATABASE (its default policy) or DATABASE/POLICY; it keeps no descriptions.
    InfluxDB 3 answers for its version alone.

    Args:
        server: Which one, and how to be let in.
    """

    def __init__(self, server: Server) -> None:
        self._client = Client(server)
        self._buckets: OrgBuckets | Databases | None = None

    async def __aenter__(self) -> Self:
        """Get ready without needing the server to be up.

        Raises:
            StoreMisconfiguredError: The certificates of `ca` cannot be used.
        """
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def version(self) -> str:
        """The server's version: `2.8.0`, say.

        Raises:
            StoreUnavailableError: It cannot be asked just now.
            StoreMisconfiguredError: It is no InfluxDB.
        """
        service = self._client.library.PingService(self._client.api)
        answer = await self._client.answer(service.get_ping_async(_preload_content=False))
        version = answer.headers.get("x-influxdb-version", "").removeprefix("v")
        if not version:
            raise no_influxdb(self._client.server)
        return version

    async def list(self) -> Sequence[BucketInfo]:
        """The buckets that the token may read, sorted by name, without those that the server keeps for itself."""
        return await (await self._of_server()).list()

    async def create(self, bucket: BucketInfo) -> None:
        """Make a bucket that is not there yet."""
        _demand_retention(bucket)
        await (await self._of_server()).create(bucket)

    async def change(self, bucket: BucketInfo) -> None:
        """Give an existing bucket this description and this retention."""
        _demand_retention(bucket)
        await (await self._of_server()).change(bucket)

    async def remove(self, name: str) -> None:
        """Delete a bucket and all that is in it."""
        await (await self._of_server()).remove(name)

    async def points(self, name: str) -> Sequence[StoredPoint]:
        """All that is in a small bucket, with types and times as they were written."""
        server, place = self._client.server, influxql.place(name)
        types = await self._client.query(FIELD_KEYS, place, bucket=name)
        stored = await self._client.query(ALL_POINTS, place, bucket=name)
        if words := types.error or stored.error:
            raise BucketError(name, f"InfluxDB answered: {words}. The token may have no right to read this bucket")
        if any(rows.partial for rows in stored.series):
            raise BucketError(name, "InfluxDB gave a part of the bucket only: it holds too much")
        return understood(server, influxql.points, stored, understood(server, influxql.field_types, types))

    async def _of_server(self) -> OrgBuckets | Databases:
        if self._buckets is None:
            version = await self.version()
            if version.startswith("3."):
                raise StoreMisconfiguredError(
                    "InfluxDB 3 makes a bucket (there: a database) when it is first written, and lists them elsewhere"
                )
            self._buckets = (Databases if version.startswith(("0.", "1.")) else OrgBuckets)(self._client)
        return self._buckets


def _demand_retention(bucket: BucketInfo) -> None:
    """Its own refusal is a 500, like that of a server in trouble."""
    if bucket.retention_secs is not None and bucket.retention_secs < MIN_RETENTION_SECS:
        raise BucketError(bucket.name, "InfluxDB keeps points for 1h at least: set a longer retention")
