"""Whether a reading comes back from a store as it was written."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from ingestor.cli.checks.finding import Level
from ingestor.cli.checks.writetest import KEPT_SECS, Trial, check_writing, differences
from ingestor.config import Config
from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import BucketInfo, Reason, StoredPoint, Value
from ingestor.stores import make_buckets
from ingestor.writer import Report
from ingestor.writer.door import SetAside
from sensors import Measurement
from tests.builders import point, series
from tests.cli.commands import read_config, write_config
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.support import eventually_async, free_port, run

NOW_NS = 1_764_000_000_123_456_789


class FakeBuckets:
    """Buckets in which nothing is ever found, and which fail as they are told to.

    Args:
        fails: The names of the methods that fail.
        waits: The name of the method that waits until `go_on` is set.
    """

    def __init__(self, *, fails: Iterable[str] = (), waits: str = "") -> None:
        self._fails = set(fails)
        self._waits = waits
        self.made: list[BucketInfo] = []
        self.removed: list[str] = []
        self.waiting = False
        self.go_on = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def list(self) -> tuple[BucketInfo, ...]:
        """None are there before."""
        return ()

    async def create(self, bucket: BucketInfo) -> None:
        """Note it."""
        self.made.append(bucket)
        await self._do("create")

    async def change(self, bucket: BucketInfo) -> None:
        """Nobody has to."""
        raise AssertionError(bucket)

    async def remove(self, name: str) -> None:
        """Note it."""
        await self._do("remove")
        self.removed.append(name)

    async def points(self, name: str) -> tuple[StoredPoint, ...]:
        """There are none."""
        assert name == self.made[0].name
        await self._do("points")
        return ()

    async def _do(self, what: str) -> None:
        if what in self._fails:
            raise BucketError("b", f"{what} does not work")
        if what == self._waits:
            self.waiting = True
            await self.go_on.wait()


async def stores(reading: Measurement, bucket: str, time_ns: int) -> Report:
    """A writer that takes everything."""
    assert (reading.model_dump()["rack"], bucket[:20], time_ns) == ("rack1", "ingestor-write-test-", NOW_NS)
    return Report(1)


def test_every_store_is_tried(tmp_path: Path, influxdb: InfluxDB, influxd1: str) -> None:
    """An embedded one, InfluxDB 2.8 and 1.13: each is left as it was found."""
    (tmp_path / "influxdb1").mkdir()
    with InfluxDB1(influxd1, tmp_path / "influxdb1") as one:
        stores = {"a": {"kind": "sqlite"}, "b": influxdb.store(), "c": {"kind": "influxdb", "url": one.url}}
        config = read_config(write_config(tmp_path, stores=stores))
        findings = run(check_writing(config))
        left = run(all_buckets(config))

    assert [(finding.level, finding.about) for finding in findings] == [
        (Level.OK, "store a"),
        (Level.OK, "store b"),
        (Level.OK, "store c"),
    ]
    assert findings[0].text == "write test: a simulated reading came back as it was written"
    assert "first" in left
    assert not [name for name in left if name.startswith("ingestor-write-test")]
    assert list((tmp_path / "data" / "stores" / "a").iterdir()) == []


async def all_buckets(config: Config) -> list[str]:
    """The names of all buckets of all stores."""
    names = []
    for store in config.stores:
        async with make_buckets(config, store) as buckets:
            names += [bucket.name for bucket in await buckets.list()]
    return names


def test_a_token_that_may_make_no_buckets_is_told_what_it_needs(tmp_path: Path, influxdb: InfluxDB) -> None:
    """It may be good enough for the service, and not for this."""
    token = influxdb.create_token(write=[influxdb.create_bucket("of-writetest")], read=[])["token"]
    config = read_config(write_config(tmp_path, stores={"farm": influxdb.store(token=token)}))
    (finding,) = run(check_writing(config))

    assert (finding.level, finding.about) == (Level.PROBLEM, "store farm")
    assert finding.text.startswith("write test: no bucket can be made for it: ")
    assert "Read and Write for All Buckets" in finding.text
    assert token not in finding.text


def test_a_store_that_is_not_there_does_not_keep_the_others(tmp_path: Path) -> None:
    """Nor one whose certificates cannot be read."""
    stores = {
        "a": {"kind": "influxdb", "url": f"http://127.0.0.1:{free_port()}"},
        "b": {"kind": "influxdb", "url": "https://127.0.0.1:1", "ca": "none.pem"},
        "c": {"kind": "sqlite"},
    }
    gone, odd, local = run(check_writing(read_config(write_config(tmp_path, stores=stores))))

    assert (gone.level, odd.level, local.level) == (Level.PROBLEM, Level.PROBLEM, Level.OK)
    assert "cannot be reached: Connection refused" in gone.text
    assert odd.text.startswith("write test: the certificates of ")


def test_its_bucket_is_short_lived_and_has_a_name_of_its_own() -> None:
    """Two that run at the same time do not meet; should one stay, what is in it does not."""
    made = []
    for _ in range(2):
        buckets = FakeBuckets()
        run(Trial(buckets, stores).run(now_ns=NOW_NS))
        made += buckets.made
        assert buckets.removed == [buckets.made[0].name]

    assert made[0].name != made[1].name
    assert [bucket.retention_secs for bucket in made] == [KEPT_SECS, KEPT_SECS]


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (["create"], ["no bucket can be made for it: create does not work"]),
        (["create", "remove"], ["no bucket can be made for it: create does not work"]),
        (["points"], ["points does not work"]),
        (["points", "remove"], ["points does not work", "its bucket NAME could not be removed: remove does not work"]),
        ([], ["0 points came back for the one that was written"]),
    ],
    ids=["create", "create and remove", "points", "points and remove", "nothing stored"],
)
def test_what_fails_is_told_and_the_bucket_removed(fails: list[str], words: list[str]) -> None:
    """Where that fails too, it is named, so that a person can do it."""
    buckets = FakeBuckets(fails=fails)
    wrong = run(Trial(buckets, stores).run(now_ns=NOW_NS))

    assert [one.replace(buckets.made[0].name, "NAME") for one in wrong] == words
    assert buckets.removed == ([] if "remove" in fails else [buckets.made[0].name])


def test_a_reading_that_is_set_aside_or_not_taken_is_told() -> None:
    """In the store's words."""

    async def sets_aside(reading: Measurement, bucket: str, time_ns: int) -> Report:
        del bucket, time_ns
        return Report(0, (SetAside(reading, Reason.REJECTED, "too hot"),))

    async def is_away(reading: Measurement, bucket: str, time_ns: int) -> Report:
        raise StoreUnavailableError(f"not now: {reading!r} {bucket} {time_ns}")

    (aside,) = run(Trial(FakeBuckets(), sets_aside).run(now_ns=NOW_NS))
    (away,) = run(Trial(FakeBuckets(), is_away).run(now_ns=NOW_NS))

    assert aside.endswith("was not stored: too hot")
    assert away.startswith("not now: ")


@pytest.mark.parametrize("waits", ["create", "points", "remove"])
def test_ctrl_c_removes_the_bucket_too(waits: str) -> None:
    """It cancels whatever is waited for, but not the removing, also where that has begun."""
    buckets = FakeBuckets(waits=waits)

    async def main() -> bool:
        trial = asyncio.create_task(Trial(buckets, stores).run(now_ns=NOW_NS))
        await eventually_async(lambda: buckets.waiting)
        trial.cancel()
        await asyncio.sleep(0)
        buckets.go_on.set()
        await asyncio.gather(trial, return_exceptions=True)
        return trial.cancelled()

    assert run(main())
    assert buckets.removed == [buckets.made[0].name]


WRITTEN: Mapping[str, Value] = {"temperature": 20.0, "count": 3}


@pytest.mark.parametrize(
    ("back", "words"),
    [
        ({}, None),
        ({"fields": {**WRITTEN, "temperature": 20}}, "written as 20.0 (float) and came back as 20 (int)"),
        ({"fields": {"temperature": 20.0}}, "field count was written as 3 (int) and came back as nothing"),
        ({"fields": {**WRITTEN, "x": True}}, "field x was written as nothing and came back as True (bool)"),
        ({"time_ns": 1000}, "its time was written as 1001 ns and came back as 1000 ns"),
        ({"measurement": "m"}, "and came back from m {'rack': 'rack1'}"),
        ({"tags": ()}, "it was written to Series('Farm', climate,rack=rack1) and came back from climate {}"),
    ],
)
def test_each_difference_is_told(back: dict[str, Any], words: str | None) -> None:
    """Field by field, with types and time."""
    stored = StoredPoint("climate", (("rack", "rack1"),), 1001, WRITTEN)._replace(**back)
    found = list(differences(point(series(), time_ns=1001, temperature=20.0, count=3), [stored]))

    assert len(found) == (0 if words is None else 1)
    assert all(words in one for one in found if words)
