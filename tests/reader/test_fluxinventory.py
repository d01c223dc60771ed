"""What a real InfluxDB 2.8 says in Flux of what is in a bucket; more is in the contract of sources."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError
from ingestor.ports import FieldType
from ingestor.reader.flux import FIRST_NS, LAST_NS
from ingestor.reader.fluxinventory import FluxInventory
from ingestor.reader.fluxstream import FluxStream
from ingestor.reader.source import FieldInfo
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb import InfluxDB
from tests.support import run

Result = TypeVar("Result")
WEEK_NS = 7 * 86_400 * 10**9


def ask(server: InfluxDB, bucket: str, work: Callable[[FluxInventory], Awaitable[Result]]) -> Result:
    """What comes of some work with an inventory."""

    async def main() -> Result:
        async with FluxStream(Server(server.url, server.org, SecretStr(server.token))) as stream:
            return await work(FluxInventory(stream, bucket))

    return run(main())


def test_types_tags_and_times(influxdb: InfluxDB) -> None:
    """Of every series, also of such that have tags of their own, or values of another type."""
    influxdb.create_bucket("inventory")
    influxdb.write(
        "inventory", 'm,result=a,_x=1 f=1,g=1i,u=1u,s="",b=true 5', f"m,table=c f=2i {9 * WEEK_NS}", "n y=1 1"
    )

    async def work(inventory: FluxInventory) -> list[object]:
        return [
            await inventory.measurements(), await inventory.fields("m"), sorted(await inventory.tag_names("m")),
            await inventory.tags("m"), await inventory.span("m", FIRST_NS, LAST_NS),
            await inventory.span("m", 5, 5), await inventory.span("m", 6, 7),
        ]  # fmt: skip

    measurements, fields, names, tags, *spans = ask(influxdb, "inventory", work)
    assert measurements == ["m", "n"]
    assert fields == [
        FieldInfo("b", FieldType.BOOL), FieldInfo("f", FieldType.FLOAT), FieldInfo("g", FieldType.INT),
        FieldInfo("s", FieldType.TEXT), FieldInfo("u", FieldType.INT),
    ]  # fmt: skip
    assert names == ["_x", "result", "table"]
    assert tags == {"_x": ["1"], "result": ["a"], "table": ["c"]}
    assert spans == [(5, 9 * WEEK_NS), (5, 5), None]


def test_nothing_there(influxdb: InfluxDB) -> None:
    """An empty bucket has nothing; one that is not there is told."""
    influxdb.create_bucket("inventory of nothing")

    async def work(inventory: FluxInventory) -> list[object]:
        return [await inventory.measurements(), await inventory.fields("m"), await inventory.tags("m")]

    assert ask(influxdb, "inventory of nothing", work) == [[], [], {}]
    with pytest.raises(BucketError, match="there is no bucket 'nowhere', or the token may not read it"):
        ask(influxdb, "nowhere", lambda inventory: inventory.measurements())
