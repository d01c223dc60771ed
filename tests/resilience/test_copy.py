"""Moving house between real servers and the embedded store: equal by hash, also after kills in the middle."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

import pytest
import yaml
from pydantic import SecretStr

from ingestor.config import Config
from ingestor.copying.ends import End, find_end
from ingestor.ports import FieldType, Point, Series, StoredPoint
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.stores.sqlite import SqliteStore
from tests.copying.ends import DAY_NS, HOUR_NS, START_NS, THREE, compare, copy, fill, folder, points_of, stored, write
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.support import eventually, run

KILLS = 4


class House(NamedTuple):
    """A new and empty organisation of an InfluxDB 2, with a token of its own."""

    server: Server
    address: str

    @classmethod
    def build(cls, influxdb: InfluxDB, org: str) -> Self:
        """Make it; InfluxQL answers of the organisation that a token is of, whatever else the token may see."""
        number = influxdb.call("POST", "/api/v2/orgs", {"name": org})["id"]
        of = {"type": "buckets", "orgID": number}
        rights = [{"action": action, "resource": of} for action in ("read", "write")]
        rights.append({"action": "read", "resource": {"type": "orgs", "id": number}})
        made = influxdb.call("POST", "/api/v2/authorizations", {"orgID": number, "permissions": rights})
        address = f"influxdb://{quote(made['token'], safe='')}@127.0.0.1:{influxdb.port}/{quote(org)}"
        return cls(Server(influxdb.url, org, SecretStr(made["token"])), address)

    @property
    def end(self) -> End:
        """It as an end of a copy."""
        return find_end(Config(), self.address)


async def fill_server(end: End, server: Server, names: Sequence[str], *, rows: int = 500) -> None:
    """Make buckets like the three, under these names, written by somebody else than this service."""
    for like, name in zip(THREE, names, strict=True):
        async with end.buckets() as buckets, InfluxStore(server, create=True) as store:
            assert name not in [bucket.name for bucket in await buckets.list()]
            await write(store, [*points_of(like, bucket=name, rows=rows)])


def expected(like: str, *, rows: int = 500) -> list[StoredPoint]:
    """What a bucket holds, as a store gives it back."""
    points = [StoredPoint(p.series.measurement, p.series.tags, p.time_ns, p.fields) for p in points_of(like, rows=rows)]
    return sorted((one for one in points if one.fields), key=lambda one: (one.measurement, one.tags, one.time_ns))


@pytest.mark.long
@pytest.mark.timeout(180)
def test_there_and_back_again(tmp_path: Path, influxdb: InfluxDB) -> None:
    """Three buckets of a real 2.8 to SQLite, and back into an empty 2.8: value for value, and equal by hash."""
    old_house = House.build(influxdb, "old house")
    old, new = old_house.end, House.build(influxdb, "new house").end
    run(fill_server(old, old_house.server, THREE))
    between = folder(tmp_path / "between")

    there = run(copy(old, between, tmp_path / "there"), timeout_secs=60)
    back = run(copy(between, new, tmp_path / "back"), timeout_secs=60)
    verdicts = [
        run(compare(one, other), timeout_secs=60) for one, other in ((old, between), (between, new), (old, new))
    ]

    assert [(one.fault, one.set_aside, one.older, one.made) for one in there + back] == [(None, {}, {}, True)] * 6
    assert sorted(one.bucket for one in back) == sorted(THREE)
    for like in THREE:
        assert run(stored(tmp_path / "between", like)) == expected(like)
    assert [verdict.named for verdict in verdicts] == [[], [], []]
    assert len({(verdict.values, verdict.series_days) for verdict in verdicts}) == 1
    assert verdicts[0].values == sum(len(point.fields) for like in THREE for point in expected(like))


@pytest.mark.long
@pytest.mark.timeout(180)
def test_out_of_an_influxdb_1(
    tmp_path: Path, influxd1: str, influxdb: InfluxDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three databases of a real 1.13 with Flux turned on to SQLite and on to a 2.8: equal by hash."""
    monkeypatch.setenv("INFLUXDB_HTTP_FLUX_ENABLED", "true")
    new = House.build(influxdb, "from version 1").end
    names = ["power", "farm", "odd näme"]
    (tmp_path / "v1").mkdir()
    with InfluxDB1(influxd1, tmp_path / "v1") as server:
        old = find_end(Config(), f"influxdb://127.0.0.1:{server.port}")
        run(fill_server(old, Server(server.url), names))
        pairs = list(zip(names, THREE, strict=True))
        there = run(copy(old, folder(tmp_path / "b"), tmp_path / "there", *pairs), timeout_secs=60)
        on = run(copy(old, new, tmp_path / "on", *pairs), timeout_secs=60)
        verdicts = [run(compare(old, end, *pairs), timeout_secs=60) for end in (folder(tmp_path / "b"), new)]

    assert [one.is_whole for one in there + on] == [True] * 6
    assert [verdict.named for verdict in verdicts] == [[], []]
    for like in THREE:
        assert run(stored(tmp_path / "b", like)) == expected(like)


def test_an_influxdb_1_without_flux_says_what_to_set(tmp_path: Path, influxd1: str) -> None:
    """Where Flux is turned off the command ends with 1, and a line that says how to turn it on."""
    (tmp_path / "v1").mkdir()
    with InfluxDB1(influxd1, tmp_path / "v1") as server:
        server.create_database("farm")
        server.write("farm", "climate temperature=20.5 1700000000000000000")
        ended = start(tmp_path, f"influxdb://127.0.0.1:{server.port}", f"sqlite:{tmp_path}/b")
        _, told = ended.communicate(timeout=50)

    assert ended.returncode == 1
    assert "`flux-enabled = true`" in told
    assert "Traceback" not in told


@pytest.mark.long
@pytest.mark.timeout(300)
def test_kills_in_the_middle_lose_nothing(tmp_path: Path, influxdb: InfluxDB) -> None:
    """Killed again and again on its way into a real 2.8 it goes on where it was, and in the end both are equal."""
    new = House.build(influxdb, "after kills")
    run(fill(tmp_path / "a", *THREE, rows=40_000), timeout_secs=60)
    words = (f"sqlite:{tmp_path}/a", new.address, "--verify")
    seen = [0]
    for _ in range(KILLS):
        process = start(tmp_path, *words)
        eventually(lambda: process.poll() is not None or noted(tmp_path) > seen[-1], deadline_secs=50)  # noqa: B023
        process.kill()
        process.communicate(timeout=50)
        seen.append(noted(tmp_path))
    last = start(tmp_path, *words, "--json")
    out, told = last.communicate(timeout=120)

    assert last.returncode == 0, told
    assert all(0 < seen[at] < seen[at + 1] for at in range(1, KILLS)), seen
    said = json.loads(out)
    assert said["verified"] == {**said["verified"], "equal": True, "differ": 0}
    assert sum(one["points"] for one in said["buckets"]) == sum(len(expected(like, rows=40_000)) for like in THREE)
    assert noted(tmp_path) == 0


def test_what_a_server_does_not_take_is_named(tmp_path: Path, influxdb: InfluxDB) -> None:
    """Into a 2.8 with a retention and another type: what is older, and of that type, is counted; the rest is equal."""
    now_ns = time.time_ns()
    end = find_end(Config(), f"influxdb://{influxdb.token}@127.0.0.1:{influxdb.port}/{influxdb.org}")
    influxdb.create_bucket("short", retention_secs=2 * 86_400)
    influxdb.write("short", f'm other="text" {now_ns}')
    series = Series("short", "m", {"rack": "1"}, types={"value": FieldType.FLOAT, "other": FieldType.INT})
    times = [now_ns - hours * HOUR_NS - HOUR_NS // 2 for hours in range(100)]

    async def prepare() -> None:
        async with SqliteStore(tmp_path / "a") as store:
            await write(store, [Point(series, time_ns, {"value": 0.5, "other": 1}) for time_ns in times])

    run(prepare())
    old, pair = folder(tmp_path / "a"), ("short", "short")
    (state,) = run(copy(old, end, tmp_path / "1", pair, now_ns=now_ns))
    kept = len(influxdb.values("short", "m", "value"))
    verdict = run(compare(old, end, pair, now_ns=now_ns))
    (unaware,) = run(copy(old, end, tmp_path / "2", pair, now_ns=now_ns - 10 * DAY_NS))
    more = len(influxdb.values("short", "m", "value"))
    influxdb.delete_bucket("short")

    assert (kept, state.points) == (48, 48)
    assert state.older == {"m": 2 * 52}
    assert state.set_aside == {"m": {"other is int here, but stored as text": 48}}
    assert (unaware.older, sum(unaware.set_aside["m"].values())) == ({}, 100 + 100 - more)
    assert kept <= more < 100  # it still takes what is older, where it has a shard for that
    assert [one.what.split(" sqlite:")[0] for one in verdict.named] == ["other is int in"]
    assert verdict.values == 48


def test_a_field_of_several_types_is_left_out(tmp_path: Path, influxdb: InfluxDB) -> None:
    """What no column can hold is named and left out; whole numbers in one week and floats in another become floats."""
    influxdb.create_bucket("several")
    for week, fields in enumerate(('both=1i,mixed="x"', "both=1.5,mixed=2.5")):
        influxdb.write("several", f"m {fields} {START_NS + week * 14 * DAY_NS}")
    end = find_end(Config(), f"influxdb://{influxdb.token}@127.0.0.1:{influxdb.port}/{influxdb.org}")

    (state,) = run(copy(end, folder(tmp_path / "b"), tmp_path, ("several", "several")))
    verdict = run(compare(end, folder(tmp_path / "b"), ("several", "several")))
    influxdb.delete_bucket("several")

    assert state.left_out == {"m": {"mixed": "float and text"}}
    assert [point.fields for point in run(stored(tmp_path / "b", "several"))] == [{"both": 1.0}, {"both": 1.5}]
    assert [one.what.split(" in ")[0] for one in verdict.named] == ["mixed holds values of several types"]
    assert verdict.values == 2


def start(path: Path, *words: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    config = path / "config.yaml"
    config.write_text(yaml.safe_dump({"data_dir": str(path / "data")}), encoding="utf-8")
    command = [sys.executable, "-m", "ingestor", "copy", *words, "--config", str(config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def noted(path: Path) -> int:
    """How many points the notes say are copied."""
    files = list((path / "data" / "copy").glob("*.json"))
    states = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return sum(task["points"] for state in states for one in state["buckets"] for task in one["tasks"] or ())
