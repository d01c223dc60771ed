"""Restores buckets from a logical backup into any store, and reads back what is there then."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from ingestor.backup.dayread import Kind, read_day
from ingestor.backup.days import BUCKETS, DAYS, Day, read_buckets, read_days
from ingestor.backup.doors import Doors
from ingestor.backup.record import BackupError, Record, StoredFile, demand_record
from ingestor.backup.recorded import Restored, chosen_buckets, demand_whole, file_of
from ingestor.encode.types import TypeRegistry
from ingestor.errors import IngestorError, StoreError
from ingestor.files.parquet import ParquetReadings
from ingestor.files.sheet import Roles
from ingestor.files.table import Reading
from ingestor.files.times import TimeReader
from ingestor.ports import BucketInfo, Point
from ingestor.writer import BatchWriter, OnFault

DEADLINE_SECS: Final = 60.0
"""How long one batch is tried while the store is away."""

_ADVICE = "Restore it again later"
_BATCH = 5_000


class LogicalRestore:
    """One restore into one store; whoever wants the types, hashes and counts of before gets them compared.

    Args:
        doors: The store.
        store: Its name, for people.
        folder: Of the backup.
        on_progress: Called with the share that is done, from 0 to 1, and with bytes read so far.
    """

    def __init__(
        self,
        doors: Doors,
        store: str,
        folder: Path,
        *,
        on_progress: Callable[[float, int], None] = lambda *_: None,
    ) -> None:
        self._doors = doors
        self._store = store
        self._folder = folder
        self._on_progress = on_progress
        self._total = self._done = 0

    async def run(self, buckets: Sequence[str] = (), new_bucket: str | None = None) -> Sequence[Restored]:
        """Do it; returns what is there now, and what of it is not as it was.

        Args:
            buckets: Only these; all if there is none.
            new_bucket: The name of the one bucket from now on.

        Raises:
            BackupError: It is refused or broke off; the text tells what is left.
            StoreError: The store cannot be asked, and nothing was changed.
        """
        record = await asyncio.to_thread(demand_record, self._folder)
        infos = {info.name: info for info in await asyncio.to_thread(read_buckets, self._folder)}
        pairs = {
            name: infos[name]._replace(name=new_bucket or name, description=infos[name].description or "")
            for name in chosen_buckets(self._folder, list(infos), buckets)
        }
        await self._demand_room([info.name for info in pairs.values()])
        files = await asyncio.to_thread(self._files, record, set(pairs))
        self._total = sum(file.size * (1 if name in {BUCKETS, DAYS} else 2) for name, file in files.items())
        await demand_whole(self._folder, [*files.values()], self._add)
        made: list[str] = []
        restored = []
        try:
            for name, info in pairs.items():
                await self._doors.buckets.create(info)
                made.append(info.name)
                restored.append(await self._bucket(name, info, files))
        except BaseException as error:
            left = await asyncio.shield(self._undo(made))
            if isinstance(error, IngestorError):
                raise BackupError(f"{error}; {_told(left)}") from error
            raise
        return restored

    async def _demand_room(self, names: Sequence[str]) -> None:
        there = {info.name for info in await self._doors.buckets.list()}
        for name in names:
            if name in there:
                raise BackupError(
                    f"store {self._store} has a bucket {name} already, and nothing was restored: "
                    f"say --bucket {name} --new-bucket NAME, or remove that one before"
                )

    def _files(self, record: Record, names: set[str]) -> dict[str, StoredFile]:
        wanted = [day.file for day in read_days(self._folder) if day.bucket in names]
        return {name: file_of(record, name) for name in (BUCKETS, DAYS, *wanted)}

    async def _bucket(self, name: str, info: BucketInfo, files: dict[str, StoredFile]) -> Restored:
        writer = BatchWriter(self._store, self._doors.store, types=TypeRegistry({}), on_fault=OnFault.RAISE)
        reasons: Counter[str] = Counter()
        problems: list[str] = []
        points = size = 0
        days = (day for day in read_days(self._folder) if day.bucket == name)
        while day := await asyncio.to_thread(next, days, None):
            points += await self._write(writer, day, info.name, reasons)
            problems += await self._compare(day, info.name)
            size += files[day.file].size
            self._add(files[day.file].size)
        refused = [f"{count:,} readings were not taken: {reason}" for reason, count in reasons.most_common()]
        return Restored(name, info.name, points, size, (*refused, *problems))

    async def _write(self, writer: BatchWriter, day: Day, bucket: str, reasons: Counter[str]) -> int:
        """Write the readings of a day; how many of them are stored."""
        stored = 0
        readings = ParquetReadings(self._folder / day.file, bucket=bucket, roles=Roles(), times=TimeReader())
        try:
            points = _points(readings, reasons)
            while batch := await asyncio.to_thread(lambda: list(islice(points, _BATCH))):
                outcome = await writer.write_within(batch, DEADLINE_SECS, advice=_ADVICE)
                reasons.update(rejection.detail for rejection in outcome.rejections)
                stored += len(batch) - sum(not rejection.fields for rejection in outcome.rejections)
        finally:
            readings.close()
        return stored

    async def _compare(self, day: Day, bucket: str) -> Sequence[str]:
        """What is not as it was on a day."""
        content = await read_day(self._doors.source, Kind(bucket, day.measurement, day.fields), day.day)
        before, now = set(day.series), set(content.series if content else ())
        if before == now:
            return []
        values = sum(one.values for one in now)
        differ = f"{len(before - now):,} of {len(before):,} series are not as they were"
        return [f"{day.measurement} of {day.day}: {differ} ({values:,} values, and {day.values:,} before)"]

    async def _undo(self, made: Sequence[str]) -> Sequence[str]:
        """Take away the buckets that were made; returns the names of those that could not be."""
        left = []
        for name in made:
            try:
                await self._doors.buckets.remove(name)
            except StoreError:
                left.append(name)
        return left

    def _add(self, size: int) -> None:
        self._done += size
        self._on_progress(min(1.0, self._done / self._total) if self._total else 1.0, self._done)


def _points(readings: ParquetReadings, reasons: Counter[str]) -> Iterator[Point]:
    for reading in readings.read():
        if isinstance(reading, Reading):
            yield reading.point
        else:
            reasons[reading.reason] += 1


def _told(left: Sequence[str]) -> str:
    if not left:
        return "nothing was restored"
    return f"what was begun could not be taken back: remove {', '.join(left)} before you try again"
