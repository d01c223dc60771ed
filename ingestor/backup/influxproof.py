"""Restores a backup of InfluxDB into a server of its own, bucket by bucket, and counts what is there."""

import asyncio
import tarfile
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path

from ingestor.backup.influxrestore import InfluxRestore, Wish
from ingestor.backup.manifest import Bucket, Manifest
from ingestor.backup.record import BackupError
from ingestor.backup.scratch import ScratchError, scratch_influxd
from ingestor.backup.verify import Proof
from ingestor.errors import StoreError
from ingestor.stores.influxdb import influxql
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.api import InfluxApi
from ingestor.stores.influxdb.connection import Connection, understood
from ingestor.stores.influxdb.server import Server

_NAME = "restored"
_UNREAD = (".tmp", ".bad")  # what InfluxDB 2.8 adds to the name of a file that it cannot read
_LOOKS = 20
_LOOK_SECS = 0.25
_COUNT = "SELECT count(*::field) FROM /.*/"


class InfluxProof:
    """Restores the buckets of a backup, one at a time; the server's own are looked at as files alone.

    Args:
        manifest: What the backup holds.
        program: Of InfluxDB 2's server.
    """

    def __init__(self, manifest: Manifest, program: str) -> None:
        self._buckets = [bucket for bucket in manifest.buckets if not bucket.is_system]
        self._several = len({bucket.organization_name for bucket in self._buckets}) > 1
        self._program = program

    async def __call__(self, folder: Path, *, on_bytes: Callable[[int], None]) -> Proof:
        """What comes back out of a backup. It needs room for its largest bucket where temporary files go.

        Args:
            folder: Of the backup.
            on_bytes: Called with how many more were restored.
        """
        counts: dict[str, int] = {}
        problems: list[str] = []
        try:
            async with scratch_influxd(self._program) as (server, points):
                for bucket in self._buckets:
                    org, name = bucket.organization_name, bucket.bucket_name
                    shown = f"{org}/{name}" if self._several else name
                    try:
                        job = InfluxRestore(server, folder)
                        (restored,) = await job.run(Wish((name,), new_bucket=_NAME, org=org))
                        found = await _count(server)
                        unread = await self._unread(folder, bucket, points)
                        async with InfluxApi(server) as api:
                            await api.remove(_NAME)
                    except (BackupError, StoreError) as error:
                        problems.append(f"bucket {shown}: {error}")
                        continue
                    counts[shown] = sum(found.values())
                    problems += [f"bucket {shown}: InfluxDB cannot read {file}" for file in unread]
                    on_bytes(restored.size)
        except ScratchError as error:
            return Proof(why_not=f"{self._program}: {error}")
        return Proof(counts, problems)

    @staticmethod
    async def _unread(folder: Path, bucket: Bucket, points: Path) -> Sequence[str]:
        """The files of points that the server left alone: it restores what it cannot read without a word.

        A file that it works on has such a name too, for a while.
        """
        archives = [folder / shard.file.file_name for shard in bucket.shards]
        names = await asyncio.to_thread(lambda: {name for path in archives for name in _members(path)})
        for _ in range(_LOOKS):
            left = await asyncio.to_thread(_left, points, names)
            if not left:
                break
            await asyncio.sleep(_LOOK_SECS)
        return left


def _members(archive: Path) -> Sequence[str]:
    """The names of the files of points in a shard's archive."""
    with tarfile.open(archive, "r:*") as members:
        return [Path(name).name for name in members.getnames() if name.endswith(".tsm")]


def _left(points: Path, names: Container[str]) -> Sequence[str]:
    paths = [path for ending in _UNREAD for path in points.rglob(f"*{ending}")]
    return sorted(path.stem for path in paths if path.stem in names)


async def _count(server: Server) -> Mapping[str, int]:
    """How many values each measurement has; all shards are read for it.

    Raises:
        StoreError: It cannot be asked.
        BackupError: It cannot read them.
    """
    async with Connection(server, limit=1) as connection:
        answer = await connection.ask("/query", {**influxql.place(_NAME), "q": _COUNT})
    return understood(server, _counted, answer)


def _counted(answer: Answer) -> Mapping[str, int]:
    result = influxql.read_result(answer.body)
    if result.error:
        raise BackupError(f"it cannot be read: {result.error}")
    return {rows.name: sum(int(count or 0) for values in rows.values for count in values[1:]) for rows in result.series}
