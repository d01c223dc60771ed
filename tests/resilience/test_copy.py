"""Moving house between real servers and the embedded store: equal by hash, also after kills in the middle."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

import pytest
import yaml
from pydantic import SecretStr

from ingestor.config import Config
from ingestor.copying.ends import End, find_end
from ingestor.ports import StoredPoint
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from tests.copying.ends import THREE, compare, copy, fill, folder, points_of, stored, write
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
    run(fill(tmp_path / "a", *THREE, rows=60_000), timeout_secs=60)
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
    assert sum(one["points"] for one in said["buckets"]) == sum(len(expected(like, rows=60_000)) for like in THREE)
    assert noted(tmp_path) == 0


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
