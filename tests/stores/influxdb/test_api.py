"""What commands ask of a server, on real servers 2.8 and 1.13."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import BucketInfo, StoredPoint
from ingestor.stores.influxdb.api import InfluxApi
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.servers.rawpeer import RawPeer, answer
from tests.support import LOOPS, free_port, run

Result = TypeVar("Result")
Question = Callable[[InfluxApi], Awaitable[Result]]

LINES = (
    'm,t=x,f=tag f=1,g=2i,h="a\r\n\tb \\"q\\" ü",b=true 1700000000123456789',
    "m f=-0 -9223372036854775806",
    "m f=5e-324 9223372036854775806",
    "m,t=\\ odd\\,\\=\\  f=1.7976931348623157e308,g=9223372036854775807i 5",
    "_field,t=y g=1i 5",
)
POINTS = [
    StoredPoint("_field", (("t", "y"),), 5, {"g": 1}),
    StoredPoint("m", (), -9223372036854775806, {"f": -0.0}),
    StoredPoint("m", (), 9223372036854775806, {"f": 5e-324}),
    StoredPoint(
        "m", (("f", "tag"), ("t", "x")), 1700000000123456789, {"f": 1.0, "g": 2, "h": 'a\r\n\tb "q" ü', "b": True}
    ),
    StoredPoint("m", (("t", " odd,= "),), 5, {"f": 1.7976931348623157e308, "g": 2**63 - 1}),
]


def ask(server: Server, question: Question[Result], *, loop: str = "asyncio") -> Result:
    """What the server answers."""

    async def main() -> Result:
        async with InfluxApi(server) as api:
            return await question(api)

    return run(main(), loop=loop)


def new_name() -> str:
    """The name of a bucket that no other test has."""
    return f"b-{uuid4().hex[:8]}"


def to(influxdb: InfluxDB, token: str | None = None) -> Server:
    """How to reach it."""
    return Server(influxdb.url, influxdb.org, SecretStr(token or influxdb.token))


@pytest.mark.parametrize("loop", LOOPS)
def test_the_version_is_told(influxdb: InfluxDB, influxdb1: InfluxDB1, loop: str) -> None:
    """Of either generation, whatever the token."""
    assert ask(to(influxdb, "wrong"), lambda api: api.version(), loop=loop) == "2.8.0"
    assert ask(Server(influxdb1.url), lambda api: api.version(), loop=loop) == "1.13.2"


def test_points_come_back_exactly(influxdb: InfluxDB, influxdb1: InfluxDB1) -> None:
    """Types, signs of zero, line breaks, times from 1677 to 2262, on 2.8 and on 1.13; an empty bucket is empty."""
    name = new_name()
    influxdb.create_bucket(name)
    influxdb1.create_database(name)
    empty = ask(to(influxdb), lambda api: api.points(name)), ask(Server(influxdb1.url), lambda api: api.points(name))
    influxdb.write(name, *LINES)
    influxdb1.write(name, *LINES)

    assert empty == ([], [])
    for server in (to(influxdb), Server(influxdb1.url)):
        found = sorted(ask(server, lambda api: api.points(name)), key=lambda one: one[:3])

        assert found == POINTS
        assert repr([sorted(one.fields.items()) for one in found]) == repr(
            [sorted(one.fields.items()) for one in POINTS]
        )


def test_points_that_may_not_be_read_are_an_error(influxdb: InfluxDB) -> None:
    """With what may be wrong."""
    name = new_name()
    only_write = influxdb.create_token(write=[influxdb.create_bucket(name)], read=[])["token"]

    with pytest.raises(BucketError, match=f"database not found: {name}. The token may have no right to read"):
        ask(to(influxdb, only_write), lambda api: api.points(name))


def test_buckets_are_those_of_the_servers_generation(influxdb: InfluxDB, influxdb1: InfluxDB1) -> None:
    """Made, changed, seen and removed on either."""
    name = new_name()

    async def all_of_it(api: InfluxApi) -> list[BucketInfo]:
        await api.create(BucketInfo(name, "x", 7200.0))
        found = [bucket for bucket in await api.list() if bucket.name == name]
        await api.change(BucketInfo(name, "y", None))
        found += [bucket for bucket in await api.list() if bucket.name == name]
        await api.remove(name)
        return [*found, *[bucket for bucket in await api.list() if bucket.name == name]]

    assert ask(to(influxdb), all_of_it) == [BucketInfo(name, "x", 7200.0), BucketInfo(name, "y", None)]
    assert ask(Server(influxdb1.url), all_of_it) == [BucketInfo(name, None, 7200.0), BucketInfo(name, None, None)]


def test_less_than_an_hour_is_refused_before_the_server_is_asked() -> None:
    """It would answer with a 500, which looks like a server in trouble."""
    for question in (
        lambda api: api.create(BucketInfo("x", "", 3599.0)),
        lambda api: api.change(BucketInfo("x", "", 0.5)),
    ):
        with pytest.raises(BucketError, match="InfluxDB keeps points for 1h at least: set a longer retention"):
            ask(Server(f"http://127.0.0.1:{free_port()}"), question)


def test_a_server_that_is_not_there_is_no_hindrance_to_entering() -> None:
    """Only asking is."""
    with pytest.raises(StoreUnavailableError, match="cannot be reached: Connection refused"):
        ask(Server(f"http://127.0.0.1:{free_port()}"), lambda api: api.list())


ODD = (
    {"columns": ["time", "f"], "values": [[1]]},
    {"columns": ["time"], "values": [["soon"]]},
    {"columns": ["fieldKey", "fieldType", "more"], "values": [["f", "float", 1]]},
    {"columns": ["fieldKey"], "values": [[["f"]]]},
)
V1 = "X-Influxdb-Version: 1.8.10"


@pytest.mark.parametrize("rows", ODD, ids=str)
def test_rows_that_make_no_sense_are_told_in_words(rows: dict[str, object]) -> None:
    """Whatever is asked."""
    said = answer(200, json.dumps({"results": [{"series": [rows]}]}).encode(), V1)

    async def main() -> None:
        async with RawPeer(said) as peer, InfluxApi(Server(peer.url)) as api:
            for question in (api.list(), api.points("x")):
                with pytest.raises(StoreMisconfiguredError, match="this is not how InfluxDB answers"):
                    await question

    run(main())


V3 = "X-Influxdb-Version: 3.1.0"


@pytest.mark.parametrize(
    ("said", "question", "kind", "words"),
    [
        (answer(200, b"hello"), lambda api: api.version(), StoreMisconfiguredError, "is not how InfluxDB answers"),
        (answer(200, b"{}", V3), lambda api: api.list(), StoreMisconfiguredError, "InfluxDB 3 makes a bucket"),
        (answer(404, b"nginx"), lambda api: api.points("x"), StoreMisconfiguredError, "no InfluxDB at this"),
        (answer(503, b"no"), lambda api: api.points("x"), StoreUnavailableError, "503: no"),
        (answer(200, b"<html>"), lambda api: api.points("x"), StoreMisconfiguredError, "is not how InfluxDB"),
        (
            answer(200, b'{"results": [{"error": "engine is on fire"}]}'),
            lambda api: api.points("x"),
            BucketError,
            "InfluxDB answered: engine is on fire",
        ),
        (
            answer(200, b'{"results": [{"series": [{"columns": ["time"], "values": [], "partial": true}]}]}'),
            lambda api: api.points("x"),
            BucketError,
            "a part of the bucket only",
        ),
    ],
    ids=["no version", "version 3", "nginx", "busy", "html", "broken", "partial"],
)
def test_odd_answers_are_told_in_words(
    said: bytes, question: Question[object], kind: type[StoreError], words: str
) -> None:
    """Never a traceback."""

    async def main() -> object:
        async with RawPeer(said) as peer, InfluxApi(Server(peer.url, "farm")) as api:
            return await question(api)

    with pytest.raises(kind, match=words):
        run(main())
