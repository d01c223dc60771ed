"""Restoring logical backups."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from ingestor.backup.doors import Doors, doors_of, doors_of_folder
from ingestor.backup.logicalrestore import LogicalRestore
from ingestor.backup.record import BackupError
from ingestor.backup.recorded import Restored
from ingestor.config import Config
from ingestor.ports import BucketInfo, Point
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.backup.embeddedstores import points, store_in
from tests.backup.farms import buckets_of, end_of, names_in
from tests.backup.test_logical import back_up
from tests.copying.ends import THREE, compare, fill
from tests.copying.ends import folder as folder_end
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.support import run


async def restore(
    doors: AbstractAsyncContextManager[Doors],
    folder: Path,
    buckets: Sequence[str] = (),
    new_bucket: str | None = None,
    *,
    seen: list[float] | None = None,
) -> Sequence[Restored]:
    """What is there again in a store that is called target."""
    async with doors as opened:
        told = [] if seen is None else seen
        job = LogicalRestore(opened, "target", folder, on_progress=lambda share, _: told.append(share))
        return await job.run(buckets, new_bucket)


def server(influxdb: InfluxDB) -> AbstractAsyncContextManager[Doors]:
    """Its doors."""
    return doors_of(Config.model_validate({"stores": {"farm": influxdb.store()}}), "farm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup of an embedded store with two small buckets."""
    place = run(store_in(tmp_path / "store", points("A", count=30), points("B", "soil", count=7)))
    run(SqliteBuckets(place).change(BucketInfo("A", "racks", 3_600.0)))
    return run(back_up(doors_of_folder(place), tmp_path / "backups")).folder


def test_all_buckets_come_back(folder: Path, tmp_path: Path) -> None:
    """Point for point, with units, description and retention."""
    seen: list[float] = []
    restored = run(restore(doors_of_folder(tmp_path / "new"), folder, seen=seen))

    assert [one[:3] for one in restored] == [("A", "A", 30), ("B", "B", 7)]
    assert [one.problems for one in restored] == [(), ()]
    for name in ("A", "B"):
        before, after = (run(SqliteBuckets(tmp_path / place).points(name)) for place in ("store", "new"))
        assert before == after
    assert run(SqliteBuckets(tmp_path / "new").list())[0] == BucketInfo("A", "racks", 3_600.0)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_it_goes_from_any_store_into_any_other(empty: InfluxDB, tmp_path: Path) -> None:
    """From files into a server and back, every series and day equal by count and hash."""
    origin = run(fill(tmp_path / "store", *THREE))
    out = run(back_up(doors_of_folder(tmp_path / "store"), tmp_path / "to"))
    assert not any(one.problems for one in run(restore(server(empty), out.folder)))
    back = run(back_up(server(empty), tmp_path / "back", *THREE))
    run(restore(doors_of_folder(tmp_path / "again"), back.folder))

    assert run(compare(origin, end_of(empty), *((name, name) for name in THREE))).differ == 0
    assert run(compare(origin, folder_end(tmp_path / "again"), *((name, name) for name in THREE))).differ == 0


def test_a_bucket_that_is_there_is_not_touched(folder: Path, tmp_path: Path) -> None:
    """It is refused, and nothing else is restored; under a new name it goes beside."""
    place = tmp_path / "other"
    run(store_in(place, points("B", count=1)))
    with pytest.raises(BackupError, match="target has a bucket B already, and nothing was restored: say --bucket B"):
        run(restore(doors_of_folder(place), folder))
    left = names_in(place)
    restored = run(restore(doors_of_folder(place), folder, ["B"], "B 2"))

    assert [name for name in left if name.endswith(".db")] == ["B.db"]
    assert [one[:3] for one in restored] == [("B", "B 2", 7)]


@pytest.mark.parametrize("file", ["A+climate.2024-10-04.parquet", "days.jsonl.gz", "buckets.json"])
def test_a_damaged_backup_is_refused(folder: Path, tmp_path: Path, file: str) -> None:
    """By the name of the file; nothing is restored, not even what is whole."""
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(BackupError, match="is damaged"):
        run(restore(doors_of_folder(tmp_path / "new"), folder))

    assert names_in(tmp_path / "new") == []


def test_what_is_not_in_it_is_told(folder: Path, tmp_path: Path) -> None:
    """With what there is; or that there is no backup at all."""
    with pytest.raises(BackupError, match="has no bucket C; there is A, B"):
        run(restore(doors_of_folder(tmp_path / "new"), folder, ["C"]))
    with pytest.raises(BackupError, match="is no backup of ours"):
        run(restore(doors_of_folder(tmp_path / "new"), tmp_path))


def test_what_a_server_does_not_take_is_told(empty: InfluxDB, folder: Path) -> None:
    """Readings of 2024 into a bucket that keeps an hour: why, and which days are not as they were."""
    restored = run(restore(server(empty), folder))
    kept, whole = {one.bucket: one for one in restored}["A"], {one.bucket: one for one in restored}["B"]

    assert (kept.points, whole.points, whole.problems) == (0, 7, ())
    assert kept.problems[0].startswith("30 readings were not taken: ")
    assert kept.problems[-1] == ("climate of 2024-10-04: 2 of 2 series are not as they were (0 values, and 120 before)")


def test_broken_off_it_takes_back_what_it_made(folder: Path, empty: InfluxDB) -> None:
    """All buckets that it made are gone again; of those that could not be taken away, the text tells."""
    before = buckets_of(empty)

    def fail(share: float, _: int) -> None:
        if share > 0.9:
            raise BackupError("it was enough")

    def fail_for_good(share: float, _: int) -> None:
        if share > 0.9:
            empty.delete_bucket("A")
        fail(share, 0)

    async def main(tell: Callable[[float, int], None]) -> None:
        async with server(empty) as doors:
            await LogicalRestore(doors, "farm", folder, on_progress=tell).run()

    with pytest.raises(BackupError, match="it was enough; nothing was restored"):
        run(main(fail))
    assert buckets_of(empty) == before
    with pytest.raises(BackupError, match="it was enough; what was begun could not be taken back: remove A before"):
        run(main(fail_for_good))
    assert buckets_of(empty) == before


def test_what_comes_from_somebody_else_meanwhile_is_told(folder: Path, tmp_path: Path) -> None:
    """The day is then not as it was."""
    place = tmp_path / "new"
    written: list[int] = []

    async def main() -> Sequence[Restored]:
        async with doors_of_folder(place) as doors:
            store = doors.store

            class Disturbed:
                def __getattr__(self, name: str) -> object:
                    return getattr(store, name)

                async def write(self, some: Sequence[Point]) -> object:
                    written.append(len(some))
                    return await store.write([*some, *points("A", count=31)[-1:]])

            return await LogicalRestore(doors._replace(store=Disturbed()), "new", folder).run(["A"])  # type: ignore[arg-type]

    (restored,) = run(main())
    assert written == [30]
    assert restored.problems == (
        "climate of 2024-10-04: 1 of 2 series are not as they were (124 values, and 120 before)",
    )


@pytest.mark.long
def test_out_of_an_influxdb_1_and_back_into_it(influxd1: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Flux turned on: it gives out no other backup that we could take."""
    monkeypatch.setenv("INFLUXDB_HTTP_FLUX_ENABLED", "true")
    origin = run(fill(tmp_path / "store", *THREE))
    with InfluxDB1(influxd1, tmp_path) as old:
        config = Config.model_validate({"stores": {"farm": {"kind": "influxdb", "url": old.url}}})
        out = run(back_up(doors_of_folder(tmp_path / "store"), tmp_path / "to"))
        there = run(restore(doors_of(config, "farm"), out.folder), timeout_secs=60)
        back = run(back_up(doors_of(config, "farm"), tmp_path / "back", *THREE), timeout_secs=60)
    run(restore(doors_of_folder(tmp_path / "again"), back.folder))

    assert not any(one.problems for one in there)
    assert run(compare(origin, folder_end(tmp_path / "again"), *((name, name) for name in THREE))).differ == 0
