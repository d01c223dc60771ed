"""The types of fields that a server's shards hold, on real servers 2.8 and 1.13, and from odd answers."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.stores.influxdb.connection import MAX_ANSWER_BYTES
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.servers.rawpeer import RawPeer, answer
from tests.stores.influxdb.reading import Org
from tests.support import LOOPS, ROOT, run

Types = Mapping[tuple[str, str], AbstractSet[FieldType]] | None

LINES = (
    'm,t=x,f=tag f=1,g=2i,h="a\r\n\tb \\"q\\" ü",b=true 1700000000123456789',
    "m f=-0 -9223372036854775806",
    "_field,t=y g=1i 5",
)
TYPES = {
    ("m", "f"): {FieldType.FLOAT},
    ("m", "g"): {FieldType.INT},
    ("m", "h"): {FieldType.TEXT},
    ("m", "b"): {FieldType.BOOL},
    ("_field", "g"): {FieldType.INT},
}


def types_of(server: Server, bucket: str, *, loop: str = "asyncio") -> Types:
    """What the store is told."""

    async def main() -> Types:
        async with InfluxStore(server) as store:
            return await store.field_types(bucket)

    return run(main(), loop=loop)


def new_name() -> str:
    """The name of a bucket that no other test has."""
    return f"b {uuid4().hex[:8]}"


def to(influxdb: InfluxDB, token: str | None = None) -> Server:
    """How to reach it."""
    return Server(influxdb.url, influxdb.org, SecretStr(token or influxdb.token))


class Namesake(NamedTuple):
    """An organisation with a bucket of a name that others have, too."""

    org: Org
    org_id: str
    bucket_id: str

    @classmethod
    def create(cls, influxdb: InfluxDB, bucket: str, field: str) -> "Namesake":
        """One with a number in that field."""
        org = Org.create(influxdb, uuid4().hex)
        number = influxdb.call("GET", f"/api/v2/orgs?org={org.name}")["orgs"][0]["id"]
        made = influxdb.call("POST", "/api/v2/buckets", {"orgID": number, "name": bucket, "retentionRules": []})["id"]
        influxdb.call("POST", f"/api/v2/write?orgID={number}&bucket={made}", f"m {field}=1 1".encode())
        return cls(org, number, made)

    def token(self, influxdb: InfluxDB, *also: str) -> str:
        """One that is made here, and may read further buckets (by id) wherever they are."""
        rights = [{"action": "read", "resource": {"type": "buckets", "id": one}} for one in (self.bucket_id, *also)]
        made = influxdb.call("POST", "/api/v2/authorizations", {"orgID": self.org_id, "permissions": rights})
        return str(made["token"])


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("ending", ["", "/week", "/a/b"])
def test_types_of_fields_are_told(influxdb: InfluxDB, ending: str, loop: str) -> None:
    """Also of buckets with a slash in their name, which InfluxDB 2 takes for a database and a policy."""
    name = new_name() + ending
    influxdb.create_bucket(name)
    influxdb.write(name.replace("/", "%2F").replace(" ", "%20"), *LINES, "m,u=1 unsigned=1u 1")

    assert types_of(to(influxdb), name, loop=loop) == TYPES


def test_shards_may_hold_several_types(influxdb: InfluxDB) -> None:
    """All of them are told."""
    name = new_name().replace(" ", "-")
    influxdb.create_bucket(name)
    influxdb.write(name, "m f=1 1")
    influxdb.write(name, "m f=1i 1700000000000000000")

    assert types_of(to(influxdb), name) == {("m", "f"): {FieldType.FLOAT, FieldType.INT}}


def test_types_of_another_organisation_are_not_told(influxdb: InfluxDB) -> None:
    """Where the token was made in another one, and may read both, they may be those of a bucket there."""
    name = new_name()
    influxdb.create_bucket(name)
    influxdb.write(quote(name), "m f=1i 1")
    other = Org.create(influxdb, new_name())
    mine, elsewhere = to(influxdb), to(influxdb)._replace(org=other.name)
    assert types_of(mine, name) == {("m", "f"): {FieldType.INT}}
    assert types_of(elsewhere, name) is None
    number = influxdb.call("GET", f"/api/v2/orgs?org={quote(other.name)}")["orgs"][0]["id"]
    influxdb.call("POST", "/api/v2/buckets", {"orgID": number, "name": name, "retentionRules": []})

    assert types_of(mine, name) is None
    assert types_of(elsewhere, name) is None
    assert types_of(elsewhere._replace(token=SecretStr(other.token)), name) == {}


def test_types_are_told_however_many_organisations_have_the_name(influxdb: InfluxDB) -> None:
    """Also where the server's list of them is cut before ours; never with a token that may read another one, too."""
    name = new_name()
    farms = [Namesake.create(influxdb, name, f"f{number}") for number in range(26)]
    for number, farm in enumerate(farms):
        other = farms[number - 1]
        tokens = [farm.org.token, farm.token(influxdb), other.org.token, other.token(influxdb, farm.bucket_id)]
        servers = [Server(influxdb.url, farm.org.name, SecretStr(token)) for token in tokens]
        mine = {("m", f"f{number}"): {FieldType.FLOAT}}

        assert [types_of(server, name) for server in servers] == [mine, mine, None, None]


def test_types_are_told_of_databases_and_policies(influxdb1: InfluxDB1) -> None:
    """Each policy has its own; a database or a policy that is not there has none."""
    name = new_name().replace(" ", "-")
    server = Server(influxdb1.url)
    influxdb1.create_database(name)
    influxdb1.query(f'CREATE RETENTION POLICY "week" ON "{name}" DURATION 7d REPLICATION 1')
    influxdb1.write(name, *LINES)
    influxdb1.write(f"{name}/week", "other x=1i")

    assert types_of(server, name) == TYPES
    assert types_of(server, f"{name}/week") == {("other", "x"): {FieldType.INT}}
    assert types_of(server, f"{name}/none") == {}
    assert types_of(server, "none") == {}


def test_a_bucket_that_is_not_there_has_no_types_and_one_that_may_not_be_read_does_not_tell(influxdb: InfluxDB) -> None:
    """InfluxDB 2 says of both that there is no such database; a token that it does not know is told nothing either."""
    name = new_name()
    only_write = influxdb.create_token(write=[influxdb.create_bucket(name)], read=[])["token"]

    assert types_of(to(influxdb), "none") == {}
    assert types_of(to(influxdb, only_write), "none") == {}
    assert types_of(to(influxdb, only_write), name) is None
    assert types_of(to(influxdb, only_write)._replace(org=None), name) is None
    assert types_of(to(influxdb, "wrong"), name) is None


def asked(said: bytes | Callable[[bytes], bytes], bucket: str = "x") -> Types:
    """What the store makes of an answer."""

    async def main() -> Types:
        async with RawPeer(said) as peer, InfluxStore(Server(peer.url, "farm", SecretStr("sesame"))) as store:
            return await store.field_types(bucket)

    return run(main())


NOT_FOUND = b'{"results": [{"error": "database not found: x"}]}'


@pytest.mark.parametrize(
    ("said", "types"),
    [
        (answer(403, b'{"error": "error authorizing query: not authorized"}'), None),
        (answer(401, b""), None),
        (answer(200, b" " * MAX_ANSWER_BYTES), None),
        (answer(404, b'{"error": "database not found: x"}', "X-Influxdb-Version: 3.1.0"), {}),
        (answer(200, NOT_FOUND, "X-Influxdb-Version: 1.8.10"), {}),
    ],
    ids=["forbidden", "unknown", "too much", "version 3", "version 1"],
)
def test_what_a_server_does_not_tell(said: bytes, types: Types) -> None:
    """It may say no by its status, or more than is read; 1 and 3 say so that there is no such database."""
    assert asked(said) == types


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (answer(404, b"nginx"), StoreMisconfiguredError, "no InfluxDB at this address"),
        (answer(503, b"no", "Retry-After: 7"), StoreUnavailableError, "503: no"),
        (answer(407), StoreMisconfiguredError, "its proxy wants other credentials"),
        (answer(200, b"<html>"), StoreMisconfiguredError, "this is not how InfluxDB answers"),
        (
            answer(200, b'{"results": [{"series": [{"columns": ["fieldKey"], "values": [["f"]]}]}]}'),
            StoreMisconfiguredError,
            "this is not how InfluxDB answers",
        ),
        (answer(200, b'{"results": [{"error": "it is on fire"}]}'), BucketError, "InfluxDB answered: it is on fire"),
        (answer(400, b'{"error": "no such thing"}'), BucketError, "InfluxDB answered 400: no such thing"),
    ],
    ids=["nginx", "busy", "proxy", "html", "rows", "broken", "refused"],
)
def test_odd_answers_are_told_in_words(said: bytes, kind: type[StoreError], words: str) -> None:
    """Never a traceback, and as an error that says what to do."""
    with pytest.raises(kind, match=words):
        asked(said)


def test_a_server_that_is_busy_when_asked_for_its_buckets_is_asked_again_later() -> None:
    """Whether the bucket is there is not known then."""
    with pytest.raises(StoreUnavailableError, match="503: no"):
        asked(lambda came: answer(503, b"no") if b"/api/v2/buckets?" in came else answer(200, NOT_FOUND))


def test_a_service_that_makes_no_buckets_does_not_import_the_official_client() -> None:
    """It costs 20 MiB and a second: neither writing nor checking nor asking for types needs it."""
    program = """
import asyncio, sys
import ingestor.cli.run
from ingestor.ports import Point, Series
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from tests.servers.fakeinflux import FakeInflux
async def main():
    async with FakeInflux() as fake, InfluxStore(Server(fake.url), create=True) as store:
        await store.write([Point(Series("Farm", "m", {}, types={}), 1, {"f": 1.0})])
        await store.check(["Farm"])
        assert await store.field_types("Farm") == {}
        assert fake.stored["Farm"]
asyncio.run(main())
sys.exit("influxdb_client" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
