"""Logical backups of any store."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingestor.backup.days import DAYS, read_buckets, read_days
from ingestor.backup.doors import Doors, doors_of, doors_of_folder
from ingestor.backup.job import Backup
from ingestor.backup.logical import LogicalBackup
from ingestor.backup.record import LOGICAL, BackupError
from ingestor.config import Config
from ingestor.ports import BucketInfo, FieldType, Point, Series
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.backup.embeddedstores import DAY_NS, FIRST_NS, points, store_in
from tests.backup.farms import NOON, STAMP, names_in
from tests.copying.ends import THREE, fill
from tests.servers.disk import small_disk
from tests.servers.influxdb import InfluxDB
from tests.support import run

HOUR = timedelta(hours=1)


async def back_up(
    doors: AbstractAsyncContextManager[Doors],
    directory: Path,
    *buckets: str,
    now: datetime = NOON,
    seen: list[float] | None = None,
) -> Backup:
    """A backup of a store that is called farm."""
    async with doors as opened:
        told = [] if seen is None else seen
        job = LogicalBackup(opened, "farm", buckets, on_progress=lambda share, _: told.append(share))
        return await job.run(directory, now=lambda: now)


def inodes(folder: Path) -> dict[str, int]:
    """The files of days, and which file that is on the disk."""
    return {path.name: path.stat().st_ino for path in folder.glob("*.parquet")}


def test_each_measurement_and_day_is_a_file(tmp_path: Path) -> None:
    """With counts and hashes of each series, and with what the buckets are."""
    place = run(store_in(tmp_path / "store", points("A", count=60, step_ns=DAY_NS // 20), points("B", "soil")))
    run(SqliteBuckets(place).change(BucketInfo("A", "for days", 3_600.0)))
    seen: list[float] = []
    backup = run(back_up(doors_of_folder(place), tmp_path / "to", seen=seen))
    days = [*read_days(backup.folder)]

    assert backup.folder.name == f"{STAMP}-farm"
    assert [(day.bucket, day.measurement, day.day.isoformat(), day.rows, day.values) for day in days] == [
        ("A", "climate", "2024-10-04", 20, 80),
        ("A", "climate", "2024-10-05", 20, 80),
        ("A", "climate", "2024-10-06", 20, 80),
        ("B", "soil", "2024-10-04", 100, 400),
    ]
    assert names_in(backup.folder) == sorted([*(day.file for day in days), "backup.json", "buckets.json", DAYS])
    assert {file.name for file in backup.record.files} == {*names_in(backup.folder)} - {"backup.json"}
    assert read_buckets(backup.folder) == (BucketInfo("A", "for days", 3_600.0), BucketInfo("B"))
    assert (backup.record.kind, backup.record.whole, backup.record.buckets) == (LOGICAL, True, ("A", "B"))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_days_that_are_as_they_were_are_taken_over(tmp_path: Path) -> None:
    """As further names of the same files; what changed or came is written anew, and what went is not there."""
    place = run(store_in(tmp_path / "store", points("A", count=60, step_ns=DAY_NS // 20), points("B", "soil")))
    first = run(back_up(doors_of_folder(place), tmp_path / "to"))
    series = Series("A", "climate", {}, types={"new": FieldType.FLOAT})
    run(store_in(place, [Point(series, FIRST_NS + DAY_NS, {"new": 1.0})]))
    run(SqliteBuckets(place).remove("B"))
    second = run(back_up(doors_of_folder(place), tmp_path / "to", now=NOON + HOUR))
    before, after = inodes(first.folder), inodes(second.folder)

    changed, gone = "A+climate.2024-10-05.parquet", "B+soil.2024-10-04.parquet"
    assert before.keys() - after.keys() == {gone}
    assert {name for name in after if after[name] != before[name]} == {changed}


@pytest.mark.parametrize("damage", ["file", "days", "record"])
def test_nothing_is_taken_over_from_a_damaged_backup(tmp_path: Path, damage: str) -> None:
    """It would go on from one to the next: it is written anew."""
    place = run(store_in(tmp_path / "store", points("A")))
    first = run(back_up(doors_of_folder(place), tmp_path / "to"))
    name = {"file": "A+climate.2024-10-04.parquet", "days": DAYS, "record": "backup.json"}[damage]
    content = bytearray((first.folder / name).read_bytes())
    content[len(content) // 2] ^= 255
    (first.folder / name).write_bytes(content)
    second = run(back_up(doors_of_folder(place), tmp_path / "to", now=NOON + HOUR))

    assert inodes(first.folder) != inodes(second.folder)
    assert inodes(first.folder).keys() == inodes(second.folder).keys()


def test_a_disk_without_second_names_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of memory sticks."""
    place = run(store_in(tmp_path / "store", points("A")))
    first = run(back_up(doors_of_folder(place), tmp_path / "to"))

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    second = run(back_up(doors_of_folder(place), tmp_path / "to", now=NOON + HOUR))
    (one,) = first.folder.glob("*.parquet")
    (other,) = second.folder.glob("*.parquet")

    assert one.stat().st_ino != other.stat().st_ino
    assert one.read_bytes() == other.read_bytes()


def test_single_buckets_are_backed_up(tmp_path: Path) -> None:
    """Those that are named, and they must be there; a backup that fails leaves nothing."""
    place = run(store_in(tmp_path / "store", points("A"), points("B")))
    backup = run(back_up(doors_of_folder(place), tmp_path / "to", "B"))

    assert (backup.record.whole, backup.record.buckets) == (False, ("B",))
    with pytest.raises(BackupError, match="store farm has no bucket C; there is A, B"):
        run(back_up(doors_of_folder(place), tmp_path / "to", "C"))
    with pytest.raises(BackupError, match="has no bucket at all; there is none"):
        run(back_up(doors_of_folder(tmp_path / "nothing"), tmp_path / "to"))
    assert names_in(tmp_path / "to") == [backup.folder.name]


def test_what_parquet_cannot_hold_is_refused(tmp_path: Path) -> None:
    """By bucket and measurement, and nothing is left."""
    series = Series("A", "climate", {"time": "x"}, types={"v": FieldType.FLOAT})
    place = run(store_in(tmp_path / "store", [Point(series, FIRST_NS, {"v": 1.0})]))
    with pytest.raises(BackupError, match="bucket A: climate has a tag called time"):
        run(back_up(doors_of_folder(place), tmp_path / "to"))

    assert names_in(tmp_path / "to") == []


def test_of_a_server_it_is_the_same(farm: InfluxDB, tmp_path: Path) -> None:
    """Every series and day by count and hash as from the embedded store with the same in it."""
    run(fill(tmp_path / "store", *THREE))
    config = Config.model_validate({"stores": {"farm": farm.store()}})
    remote = run(back_up(doors_of(config, "farm"), tmp_path / "remote", *THREE))
    local = run(back_up(doors_of_folder(tmp_path / "store"), tmp_path / "local"))

    def said(folder: Path) -> Sequence[object]:
        return [(*day.key, day.rows, day.series, [field[:2] for field in day.fields]) for day in read_days(folder)]

    assert said(remote.folder) == said(local.folder)
    assert len(said(local.folder)) > 5


def test_fields_of_several_types_are_noted(empty: InfluxDB, tmp_path: Path) -> None:
    """No column holds them: the record says that they are not in it."""
    empty.write("first", "m v=1,n=1 1", 'm v="text",n=2 1700000000000000000')
    config = Config.model_validate({"stores": {"farm": empty.store()}})
    backup = run(back_up(doors_of(config, "farm"), tmp_path))

    assert backup.record.notes == (
        "bucket first: v of m is not in it: it holds values of several types, float and text",
    )
    assert [day.values for day in read_days(backup.folder)] == [1, 1]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """With the file that did not fit, and nothing is left there."""
    place = run(store_in(tmp_path / "store", points("A", count=200_000, step_ns=10**6)))
    with small_disk(tmp_path / "to", mib=1):
        with pytest.raises(BackupError, match=r"parquet: .*No space left on device; of this backup nothing was kept"):
            run(back_up(doors_of_folder(place), tmp_path / "to"))
        assert names_in(tmp_path / "to") == []


def test_cancelled_it_leaves_nothing(tmp_path: Path) -> None:
    """At any moment: while the store is read, or a file is written."""
    place = run(store_in(tmp_path / "store", points("A", count=100_000, step_ns=10**6)))

    async def main(pause_secs: float) -> None:
        making = asyncio.create_task(back_up(doors_of_folder(place), tmp_path / "to"))
        await asyncio.wait({making}, timeout=pause_secs)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    for pause_secs in (0.0, 0.02, 0.05):
        run(main(pause_secs))
        assert names_in(tmp_path / "to") == []
