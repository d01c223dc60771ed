"""Databases and policies in the place of buckets, on a real InfluxDB 1.13."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from ingestor.errors import BucketError, StoreMisconfiguredError
from ingestor.ports import BucketInfo
from ingestor.stores.influxdb.client import Client
from ingestor.stores.influxdb.databases import Databases
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb1 import InfluxDB1
from tests.servers.rawpeer import RawPeer, answer
from tests.support import run

Result = TypeVar("Result")
DAY_SECS = 86_400.0


def ask(influxdb1: InfluxDB1, question: Callable[[Databases], Awaitable[Result]]) -> Result:
    """What the server answers."""

    async def main() -> Result:
        async with Client(Server(influxdb1.url)) as client:
            return await question(Databases(client))

    return run(main())


def test_databases_and_policies_are_made_changed_and_removed(influxdb1: InfluxDB1) -> None:
    """The default policy goes by the database's name, and there are no descriptions; names may be odd."""
    plain, odd = "plain", 'o"d ü'
    seen = []

    async def all_of_it(databases: Databases) -> None:
        async def look() -> None:
            found = await databases.list()
            seen.append([bucket for bucket in found if bucket.name.startswith((plain, odd))])

        await databases.create(BucketInfo(plain, "described", 7200.0))
        await databases.create(BucketInfo(f"{odd}/week", "", 7 * DAY_SECS))
        await look()
        await databases.change(BucketInfo(plain, "", None))
        await databases.change(BucketInfo(f"{odd}/week", "", 3600.0))
        await look()
        await databases.remove(f"{odd}/week")
        await databases.remove(plain)
        await look()

    ask(influxdb1, all_of_it)

    assert seen == [
        [BucketInfo(odd, None), BucketInfo(f"{odd}/week", None, 7 * DAY_SECS), BucketInfo(plain, None, 7200.0)],
        [BucketInfo(odd, None), BucketInfo(f"{odd}/week", None, 3600.0), BucketInfo(plain, None, None)],
        [BucketInfo(odd, None)],
    ]


def test_a_policy_is_added_to_a_database_that_is_there(influxdb1: InfluxDB1) -> None:
    """With what is in it."""
    influxdb1.create_database("there")
    influxdb1.write("there", "m f=1 1")
    ask(influxdb1, lambda databases: databases.create(BucketInfo("there/day", "", DAY_SECS)))

    assert influxdb1.query("SELECT * FROM m", database="there")[0]["values"] == [[1, 1]]
    found = ask(influxdb1, lambda databases: databases.list())
    assert {"there", "there/day"} <= {bucket.name for bucket in found}


def test_what_cannot_be_done_is_told(influxdb1: InfluxDB1) -> None:
    """In the server's words, as the fault of that bucket."""
    with pytest.raises(BucketError, match="InfluxDB answered: database not found: none"):
        ask(influxdb1, lambda databases: databases.change(BucketInfo("none")))
    with pytest.raises(BucketError, match="InfluxDB answered: invalid name"):
        ask(influxdb1, lambda databases: databases.create(BucketInfo("a\\b")))


def test_a_statement_that_may_not_be_made_is_told() -> None:
    """Where it is about no bucket, it is a fault of the whole store."""

    async def main() -> Sequence[BucketInfo]:
        async with RawPeer(answer(200, b'{"error": "not authorized"}')) as peer, Client(Server(peer.url)) as client:
            return await Databases(client).list()

    with pytest.raises(StoreMisconfiguredError, match=r"^InfluxDB answered: not authorized$"):
        run(main())
