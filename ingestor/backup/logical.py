"""Backs any store up reading by reading: a Parquet file a measurement and day, with counts and hashes of each series.

It asks of a store only that it can be read, so it serves servers whose API gives out no backup. Days that are as they
were in the last backup of that store are taken over from it: one more name of the same file.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ingestor import __version__
from ingestor.backup.dayread import DayContent, Kind, days_of, read_day
from ingestor.backup.days import BUCKETS, DAYS, Day, buckets_text, day_of, file_name, read_days
from ingestor.backup.doors import Doors
from ingestor.backup.draft import Draft, free_name
from ingestor.backup.folder import find_backups
from ingestor.backup.job import Backup
from ingestor.backup.record import LOGICAL, BackupError, Record, StoredFile
from ingestor.files.table import FileError
from ingestor.ports import BucketInfo


class _Kept(NamedTuple):
    """A day of an earlier backup: whether it is the same, and where it is."""

    digest: str
    path: Path
    known: StoredFile


class LogicalBackup:
    """One backup of one store, all of which is read.

    What comes while it is read may be in it or not; of each file the counts and hashes are those of what is in it.

    Args:
        doors: The store.
        store: Its name in the configuration.
        buckets: Only these; all if there is none.
        on_progress: Called with the share of the days that is done, from 0 to 1, and with bytes of files so far.
    """

    def __init__(
        self,
        doors: Doors,
        store: str,
        buckets: Sequence[str] = (),
        *,
        on_progress: Callable[[float, int], None] = lambda *_: None,
    ) -> None:
        self._doors = doors
        self._store = store
        self._wanted = buckets
        self._on_progress = on_progress
        self._notes: list[str] = []
        self._kept: dict[object, _Kept] = {}

    async def run(self, directory: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Backup:
        """Make it, in a new folder of this directory.

        Raises:
            StoreError: The store cannot be read.
            BackupError: A bucket is not there, a measurement cannot stand in a file, or the disk does not take it.
        """
        begun = now()
        name, _ = free_name(directory, self._store, begun)
        infos = await self._choose()
        self._kept = await asyncio.to_thread(self._find_kept, directory)
        plan = [
            (kind, await days_of(self._doors.source, kind)) for info in infos for kind in await self._kinds(info.name)
        ]
        total, done = sum(len(days) for _, days in plan), 0
        async with Draft(directory, name) as draft:
            async with draft.create(BUCKETS) as file:
                await file.write(buckets_text(infos))
            async with draft.create(DAYS, packs=True) as file:
                for kind, days in plan:
                    for number in days:
                        day = await self._day(draft, kind, number)
                        if day is not None:
                            await file.write(f"{day.model_dump_json()}\n".encode())
                        done += 1
                        self._on_progress(done / total, sum(one.size for one in draft.files))
            record = Record(
                kind=LOGICAL,
                store=self._store,
                version=__version__,
                begun=begun,
                ended=now(),
                whole=not self._wanted,
                buckets=tuple(info.name for info in infos),
                notes=tuple(self._notes),
                files=tuple(draft.files),
            )
            return Backup(await draft.finish(record), record)

    async def _choose(self) -> Sequence[BucketInfo]:
        there = {info.name: info for info in await self._doors.buckets.list()}
        missing = [name for name in self._wanted if name not in there]
        if missing or not there:
            named = ", ".join(missing) or "at all"
            raise BackupError(f"store {self._store} has no bucket {named}; there is {', '.join(there) or 'none'}")
        return [info for name, info in there.items() if not self._wanted or name in self._wanted]

    async def _kinds(self, bucket: str) -> Sequence[Kind]:
        kinds = []
        for measurement in await self._doors.source.measurements(bucket):
            several = await self._doors.several_types(bucket, measurement)
            self._notes += [
                f"bucket {bucket}: {name} of {measurement} is not in it: it holds values of several types, {types}"
                for name, types in several.items()
            ]
            fields = await self._doors.source.fields(bucket, measurement)
            if kept := [field for field in fields if field.name not in several]:
                kinds.append(Kind(bucket, measurement, kept))
        return kinds

    def _find_kept(self, directory: Path) -> dict[object, _Kept]:
        """The days of the last good backup of the store, of all buckets or some."""
        for found in find_backups(directory) if directory.exists() else ():
            record = found.record
            if record and (record.kind, record.store) == (LOGICAL, self._store) and found.looks_good:
                known = {file.name: file for file in record.files}
                with suppress(BackupError):  # damaged, as its verification will tell: an older one may serve
                    return {
                        day.key: _Kept(day.digest, found.folder / day.file, known[day.file])
                        for day in read_days(found.folder)
                        if day.file in known
                    }
        return {}

    async def _day(self, draft: Draft, kind: Kind, number: int) -> Day | None:
        """A day, which has its file by then; None where there is nothing on it."""
        date = day_of(number)
        path = draft.folder / file_name(kind.bucket, kind.measurement, date)

        def noted(content: DayContent) -> Day:
            return Day(
                bucket=kind.bucket, measurement=kind.measurement, day=date, file=path.name,
                rows=content.rows, fields=content.fields, series=content.series,
            )  # fmt: skip

        try:
            if kept := self._kept.get((kind.bucket, kind.measurement, date)):
                content = await read_day(self._doors.source, kind, date)
                if content is None:
                    return None
                day = noted(content)
                if day.digest == kept.digest and await draft.take_over(kept.path, kept.known):
                    return day
            content = await read_day(self._doors.source, kind, date, into=path)
        except FileError as error:
            raise BackupError(f"bucket {kind.bucket}: {error}; of this backup nothing was kept") from error
        except OSError as error:
            raise BackupError(f"{path}: {error.strerror}; of this backup nothing was kept") from error
        if content is None:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            return None
        await draft.adopt(path.name)
        return noted(content)
