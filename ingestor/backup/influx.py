"""Backs an InfluxDB 2 up into a dated folder of the layout of `influx backup`, one shard at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from ingestor.backup.content import Content, Kind
from ingestor.backup.draft import CameDamagedError, Draft, NewFile, free_name
from ingestor.backup.influxserver import InfluxServer, ShardBusyError
from ingestor.backup.job import Backup
from ingestor.backup.manifest import GZIP, SUFFIX, Bucket, FileEntry, made_of, shard_ids, with_files
from ingestor.backup.record import INFLUXDB, BackupError, Record
from ingestor.stores.influxdb.connection import understood
from ingestor.stores.influxdb.server import Server

SUFFIXES: Final = {"kv": ".bolt.gz", "sql": ".sqlite.gz"}
SHARD_SUFFIX: Final = ".tar.gz"

_PAUSES_SECS = (0.1, 0.4, 1.5, 3.0, 5.0, 5.0, 5.0, 5.0)  # a server looks after its shards every 10 s
_KINDS = {"kv": Kind.BOLT, "sql": Kind.SQLITE}


class Progress(NamedTuple):
    """How far it is: the share of the shards (their sizes nobody tells before), from 0 to 1, and bytes so far."""

    share: float
    done: int


class InfluxBackup:
    """One backup of one server.

    Args:
        server: Which one, and how to be let in.
        store: Its name in the configuration.
        buckets: Only these of its organisation; all of all organisations if there is none.
        on_progress: Called after each shard.
    """

    def __init__(
        self,
        server: Server,
        store: str,
        buckets: Sequence[str] = (),
        *,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._server = server
        self._store = store
        self._wanted = buckets
        self._on_progress = on_progress
        self._deleted: set[str] = set()
        self._entries: dict[str, FileEntry] = {}
        self._done = 0

    async def run(self, directory: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Backup:
        """Make it, in a new folder of this directory.

        Raises:
            StoreError: The server cannot be asked, or hung up.
            BackupError: It refuses, a bucket is not there, or the disk does not take it.
        """
        begun = now()
        name, stamp = free_name(directory, self._store, begun)
        async with InfluxServer(self._server) as server:
            version = await server.version()
            async with Draft(directory, name) as draft:
                # The server's data and its list of shards are not of one moment (2.8.0). A shard that is made between
                # them is in the list alone, and no full restore takes it. So only those count that were there before:
                # what was acknowledged before is in them.
                before = await server.shard_ids()
                told = await server.metadata(lambda part: self._file(draft, f"{stamp}{SUFFIXES[part]}", _KINDS[part]))
                chosen = understood(self._server, self._choose, told)
                buckets = await self._buckets(server, draft, stamp, chosen, before)
                kv, sql = (self._entries[f"{stamp}{suffix}"] for suffix in SUFFIXES.values())
                async with draft.create(f"{stamp}{SUFFIX}") as file:
                    await file.write(made_of(kv, sql, buckets).text().encode())
                record = Record(
                    kind=INFLUXDB,
                    store=self._store,
                    version=version,
                    begun=begun,
                    ended=now(),
                    whole=not self._wanted,
                    buckets=tuple(bucket.bucket_name for bucket in buckets),
                    notes=tuple(self._notes()),
                    files=tuple(draft.files),
                )
                return Backup(await draft.finish(record), record)

    def _choose(self, told: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        if not self._wanted:
            return told
        org = self._server.org
        here = {one["bucketName"]: one for one in told if org in {None, one["organizationName"]}}
        missing = [name for name in self._wanted if name not in here]
        if missing:
            raise BackupError(
                f"{self._server.url} has no bucket {', '.join(missing)}; there is {', '.join(sorted(here)) or 'none'}"
            )
        return [one for one in here.values() if one["bucketName"] in self._wanted]

    async def _buckets(
        self,
        server: InfluxServer,
        draft: Draft,
        stamp: str,
        chosen: Sequence[Mapping[str, Any]],
        before: frozenset[int],
    ) -> Sequence[Bucket]:
        def known(bucket: Mapping[str, Any]) -> Sequence[int]:
            return [number for number in shard_ids(bucket) if number in before]

        shards = understood(self._server, lambda: {one["bucketID"]: known(one) for one in chosen})
        total = sum(map(len, shards.values()))
        buckets, seen = [], 0
        for bucket in chosen:
            files = {}
            for number in shards[bucket["bucketID"]]:
                entry = await self._shard(server, draft, f"{stamp}.{number}{SHARD_SUFFIX}", number, bucket)
                if entry:
                    files[number] = entry
                seen += 1
                self._on_progress(Progress(seen / total, self._done))
            buckets.append(understood(self._server, with_files, bucket, files))
        return buckets

    async def _shard(
        self, server: InfluxServer, draft: Draft, name: str, number: int, bucket: Mapping[str, Any]
    ) -> FileEntry | None:
        """Its file; None where its time was over meanwhile.

        A shard that is written after it has been idle cannot be had for up to 10 s (2.8.0: "snapshots disabled"), and
        one whose files change while they are sent may end in an error.
        """
        for pause_secs in _PAUSES_SECS:
            try:
                return await self._shard_once(server, draft, name, number, bucket)
            except (ShardBusyError, CameDamagedError):
                await asyncio.sleep(pause_secs)
        return await self._shard_once(server, draft, name, number, bucket)

    async def _shard_once(
        self, server: InfluxServer, draft: Draft, name: str, number: int, bucket: Mapping[str, Any]
    ) -> FileEntry | None:
        async with server.shard(number) as shard:
            if shard is None:
                return None
            content = Content(Kind.SHARD, gzipped=True)
            async with self._file(draft, name, content, packs=not shard.gzipped) as file:
                await shard.copy_to(file.write)
        if content.deletions:
            self._deleted.add(bucket["bucketName"])
        return self._entries[name]

    @asynccontextmanager
    async def _file(
        self, draft: Draft, name: str, content: Kind | Content, *, packs: bool = True
    ) -> AsyncIterator[NewFile]:
        look = Content(content, gzipped=True) if isinstance(content, Kind) else content
        async with draft.create(name, look, packs=packs) as file:
            yield file
        self._done += file.size
        self._entries[name] = FileEntry(file_name=name, size=file.size, compression=GZIP)

    def _notes(self) -> Sequence[str]:
        return [
            f"bucket {name}: deleted points were not yet out of its files; InfluxDB does not restore that they are "
            "deleted"
            for name in sorted(self._deleted)
        ]
