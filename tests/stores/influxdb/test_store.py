"""The InfluxDB store before real servers, 2.8 and 1.13: written, read back, refused, made and checked."""

import asyncio
import time
from collections.abc import Sequence
from uuid import uuid4

import pytest
from pydantic import SecretStr

from ingestor.encode.line import Encoded, LineEncoder
from ingestor.errors import BucketError, StoreMisconfiguredError
from ingestor.ports import BucketInfo, FieldType, Point, Reason
from ingestor.stores.influxdb.connection import Connection
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.writer.engine import Outcome
from tests.builders import point, series
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.stores.influxdb.reading import Org, points
from tests.stores.influxdb.rig import writer_of
from tests.support import LOOPS, free_port, run
from tests.writer.rig import FakeClock

DAY_NS = 86_400 * 10**9
NOTE = {"note": FieldType.TEXT}


@pytest.fixture(params=["2.8", "1.13"])
def place(request: pytest.FixtureRequest) -> Org:
    """Each real server in turn, where no bucket is yet."""
    if request.param == "1.13":
        return Org(request.getfixturevalue("influxdb1").url, "", "")
    return Org.create(request.getfixturevalue("influxdb"), f"org {uuid4()}")


@pytest.fixture
def bucket() -> str:
    """A name that no other test uses."""
    return f"Farm-{uuid4()}"


def store_at(place: Org, *, create: bool = False, declared: Sequence[BucketInfo] = ()) -> InfluxStore:
    """The store there."""
    token = SecretStr(place.token) if place.token else None
    return InfluxStore(Server(place.url, place.name or None, token), create=create, declared=declared)


@pytest.mark.parametrize("loop", LOOPS)
def test_points_are_written_and_read_back(place: Org, bucket: str, loop: str) -> None:
    """Into a bucket that is made when it is missing; a batch again changes nothing."""
    batch = [
        Point(series(bucket, tags={"rack": f"r {at % 50}"}), 10**18 + at, {"temperature": at / 4, "state": f"s\n{at}"})
        for at in range(6_000)
    ]

    async def main() -> None:
        async with store_at(place, create=True) as store:
            assert await store.write(batch) == []
            assert await store.write(batch[3_000:]) == []

    run(main(), loop=loop)

    assert points(place, bucket) == {(bucket, "climate", one.series.tags, one.time_ns): one.fields for one in batch}


def test_types_are_told_by_the_server(place: Org, bucket: str) -> None:
    """Those of the points that were written, and nothing for a bucket that is not there."""

    async def main() -> None:
        async with store_at(place, create=True) as store:
            await store.write([point(series(bucket), temperature=20.0, count=3, state="on", on=True)])

            assert await store.field_types(bucket) == {
                ("climate", "temperature"): {FieldType.FLOAT},
                ("climate", "count"): {FieldType.INT},
                ("climate", "state"): {FieldType.TEXT},
                ("climate", "on"): {FieldType.BOOL},
            }
            assert await store.field_types("not there") == {}

    run(main())


def test_a_bucket_that_is_not_to_be_made_is_an_error_of_its_own(place: Org, bucket: str) -> None:
    """The words say what to do."""

    async def main() -> None:
        async with store_at(place) as store:
            with pytest.raises(BucketError, match=r"not found.*create_buckets: true") as caught:
                await store.write([point(series(bucket))])

            assert caught.value.bucket == bucket

    run(main())


def test_a_bucket_is_made_as_it_is_declared(influxdb: InfluxDB, influxdb1: InfluxDB1, bucket: str) -> None:
    """With its description and its retention."""
    declared = [BucketInfo(bucket, "what grows", 7 * 86_400.0)]
    org = Org.create(influxdb, f"org {uuid4()}")

    async def main() -> None:
        for place in (org, Org(influxdb1.url, "", "")):
            async with store_at(place, create=True, declared=declared) as store:
                await store.write([point(series(bucket), time_ns=time.time_ns())])

    run(main())
    listed = influxdb.call("GET", f"/api/v2/buckets?org={org.name.replace(' ', '%20')}")["buckets"]
    (policy,) = influxdb1.query(f'SHOW RETENTION POLICIES ON "{bucket}"')

    assert [
        (one["description"], one["retentionRules"][0]["everySeconds"]) for one in listed if one["name"] == bucket
    ] == [("what grows", 7 * 86_400)]
    assert [dict(zip(policy["columns"], row, strict=True))["duration"] for row in policy["values"]] == ["168h0m0s"]


def test_a_bucket_that_cannot_be_made_is_told_with_both_reasons(influxdb: InfluxDB, bucket: str) -> None:
    """A token that may write one bucket may not make another: the others flow, and a person reads why."""
    mine = f"mine {uuid4()}"
    token = influxdb.create_token(write=[influxdb.create_bucket(mine)], read=[])["token"]

    async def main() -> None:
        async with store_at(Org(influxdb.url, influxdb.org, token), create=True) as store:
            with pytest.raises(BucketError, match=r"404: bucket .* not found.*It could not be created: .*") as caught:
                await store.write([point(series(bucket)), point(series(mine))])

            assert caught.value.bucket == bucket
            assert await store.field_types(mine) is None

    run(main())

    assert influxdb.values(mine, "climate", "temperature") == ["21.5"]


def test_check_tells_what_is_wrong_and_stores_nothing(influxdb: InfluxDB, bucket: str) -> None:
    """Bucket, rights, organisation and token: each in the server's words, with what to do."""
    influxdb.create_bucket(bucket)
    other = f"other {uuid4()}"
    token = influxdb.create_token(write=[influxdb.create_bucket(other)], read=[])["token"]

    async def check(org: str, token: str) -> Sequence[str]:
        async with store_at(Org(influxdb.url, org, token)) as store:
            return await store.check([bucket, other, "none"])

    missing = 'bucket none: InfluxDB answered 404: bucket "none" not found. Create it, or set `create_buckets: true`'

    assert run(check(influxdb.org, influxdb.token)) == [missing]
    forbidden, not_there = run(check(influxdb.org, token))
    assert forbidden.startswith(f"bucket {bucket}: InfluxDB answered 403: insufficient permissions for write")
    assert not_there == missing
    assert run(check("nobody", influxdb.token)) == [
        'InfluxDB answered 404: organization name "nobody" not found. Check `org`'
    ]
    assert run(check(influxdb.org, "wrong")) == ["InfluxDB answered 401: unauthorized access. Check `token`"]
    assert points(Org(influxdb.url, influxdb.org, influxdb.token), bucket) == {}


def test_check_without_a_bucket_tells_whether_the_server_would_let_us_in(
    influxdb: InfluxDB, influxdb1: InfluxDB1
) -> None:
    """Where all buckets come from topics, the address, the organisation and the token are checked all the same."""

    async def check(place: Org) -> Sequence[str]:
        async with store_at(place) as store:
            return await store.check([])

    only_write = influxdb.create_token(write=[influxdb.create_bucket(f"mine {uuid4()}")], read=[])["token"]
    gone = f"http://127.0.0.1:{free_port()}"

    assert run(check(Org(influxdb.url, influxdb.org, influxdb.token))) == []
    assert run(check(Org(influxdb.url, influxdb.org, only_write))) == []
    assert run(check(Org(influxdb1.url, "", ""))) == []
    assert run(check(Org(influxdb.url, influxdb.org, "wrong"))) == [
        "InfluxDB answered 401: unauthorized access. Check `token`"
    ]
    assert run(check(Org(influxdb.url, "nobody", influxdb.token))) == [
        'InfluxDB answered 404: organization name "nobody" not found. Check `org`'
    ]
    assert run(check(Org(gone, "", ""))) == [f"{gone}: cannot be reached: Connection refused"]


def test_check_compares_the_clocks(influxdb: InfluxDB) -> None:
    """An hour apart is a problem of its own."""

    async def main() -> Sequence[str]:
        server = Server(influxdb.url, influxdb.org, SecretStr(influxdb.token))
        async with InfluxStore(server, clock=lambda: time.time() + 3600) as store:
            return await store.check(["first"])

    (problem,) = run(main())

    assert "behind ours: set both by NTP" in problem


def test_check_of_a_database_of_1(influxdb1: InfluxDB1, bucket: str) -> None:
    """The same on 1.13."""
    influxdb1.create_database(bucket)

    async def main() -> Sequence[str]:
        async with store_at(Org(influxdb1.url, "", "")) as store:
            return await store.check([bucket, "none"])

    (problem,) = run(main())

    assert problem.startswith("bucket none: InfluxDB answered 404: database not found")


class Garbling(LineEncoder):
    """Writes one line as no server can read it: what a fault of ours would do."""

    def encode(self, some: Sequence[Point]) -> Encoded:
        """The lines, but for that one."""
        encoded = super().encode(some)
        lines = [line.replace("temperature=-273.15", "temperature=-") for line in encoded.lines]
        return encoded._replace(lines=lines)


def test_seven_bad_points_of_five_thousand(influxdb: InfluxDB, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is set aside with its reason, all others are stored, and few more requests are needed."""
    now_ns = time.time_ns()
    influxdb.create_bucket(bucket, retention_secs=30 * 86_400)
    influxdb.write(
        bucket,
        f'climate,rack=x count="three" {now_ns}',
        f"climate,rack=x state=1 {now_ns - 10 * DAY_NS}",
    )
    racks = [series(bucket, tags={"rack": f"r{number}"}) for number in range(100)]
    batch = [point(racks[at % 100], time_ns=now_ns + at, temperature=float(at)) for at in range(5_000)]
    bad = {
        100: (point(series(bucket, types={"count": FieldType.INT}), time_ns=now_ns, count=3), Reason.TYPE_CONFLICT),
        900: (point(series(bucket, types={"state": FieldType.TEXT}), time_ns=now_ns, state="on"), Reason.TYPE_CONFLICT),
        1700: (point(racks[0], time_ns=now_ns - 40 * DAY_NS), Reason.TIME),
        2500: (point(series(bucket, tags={"rack": "x" * 70_000}), time_ns=now_ns), Reason.REJECTED),
        3300: (point(series(bucket), time_ns=now_ns, temperature=-273.15), Reason.REJECTED),
        4100: (point(series(bucket, "#climate"), time_ns=now_ns), Reason.REJECTED),
        4900: (Point(series(bucket, types=NOTE), now_ns, {"note": "x" * (2**20 + 1)}), Reason.REJECTED),
    }
    for at, (one, _) in bad.items():
        batch[at] = one
    requests = 0
    write = Connection.write

    async def counted(*args: object) -> object:
        nonlocal requests
        requests += 1
        return await write(*args)  # type: ignore[arg-type]

    async def main() -> Outcome:
        async with store_at(Org(influxdb.url, influxdb.org, influxdb.token)) as store:
            store._encoder = Garbling()
            return await writer_of(store, FakeClock()).write(batch)

    monkeypatch.setattr(Connection, "write", counted)
    outcome = run(main())

    assert outcome.held == {}
    assert {rejection.at: rejection.reason for rejection in outcome.rejections} == {
        at: reason for at, (_, reason) in bad.items()
    }
    assert all(rejection.detail and not rejection.fields for rejection in outcome.rejections)
    assert sorted(map(float, influxdb.values(bucket, "climate", "temperature"))) == sorted(
        float(at) for at in range(5_000) if at not in bad
    )
    assert requests <= 24


def test_a_large_batch_leaves_turns_to_others(influxdb: InfluxDB, bucket: str) -> None:
    """While 50,000 points are made ready and sent, everything else goes on."""
    influxdb.create_bucket(bucket)
    batch = [point(series(bucket, tags={"rack": f"r{at % 100}"}), time_ns=at) for at in range(50_000)]
    turns = 0

    async def main() -> None:
        async def take_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        others = asyncio.create_task(take_turns())
        async with store_at(Org(influxdb.url, influxdb.org, influxdb.token)) as store:
            await store.write(batch)
        others.cancel()

    run(main())

    assert turns > 50


def test_an_organisation_that_is_missing_needs_a_person(influxdb: InfluxDB) -> None:
    """Nothing would be taken, whatever the bucket."""

    async def main() -> None:
        async with store_at(Org(influxdb.url, "nobody", influxdb.token)) as store:
            with pytest.raises(StoreMisconfiguredError, match='organization name "nobody" not found'):
                await store.write([point()])

    run(main())
