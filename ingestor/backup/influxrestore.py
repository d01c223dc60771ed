"""Restores a backup of InfluxDB 2: single buckets beside what is there, or all of a server in place of what is there.

Everything that can be known before is looked at first, so that what is refused has changed nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ingestor.backup.influxserver import InfluxServer
from ingestor.backup.manifest import Bucket, FileEntry
from ingestor.backup.record import BackupError
from ingestor.backup.source import Needed, Source, open_source, problems_of
from ingestor.errors import IngestorError
from ingestor.stores.influxdb.server import Server

_UNKNOWN = (
    "its shard was made while the backup was under way, and the server's data in that backup do not know it. "
    "--bucket with --new-bucket restores all of the bucket"
)
"""Backups by InfluxDB's own command have that (2.8.0), and it cannot restore them whole itself; ours have not."""


class Wish(NamedTuple):
    """What to restore.

    Attributes:
        buckets: Only these; all but the server's own if there is none.
        new_bucket: The name of the one bucket from now on.
        org: The organisation that they were in, where the backup has several.
        full: All of the server: its buckets, users, tokens, tasks and dashboards, in place of what is there.
    """

    buckets: Sequence[str] = ()
    new_bucket: str | None = None
    org: str | None = None
    full: bool = False


@dataclass(slots=True)
class Restored:
    """A bucket that is there again.

    Attributes:
        bucket: Its name in the backup.
        to: Its name now.
        shards: How many were restored.
        size: Bytes of their files.
        problems: What is not as it was.
    """

    bucket: str
    to: str
    shards: int = 0
    size: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Course:
    """How far it is: every file is read once to look at it, and once to send it."""

    tell: Callable[[float, int], None]
    total: int = 0
    done: int = field(default=0)

    def add(self, size: int) -> None:
        self.done += size
        self.tell(self.done / self.total if self.total else 1.0, self.done)


class InfluxRestore:
    """One restore into one server.

    Args:
        server: Which one, and how to be let in. Buckets go into its organisation.
        folder: Of the backup: one of ours, or of the command `influx`.
        on_progress: Called with the share that is done, from 0 to 1, and with bytes read so far.
    """

    def __init__(
        self, server: Server, folder: Path, *, on_progress: Callable[[float, int], None] = lambda *_: None
    ) -> None:
        self._server = server
        self._folder = folder
        self._course = _Course(on_progress)

    async def run(self, wish: Wish) -> Sequence[Restored]:
        """Do it; returns what is there now.

        Raises:
            BackupError: It is refused, and nothing was changed; or it broke off, and the text tells what is left.
            StoreError: The server cannot be asked, and nothing was changed.
        """
        source = await asyncio.to_thread(open_source, self._folder)
        if wish.full and source.record and not source.record.whole:
            names = ", ".join(source.record.buckets)
            raise BackupError(f"{self._folder} is no backup of a whole server: it holds {names}; restore those")
        buckets = source.manifest.buckets if wish.full else _chosen(source, wish, self._server.org)
        needed = source.needed(buckets, metadata=wish.full)
        self._course.total = 2 * sum(one.size for one in needed)
        await self._demand_whole(source, needed)
        async with InfluxServer(self._server) as server:
            await server.version()
            if wish.full:
                return await self._restore_server(server, source)
            pairs = [(bucket, wish.new_bucket or bucket.bucket_name) for bucket in buckets]
            org_id = await self._demand_room(server, pairs)
            return await self._restore_buckets(server, pairs, org_id)

    async def _demand_whole(self, source: Source, needed: Sequence[Needed]) -> None:
        problems = await problems_of(source, needed, on_bytes=self._course.add)
        if problems:
            more = f", and {len(problems) - 1:,} more problems" if len(problems) > 1 else ""
            raise BackupError(f"{self._folder}: {problems[0]}{more}; nothing was restored")

    async def _demand_room(self, server: InfluxServer, pairs: Sequence[tuple[Bucket, str]]) -> str:
        """The id of the organisation that has none of these buckets yet."""
        org = self._server.org or pairs[0][0].organization_name
        org_id = await server.org_id(org)
        if org_id is None:
            raise BackupError(f"{self._server.url} has no organisation {org}: make it, or set another org of the store")
        for _, name in pairs:
            if await server.has_bucket(name, org_id):
                raise BackupError(
                    f"{self._server.url} has a bucket {name} already, and nothing was restored: "
                    f"say --bucket {name} --new-bucket NAME, or remove that one before"
                )
        return org_id

    async def _restore_buckets(
        self, server: InfluxServer, pairs: Sequence[tuple[Bucket, str]], org_id: str
    ) -> Sequence[Restored]:
        made: dict[str, str] = {}
        restored = []
        try:
            for bucket, name in pairs:
                new = await server.make_bucket(bucket, name=name, org_id=org_id)
                made[new.id] = name
                restored.append(Restored(bucket.bucket_name, name))
                for shard in bucket.shards:
                    await self._restore_shard(server, shard.file, new.shards.get(shard.id), restored[-1])
        except BaseException as error:
            left = await asyncio.shield(_undo(server, made))
            if isinstance(error, IngestorError):
                raise BackupError(f"{error}; {_told(left)}") from error
            raise
        return restored

    async def _restore_shard(self, server: InfluxServer, shard: FileEntry, number: int | None, into: Restored) -> None:
        if number is None:
            raise BackupError(f"{self._server.url} made no shard for {shard.file_name}")
        await server.restore_shard(number, self._folder / shard.file_name, shard.compression, self._course.add)
        into.shards += 1
        into.size += shard.size

    async def _restore_server(self, server: InfluxServer, source: Source) -> Sequence[Restored]:
        manifest, add = source.manifest, self._course.add
        restored = []
        try:
            await server.restore_kv(self._folder / manifest.kv.file_name, manifest.kv.compression, add)
            if manifest.sql:
                await server.restore_sql(self._folder / manifest.sql.file_name, manifest.sql.compression, add)
            known = await server.shard_ids()
            for bucket in manifest.buckets:
                restored.append(Restored(bucket.bucket_name, bucket.bucket_name))
                for shard in bucket.shards:
                    if shard.id in known:
                        await self._restore_shard(server, shard.file, shard.id, restored[-1])
                    else:
                        restored[-1].problems.append(f"{shard.file_name} was left out: {_UNKNOWN}")
        except IngestorError as error:
            raise BackupError(
                f"{error}. {self._server.url} is restored by half: restore it again, from the beginning. "
                "It may want a token of the backup by now"
            ) from error
        return restored


def _chosen(source: Source, wish: Wish, org: str | None) -> Sequence[Bucket]:
    """The buckets that are meant; of one organisation."""
    buckets = [bucket for bucket in source.manifest.buckets if not bucket.is_system]
    orgs = sorted({bucket.organization_name for bucket in buckets})
    of = wish.org or (org if org in orgs else None)
    if of is None and len(orgs) > 1:
        raise BackupError(f"{source.folder} has buckets of several organisations, {', '.join(orgs)}: say --org NAME")
    here = {bucket.bucket_name: bucket for bucket in buckets if of in {None, bucket.organization_name}}
    missing = [name for name in wish.buckets if name not in here]
    if missing or not here:
        there = ", ".join(sorted(here)) or "none"
        raise BackupError(f"{source.folder} has no bucket {', '.join(missing) or 'at all'}; there is {there}")
    return [bucket for name, bucket in here.items() if not wish.buckets or name in wish.buckets]


async def _undo(server: InfluxServer, made: Mapping[str, str]) -> Sequence[str]:
    """Take away the buckets that were made; returns the names of those that could not be."""
    left = []
    for bucket_id, name in made.items():
        try:
            await server.remove_bucket(bucket_id)
        except IngestorError:
            left.append(name)
    return left


def _told(left: Sequence[str]) -> str:
    if not left:
        return "nothing was restored"
    return f"what was begun could not be taken back: remove {', '.join(left)} before you try again"
