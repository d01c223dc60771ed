"""Deleting single points from real servers 2.8 and 1.13: those and no others, or a refusal in words."""

from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import Point
from ingestor.stores.influxdb.deletion import runs
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.stores.memory import Key
from tests.builders import point, series
from tests.servers.influxdb import ORG, TOKEN, InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.servers.rawpeer import RawPeer, answer
from tests.stores.influxdb.reading import Org, points
from tests.support import free_port, run


def delete(server: Server, victims: Sequence[Point], *, before: Sequence[Point] = ()) -> None:
    """Write some points, and delete some."""

    async def main() -> None:
        async with InfluxStore(server) as store:
            if before:
                assert list(await store.write(before)) == []
            await store.delete(victims)

    run(main())


def to(influxdb: InfluxDB, token: str = TOKEN) -> Server:
    """How to reach it."""
    return Server(influxdb.url, ORG, SecretStr(token))


def bucket_of(influxdb: InfluxDB, ending: str = "") -> tuple[str, str]:
    """The name and the id of a new bucket."""
    name = f"b-{uuid4().hex[:8]}{ending}"
    return name, influxdb.create_bucket(name)


def stored(influxdb: InfluxDB, bucket: str) -> set[Key]:
    """The places of all points of a bucket."""
    return set(points(Org(influxdb.url, ORG, TOKEN), bucket))


@given(ours=st.sets(st.integers(0, 30)), there=st.sets(st.integers(0, 30)))
def test_runs_hold_all_that_is_ours_and_nothing_else(ours: set[int], there: set[int]) -> None:
    """Stretches do not meet what is not ours, leave nothing of ours, and are as few as can be."""
    stretches = list(runs(ours, there))
    covered = [at for at in there if any(first <= at <= last for first, last in stretches)]

    assert set(covered) == ours & there
    assert all(any(last < at < first for at in there - ours) for (_, last), (first, _) in pairwise(stretches))


def test_many_series_and_many_points(influxdb: InfluxDB) -> None:
    """More than a request takes; every other point of each series is of others and stays."""
    name, _ = bucket_of(influxdb)
    all_series = [series(name, f"m{number % 3}", tags={"n": str(number)}) for number in range(230)]
    written = [point(each, time_ns=at) for each in all_series for at in range(8)]
    delete(to(influxdb), [one for one in written if one.time_ns in {1, 2, 5}], before=written)

    assert {key[3] for key in stored(influxdb, name)} == {0, 3, 4, 6, 7}
    assert len(stored(influxdb, name)) == 230 * 5


def test_much_that_stands_in_between_stays(influxdb: InfluxDB) -> None:
    """Where there is too much to look at, each point is deleted alone."""
    name, _ = bucket_of(influxdb)
    written = [point(series(name), time_ns=at) for at in range(1_000)]
    delete(to(influxdb), [written[0], written[500], written[999]], before=written)

    assert {key[3] for key in stored(influxdb, name)} == set(range(1_000)) - {0, 500, 999}


def test_a_tag_named_like_a_field_is_no_hindrance(influxdb: InfluxDB) -> None:
    """In a condition a bare name would mean the field."""
    name, _ = bucket_of(influxdb)
    tagged, plain = series(name, tags={"temperature": "warm"}), series(name, tags={})
    delete(to(influxdb), [point(tagged)], before=[point(tagged), point(plain)])

    assert {key[2] for key in stored(influxdb, name)} == {()}


@pytest.mark.parametrize("value", ["it's", 'say "so"', "back\\slash", "ü ☃", "' OR 1=1 --", "a;DROP DATABASE x", "=,"])
def test_odd_tags_mean_themselves(influxdb: InfluxDB, value: str) -> None:
    """Nothing in a value is taken for a part of a statement."""
    name, _ = bucket_of(influxdb)
    odd, other = series(name, tags={"a": value, value: "x"}), series(name, tags={"a": "other"})
    delete(to(influxdb), [point(odd)], before=[point(odd), point(other)])

    assert {key[2] for key in stored(influxdb, name)} == {(("a", "other"),)}


def test_a_slash_in_a_name_is_refused(influxdb: InfluxDB) -> None:
    """The server would take the bucket of the part before it."""
    name, _ = bucket_of(influxdb)
    influxdb.create_bucket(f"{name}/b")
    before = [point(series(name)), point(series(f"{name}/b"))]

    with pytest.raises(BucketError, match="with a / in its name"):
        delete(to(influxdb), [before[1]], before=before)
    assert len(stored(influxdb, name)) == len(stored(influxdb, f"{name}/b")) == 1


def test_a_token_that_may_only_write_is_told_of(influxdb: InfluxDB) -> None:
    """The other buckets of the batch are seen to."""
    closed, number = bucket_of(influxdb)
    opened, other = bucket_of(influxdb)
    influxdb.write(closed, "climate,rack=rack1 temperature=1 1")
    token = influxdb.create_token(write=[number, other], read=[other])["token"]

    with pytest.raises(BucketError, match="the token has to read and write this bucket") as raised:
        delete(to(influxdb, token), [point(series(closed)), point(series(opened))], before=[point(series(opened))])
    assert list(raised.value.reasons) == [closed]
    assert len(stored(influxdb, closed)) == 1
    assert stored(influxdb, opened) == set()


def test_a_namesake_of_another_organisation_is_not_touched(influxdb: InfluxDB) -> None:
    """Where a statement may mean that one, there is none."""
    name, _ = bucket_of(influxdb)
    influxdb.write(name, "climate,rack=rack1 temperature=1 1")
    other = Org.create(influxdb, uuid4().hex)
    number = influxdb.call("GET", f"/api/v2/orgs?org={quote(other.name)}")["orgs"][0]["id"]
    influxdb.call("POST", "/api/v2/buckets", {"orgID": number, "name": name, "retentionRules": []})

    for server in (to(influxdb), to(influxdb)._replace(org=other.name)):
        with pytest.raises(BucketError, match="in another organisation"):
            delete(server, [point(series(name))])
    assert len(stored(influxdb, name)) == 1


def test_points_go_from_a_database_of_1(influxdb1: InfluxDB1) -> None:
    """As from a bucket of 2."""
    name = f"d{uuid4().hex[:8]}"
    influxdb1.create_database(name)
    all_series = [series(name, tags=tags) for tags in ({}, {"a": "1"}, {"a": "1", "b": "2"})]
    written = [point(each, time_ns=at) for each in all_series for at in range(4)]
    delete(Server(influxdb1.url), [point(all_series[1], time_ns=at) for at in (1, 2)], before=written)
    left = points(Org(influxdb1.url, "", ""), name)

    assert {key[2:] for key in left} == {
        (each.tags, at) for each in all_series for at in range(4) if each is not all_series[1] or at in {0, 3}
    }


def test_a_database_of_1_with_several_policies_is_refused(influxdb1: InfluxDB1) -> None:
    """A statement would delete in all of them; of a database that is not there, there is nothing to delete."""
    name = f"d{uuid4().hex[:8]}"
    influxdb1.create_database(name)
    influxdb1.query(f'CREATE RETENTION POLICY "week" ON "{name}" DURATION 7d REPLICATION 1')

    with pytest.raises(BucketError, match="several"):
        delete(Server(influxdb1.url), [point(series(name))], before=[point(series(name))])
    assert len(points(Org(influxdb1.url, "", ""), name)) == 1
    delete(Server(influxdb1.url), [point(series("nowhere"))])


def test_what_does_not_answer_is_tried_again_later() -> None:
    """As it is for writes."""
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        delete(Server(f"http://127.0.0.1:{free_port()}"), [point()])


def test_what_is_no_influxdb_is_told_of() -> None:
    """A person has to mend the address."""

    async def main() -> None:
        async with RawPeer(answer(200, b"<html>")) as peer, InfluxStore(Server(peer.url)) as store:
            await store.delete([point()])

    with pytest.raises(StoreMisconfiguredError, match="this is not how InfluxDB answers"):
        run(main())


def test_a_refusal_is_told_in_the_servers_words() -> None:
    """InfluxDB 3 deletes no points, say."""
    body = b'{"results": [{"statement_id": 0, "error": "not implemented: DELETE"}]}'

    async def main() -> None:
        async with RawPeer(answer(200, body)) as peer, InfluxStore(Server(peer.url)) as store:
            await store.delete([point()])

    with pytest.raises(BucketError, match="not implemented: DELETE"):
        run(main())
