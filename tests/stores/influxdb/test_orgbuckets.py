"""The buckets of an organisation, on a real InfluxDB 2.8."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError
from ingestor.ports import BucketInfo
from ingestor.stores.influxdb.client import RIGHTS, Client
from ingestor.stores.influxdb.orgbuckets import PAGE, OrgBuckets, shard_secs
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb import ORG, InfluxDB
from tests.servers.rawpeer import RawPeer, answer
from tests.stores.influxdb.reading import Org
from tests.support import run

Result = TypeVar("Result")
DAY_SECS = 86_400


def ask(
    influxdb: InfluxDB,
    question: Callable[[OrgBuckets], Awaitable[Result]],
    *,
    token: str | None = None,
    org: str | None = ORG,
) -> Result:
    """What the server answers, to the token that may do everything if none is given."""

    async def main() -> Result:
        async with Client(Server(influxdb.url, org, SecretStr(token or influxdb.token))) as client:
            return await question(OrgBuckets(client))

    return run(main(), timeout_secs=60)


def error_of(influxdb: InfluxDB, question: Callable[[OrgBuckets], Awaitable[object]], **more: str) -> StoreError:
    """The error that comes of it."""
    with pytest.raises(StoreError) as raised:
        ask(influxdb, question, **more)
    return raised.value


def mine(found: object, start: str) -> list[BucketInfo]:
    """Of the buckets of a server that many tests use, those of this one."""
    assert isinstance(found, list)
    return [bucket for bucket in found if bucket.name.startswith(start)]


def new_name() -> str:
    """The name of a bucket that no other test has."""
    return f"b-{uuid4().hex[:8]}"


def all_buckets_token(influxdb: InfluxDB, *, reads_org: bool = True) -> str:
    """A token for all buckets of one organisation: other tests may have made more of them."""
    org_id = influxdb.org_id()
    permissions = [{"action": action, "resource": {"type": "buckets", "orgID": org_id}} for action in ("read", "write")]
    if reads_org:
        permissions.append({"action": "read", "resource": {"type": "orgs", "id": org_id}})
    made = influxdb.call("POST", "/api/v2/authorizations", {"orgID": org_id, "permissions": permissions})
    return str(made["token"])


@pytest.mark.parametrize("org", [ORG, None])
def test_a_bucket_is_made_changed_and_removed(influxdb: InfluxDB, org: str | None) -> None:
    """With its description and its retention; the token's only organisation needs not be named; names may be odd."""
    name = f"{new_name()}/ü 20° & a+b=c%41?#"
    seen = []

    async def all_of_it(buckets: OrgBuckets) -> None:
        await buckets.create(BucketInfo(name, "Räume", 7200.0))
        seen.append(await buckets.list())
        for secs in (None, 3600.0, 400.0 * DAY_SECS, 30.0 * DAY_SECS):
            await buckets.change(BucketInfo(name, "", secs))
            seen.append(await buckets.list())
        await buckets.remove(name)
        seen.append(await buckets.list())

    ask(influxdb, all_of_it, org=org, token=all_buckets_token(influxdb))

    assert [mine(found, name) for found in seen] == [
        [BucketInfo(name, "Räume", 7200.0)],
        [BucketInfo(name, "", None)],
        [BucketInfo(name, "", 3600.0)],
        [BucketInfo(name, "", 400.0 * DAY_SECS)],
        [BucketInfo(name, "", 30.0 * DAY_SECS)],
        [],
    ]
    assert not any(bucket.name.startswith("_") for bucket in seen[0])
    assert seen[0] == sorted(seen[0])


def test_the_only_organisation_is_found_among_many(influxdb: InfluxDB) -> None:
    """Wherever it stands in the list, of which the server hides all that the token may not read."""
    orgs = [Org.create(influxdb, new_name()) for _ in range(26)]

    async def make(buckets: OrgBuckets) -> None:
        await buckets.create(BucketInfo("Farm"))

    for org in orgs:
        ask(influxdb, make, org=None, token=org.token)
        assert [bucket.name for bucket in ask(influxdb, OrgBuckets.list, org=org.name, token=org.token)] == ["Farm"]


def test_new_shards_are_as_long_as_the_server_makes_them(influxdb: InfluxDB) -> None:
    """What `change` chooses is what a new bucket of that retention gets."""
    for secs in (3600, 2 * DAY_SECS - 1, 2 * DAY_SECS, 180 * DAY_SECS - 1, 180 * DAY_SECS, 0):
        name = new_name()
        influxdb.create_bucket(name, retention_secs=secs)
        (made,) = influxdb.call("GET", f"/api/v2/buckets?name={name}")["buckets"]

        assert made["retentionRules"][0]["shardGroupDurationSeconds"] == shard_secs(secs), secs


def test_more_buckets_than_a_page_are_all_listed() -> None:
    """Also where the token may not read some: those are missing in their page, which is then not full."""
    counts = {0: PAGE - 2, PAGE: PAGE, 2 * PAGE: 1, 3 * PAGE: 0}
    asked = []

    def said(request: bytes) -> bytes:
        offset = int(request.split(b"offset=")[1].split()[0].split(b"&")[0])
        asked.append(offset)
        rows = ",".join(f'{{"name":"b{offset + at:03}","retentionRules":[]}}' for at in range(counts[offset]))
        return answer(200, f'{{"buckets":[{rows}]}}'.encode())

    async def main() -> list[str]:
        async with RawPeer(said) as peer, Client(Server(peer.url, ORG)) as client:
            return [bucket.name for bucket in await OrgBuckets(client).list()]

    assert run(main()) == [f"b{offset + at:03}" for offset, count in counts.items() for at in range(count)]
    assert asked == list(counts)


@pytest.mark.long
def test_a_real_server_pages_so_too(influxdb: InfluxDB) -> None:
    """A hundred and one buckets, each made and found."""
    start = new_name()

    async def all_of_it(buckets: OrgBuckets) -> list[BucketInfo]:
        for number in range(PAGE + 1):
            await buckets.create(BucketInfo(f"{start}-{number:03}"))
        found = mine(await buckets.list(), start)
        for bucket in found:
            await buckets.remove(bucket.name)
        return found

    assert [bucket.name for bucket in ask(influxdb, all_of_it)] == [f"{start}-{at:03}" for at in range(PAGE + 1)]


def test_what_cannot_be_made_or_found_is_told(influxdb: InfluxDB) -> None:
    """In the server's words, as the fault of that bucket."""
    name = new_name()
    influxdb.create_bucket(name)
    twice = error_of(influxdb, lambda buckets: buckets.create(BucketInfo(name)))
    system = error_of(influxdb, lambda buckets: buckets.create(BucketInfo("_mine")))
    missing = error_of(influxdb, lambda buckets: buckets.remove("none"))

    assert (str(twice), type(twice)) == (f"InfluxDB answered 422: bucket with name {name} already exists", BucketError)
    assert "Buckets may not start with underscore" in str(system)
    assert 'InfluxDB answered 404: bucket "none" not found' in str(missing)


def test_an_organisation_that_is_not_there_is_told(influxdb: InfluxDB) -> None:
    """That is a fault of the whole store."""
    for question in (lambda buckets: buckets.list(), lambda buckets: buckets.create(BucketInfo("x"))):
        error = error_of(influxdb, question, org="nope")

        assert type(error) is StoreMisconfiguredError
        assert str(error) == 'InfluxDB answered 404: organization name "nope" not found. Check `org`'


def test_a_token_that_may_only_write_is_told_what_it_needs(influxdb: InfluxDB) -> None:
    """It sees no bucket, and can make, change and remove none."""
    name = new_name()
    token = influxdb.create_token(write=[influxdb.create_bucket(name)], read=[])["token"]

    assert ask(influxdb, lambda buckets: buckets.list(), token=token) == []
    for question in (
        lambda buckets: buckets.create(BucketInfo(f"{name}-2")),
        lambda buckets: buckets.change(BucketInfo(name)),
        lambda buckets: buckets.remove(name),
    ):
        error = error_of(influxdb, question, token=token)

        assert type(error) is BucketError
        assert RIGHTS in str(error)


def test_a_token_that_may_read_a_bucket_is_told_what_it_needs_to_change_it(influxdb: InfluxDB) -> None:
    """The server says which right is missing."""
    name = new_name()
    token = influxdb.create_token(write=[], read=[influxdb.create_bucket(name)])["token"]
    error = error_of(influxdb, lambda buckets: buckets.change(BucketInfo(name)), token=token)

    assert ask(influxdb, lambda buckets: buckets.list(), token=token) == [BucketInfo(name)]
    assert "is unauthorized. The token needs the permission" in str(error)


def test_all_buckets_is_enough(influxdb: InfluxDB) -> None:
    """Read and Write for All Buckets: the token may not even read the organisation."""
    name = new_name()

    async def all_of_it(buckets: OrgBuckets) -> list[BucketInfo]:
        await buckets.create(BucketInfo(name))
        await buckets.change(BucketInfo(name, "x", 3600.0))
        found = mine(await buckets.list(), name)
        await buckets.remove(name)
        return found

    assert ask(influxdb, all_of_it, token=all_buckets_token(influxdb, reads_org=False)) == [
        BucketInfo(name, "x", 3600.0)
    ]


def test_several_organisations_have_to_be_told_apart() -> None:
    """Where the token belongs to more than one, none is guessed."""
    orgs = b'{"orgs": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]}'

    async def main() -> None:
        async with RawPeer(answer(200, orgs)) as peer, Client(Server(peer.url)) as client:
            await OrgBuckets(client).list()

    with pytest.raises(StoreMisconfiguredError, match="several organisations: set `org`"):
        run(main())
