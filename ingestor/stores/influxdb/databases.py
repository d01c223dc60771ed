"""What InfluxDB 1 has in place of buckets: DATABASE means its default policy, DATABASE/POLICY any other."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ingestor.errors import BucketError, StoreMisconfiguredError
from ingestor.ports import BucketInfo
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.connection import understood
from ingestor.stores.influxdb.influxql import Result, quoted
from ingestor.stores.influxdb.orgbuckets import shard_secs

_OF_THE_SERVER = "_internal"
_UNIT_SECS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class _Policy(NamedTuple):
    name: str
    retention_secs: float | None
    default: bool


class Databases:
    """Sees and changes them. For what its methods raise, see `ports.Buckets`. It keeps no descriptions.

    Args:
        client: Entered already.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(self) -> Sequence[BucketInfo]:
        """All policies of all databases, without those that the server keeps for itself."""
        names = [str(name) for (name,) in await self._ask("", "SHOW DATABASES", "name")]
        found = [
            BucketInfo(name if policy.default else f"{name}/{policy.name}", None, policy.retention_secs)
            for name in names
            if name != _OF_THE_SERVER
            for policy in await self._policies(name)
        ]
        return sorted(found, key=lambda bucket: bucket.name)

    async def create(self, bucket: BucketInfo) -> None:
        """Make the database, or the policy with its database where that is missing too."""
        database, _, policy = bucket.name.partition("/")
        if not policy:
            keep = f" WITH DURATION {_duration(bucket)}" if bucket.retention_secs else ""
            await self._ask(bucket.name, f"CREATE DATABASE {quoted(database)}{keep}")
            return
        await self._ask(bucket.name, f"CREATE DATABASE {quoted(database)}")
        of = f"{quoted(policy)} ON {quoted(database)}"
        await self._ask(bucket.name, f"CREATE RETENTION POLICY {of} DURATION {_duration(bucket)} REPLICATION 1")

    async def change(self, bucket: BucketInfo) -> None:
        """Give it this retention, with shards to fit."""
        database, _, policy = bucket.name.partition("/")
        policy = policy or next((one.name for one in await self._policies(database) if one.default), "autogen")
        shard = shard_secs(round(bucket.retention_secs or 0))
        of = f"{quoted(policy)} ON {quoted(database)}"
        duration = f"DURATION {_duration(bucket)} SHARD DURATION {shard}s"
        await self._ask(bucket.name, f"ALTER RETENTION POLICY {of} {duration}")

    async def remove(self, name: str) -> None:
        """Drop the policy, or the database with all its policies."""
        database, _, policy = name.partition("/")
        dropped = f"RETENTION POLICY {quoted(policy)} ON" if policy else "DATABASE"
        await self._ask(name, f"DROP {dropped} {quoted(database)}")

    async def _policies(self, database: str) -> Sequence[_Policy]:
        statement = f"SHOW RETENTION POLICIES ON {quoted(database)}"
        rows = await self._ask(database, statement, "name", "duration", "default")
        return [_Policy(str(name), _secs(str(duration)), bool(default)) for name, duration, default in rows]

    async def _ask(self, bucket: str, statement: str, *columns: str) -> Sequence[tuple[object, ...]]:
        """What a statement gives: these columns of every row; without any, it is one that changes something.

        Raises:
            BucketError: The statement failed; StoreMisconfiguredError where it is about no bucket.
        """
        result = await self._client.query(statement, {}, method="GET" if columns else "POST", bucket=bucket)
        if result.error:
            words = f"InfluxDB answered: {result.error}"
            raise BucketError(bucket, words) if bucket else StoreMisconfiguredError(words)
        return understood(self._client.server, _columns, result, *columns)


def _columns(result: Result, *names: str) -> Sequence[tuple[object, ...]]:
    """These columns of every row."""
    return [tuple(row[rows.columns.index(name)] for name in names) for rows in result.series for row in rows.values]


def _duration(bucket: BucketInfo) -> str:
    return f"{bucket.retention_secs:.0f}s" if bucket.retention_secs else "INF"


def _secs(duration: str) -> float | None:
    """Seconds of a text like 168h0m0s; None of 0s, which means for ever."""
    return sum(float(number) * _UNIT_SECS[unit] for number, unit in re.findall(r"([0-9.]+)([hms])", duration)) or None
