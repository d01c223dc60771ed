"""A backup while the server is written, and one whose maker is killed."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from ingestor.backup.folder import find_backups
from ingestor.backup.influxrestore import Wish
from ingestor.copying.ends import opened
from ingestor.copying.job import Bounds
from ingestor.copying.verify import Verdict
from ingestor.ports import Point, Series, Store, Value
from tests.backup.farms import Cut, back_up, differences, end_of, fill, names_in, restore, server_of
from tests.copying.ends import DAY_NS, FARM, NOW_NS, START_NS, THREE, compare, write
from tests.servers.influxdb import InfluxDB
from tests.support import eventually_async, run

pytestmark = pytest.mark.long

STEP_NS = 7 * DAY_NS // 1_500
_PAUSE_SECS = 0.01  # some 10,000 points a second
RACKS = [Series(bucket, "load", {"rack": f"rack{n}"}, types=FARM) for bucket in THREE for n in range(3)]


class Load:
    """Writes to three buckets, one time after the other, about a shard a second.

    Attributes:
        acknowledged: How many times are stored in each of the buckets.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.acknowledged = 0

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            times = range(self.acknowledged, self.acknowledged + 20)
            await write(self._store, [point for at in times for point in self._points(at)])
            self.acknowledged += 20
            await asyncio.sleep(_PAUSE_SECS)

    @staticmethod
    def _points(at: int) -> Sequence[Point]:
        values: Mapping[str, Value] = {
            "temperature": at / 7,
            "count": at,
            "state": f"state {at % 9}",
            "on": at % 2 == 0,
        }
        return [Point(rack, START_NS + at * STEP_NS, values) for rack in RACKS]


@asynccontextmanager
async def under_load(server: InfluxDB) -> AsyncIterator[Load]:
    """Inside it the server is written."""
    async with opened(end_of(server)) as end:
        load = Load(end.store)
        task = asyncio.create_task(load.run())
        try:
            await eventually_async(lambda: load.acknowledged >= 1_000)
            yield load
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def loads_of(one: InfluxDB, other: InfluxDB, times: int) -> Verdict:
    """Whether both hold the same of the first so many times."""
    bounds = Bounds(START_NS, START_NS + (times - 1) * STEP_NS + 1, "load")
    pairs = [(name, name) for name in THREE]
    return await compare(end_of(one), end_of(other), *pairs, bounds=bounds, now_ns=NOW_NS + 365 * DAY_NS)


def test_all_that_was_acknowledged_before_is_in_it(
    influxd: str, empty: InfluxDB, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Three buckets, many shards, every type, written all the while: each series is equal in a new server."""
    fill(empty)
    acknowledged = []

    async def backups() -> Sequence[Path]:
        async with under_load(empty) as load:
            folders = []
            for _ in range(2):
                acknowledged.append(load.acknowledged)
                folders.append((await back_up(server_of(empty), tmp_path / "backups")).folder)
                await eventually_async(lambda: load.acknowledged > acknowledged[-1])
            return folders

    folders = run(backups(), timeout_secs=50)

    with InfluxDB(influxd, tmp_path_factory.mktemp("new")) as new:
        for times, folder in zip(acknowledged, folders, strict=True):
            run(restore(server_of(new), folder, Wish(full=True)))
            verdict = run(loads_of(empty, new, times))
            assert (verdict.differ, verdict.named) == (0, [])
            assert verdict.values == times * len(RACKS) * len(FARM)
        assert acknowledged == sorted(set(acknowledged))
        # What nobody wrote meanwhile is equal as well.
        assert run(differences(empty, new, (THREE[0], THREE[0]))).values > 0


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_killed_it_leaves_nothing_that_looks_whole(farm: InfluxDB, tmp_path: Path, share: float) -> None:
    """The next backup clears away what lies there."""
    directory, config = tmp_path / "backups", tmp_path / "config.yaml"

    async def main() -> list[str]:
        async with Cut(farm.port) as all_of_it:
            await back_up(server_of(farm, port=all_of_it.port), tmp_path / "whole")
        async with Cut(farm.port, int(all_of_it.passed * share), stalls=True) as cut:
            config.write_text(yaml.safe_dump({"stores": {"farm": farm.store(url=f"http://{cut.address}")}}))
            command = [
                sys.executable,
                "-m",
                "ingestor",
                "backup",
                "run",
                "--config",
                str(config),
                "--to",
                str(directory),
            ]
            process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
            await asyncio.wait_for(cut.done.wait(), 30)
            await eventually_async(lambda: names_in(directory))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        return names_in(directory)

    (left,) = run(main(), timeout_secs=50)

    assert left.startswith(".")
    assert left.endswith("-farm.part")
    assert find_backups(directory) == []
    backup = run(back_up(server_of(farm), directory))
    assert names_in(directory) == [backup.folder.name]
    assert json.loads((backup.folder / "backup.json").read_text())["whole"] is True
