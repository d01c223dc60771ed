"""The embedded store: a SQLite file a bucket, with no server at all."""

import asyncio
import errno
import sqlite3
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Point, Reason, Rejection, Series, Value
from ingestor.stores.bucketfile import BucketFile, UnfitNameError, has_nul

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}

_UNFIT = (OverflowError, UnicodeEncodeError, UnfitNameError)  # of single points, not of the file
_MAX_OPEN = 64  # buckets; each takes three descriptors, and a process often has no more than 1024

Result = TypeVar("Result")

_Conflicts = Mapping[Series, Mapping[str, FieldType]]


class SqliteStore:
    """Writes batches into files under one folder, in a thread of its own.

    Args:
        directory: The folder; made when the first point comes.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-store")
        self._files: OrderedDict[str, BucketFile] = OrderedDict()  # the least recently used first

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def write(self, points: Sequence[Point]) -> Sequence[Rejection]:
        """Upsert the points: fields of a point that is there already are merged, the last value wins.

        What SQLite cannot hold is rejected: integers beyond 64 bits, text that is not valid Unicode, and names with
        a NUL; and fields that the bucket has with another type: SQLite would convert them silently.

        Raises:
            StoreUnavailableError: The disk is full or fails, or another process keeps the file locked.
            StoreMisconfiguredError: The folder cannot be made.
            BucketError: The files of buckets are damaged or cannot be opened for writing; other points are stored.
        """
        return await self._in_thread(self._write, points)

    async def delete(self, points: Sequence[Point]) -> None:
        """Delete the rows of these points; see `write` for what is raised."""
        await self._in_thread(self._delete, points)

    async def check(self, buckets: Sequence[str]) -> Sequence[str]:
        """What would keep these buckets from being written: each is opened for writing, nothing is stored."""
        return await self._in_thread(self._check, buckets)

    async def field_types(self, bucket: str) -> Mapping[tuple[str, str], AbstractSet[FieldType]]:
        """The types that a bucket's file declares, one a field; empty where there is no such file.

        Raises:
            StoreUnavailableError: The disk fails, or another process keeps the file locked.
            StoreMisconfiguredError: The folder cannot be used.
            BucketError: The file is damaged or cannot be opened.
        """
        return await self._in_thread(self._field_types, bucket)

    async def begin_column_anew(self, bucket: str, measurement: str, field: str, kind: FieldType) -> str | None:
        """Have the values of a field go to a new column of another type from now on; the old one keeps its values.

        Returns:
            What the old values are called now; None where the bucket has no values of the field of another type.

        Raises:
            StoreUnavailableError: The disk is full or fails, or another process keeps the file locked.
            StoreMisconfiguredError: The folder cannot be used.
            BucketError: The file is damaged or cannot be opened for writing.
        """
        return await self._in_thread(self._begin_column_anew, bucket, measurement, field, kind)

    async def _in_thread(self, work: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _write(self, points: Sequence[Point]) -> Sequence[Rejection]:
        try:
            return _conflicting(points, self._upsert(points))
        except _UNFIT:
            unfit = [rejection for at, point in enumerate(points) if (rejection := _unfit(at, point))]
        refused = {rejection.at: rejection.fields for rejection in unfit}
        kept = [(at, _without(point, refused.get(at, ()))) for at, point in enumerate(points) if refused.get(at) != ()]
        fit = [point for _, point in kept]
        return unfit + [
            rejection._replace(at=kept[rejection.at][0]) for rejection in _conflicting(fit, self._upsert(fit))
        ]

    def _upsert(self, points: Sequence[Point]) -> _Conflicts:
        conflicts: dict[Series, Mapping[str, FieldType]] = {}

        def upsert(bucket: str, of_bucket: Sequence[Point]) -> None:
            with self._open(bucket) as file:
                conflicts.update(file.upsert(of_bucket))

        _for_each_bucket(points, upsert)
        return conflicts

    def _delete(self, points: Sequence[Point]) -> None:
        def delete(bucket: str, of_bucket: Sequence[Point]) -> None:
            if bucket_path(self._directory, bucket).exists():
                with self._open(bucket) as file:
                    file.delete(of_bucket)

        _for_each_bucket([point for point in points if _misplaced(point) is None], delete)

    def _begin_column_anew(self, bucket: str, measurement: str, field: str, kind: FieldType) -> str | None:
        if not bucket_path(self._directory, bucket).exists():
            return None
        with self._open(bucket) as file:
            return file.begin_column_anew(measurement, field, kind)

    def _field_types(self, bucket: str) -> Mapping[tuple[str, str], AbstractSet[FieldType]]:
        if not bucket_path(self._directory, bucket).exists():
            return {}
        with self._open(bucket) as file:
            return {key: {kind} for key, kind in file.field_types().items()}

    def _check(self, buckets: Sequence[str]) -> list[str]:
        problems = []
        for bucket in buckets:
            try:
                with self._open(bucket) as file:
                    file.try_to_write()
            except StoreError as error:
                problems.append(f"bucket {bucket}: {error}")
        return problems

    @contextmanager
    def _open(self, bucket: str) -> Iterator[BucketFile]:
        """The bucket's file, kept open from one batch to the next, but not after an error."""
        path = bucket_path(self._directory, bucket)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            yield self._file(bucket, path)
        except OSError as error:
            raise StoreMisconfiguredError(f"{self._directory} cannot be used: {error.strerror}") from error
        except (sqlite3.Error, *_UNFIT) as error:
            if broken := self._files.pop(bucket, None):
                broken.close()
            if isinstance(error, sqlite3.Error):
                raise self._explain(error, bucket, path) from error
            raise

    def _file(self, bucket: str, path: Path) -> BucketFile:
        file = self._files.get(bucket)
        if file is not None and file.gone:
            self._files.pop(bucket).close()
            file = None
        if file is None:
            while len(self._files) >= _MAX_OPEN:
                _, unused = self._files.popitem(last=False)
                unused.close()
            file = self._files[bucket] = BucketFile(path)
        self._files.move_to_end(bucket)
        return file

    def _explain(self, error: sqlite3.Error, bucket: str, path: Path) -> StoreError:
        if may_pass(error):
            return StoreUnavailableError(f"{path}: {error}")
        try:
            tempfile.TemporaryFile(dir=self._directory).close()
        except OSError as of_folder:
            if of_folder.errno not in _NO_SPACE:  # mounted read-only, say: that is no fault of this bucket
                return StoreMisconfiguredError(f"{self._directory} cannot be written: {of_folder.strerror}")
        return BucketError(bucket, f"{path}: {error}")

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


def _for_each_bucket(points: Sequence[Point], work: Callable[[str, Sequence[Point]], None]) -> None:
    """Do something with the points of each bucket; one that is broken does not keep the others from it."""
    by_bucket: dict[str, list[Point]] = {}
    for point in points:
        by_bucket.setdefault(point.series.bucket, []).append(point)
    broken: list[BucketError] = []
    for bucket, of_bucket in by_bucket.items():
        try:
            work(bucket, of_bucket)
        except BucketError as error:
            broken.append(error)
    if broken:
        raise BucketError.together(broken) from broken[0]


def bucket_path(directory: Path, bucket: str) -> Path:
    """The file of a bucket; what file names do not take is written as in a URL."""
    return directory / f"{quote(bucket, safe=' ')}.db"


def may_pass(error: sqlite3.Error) -> bool:
    """Whether the same may do later: a lock of another process, a full or failing disk, no memory."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest of it is detail
    return code in _PASSING


def _misplaced(point: Point) -> str | None:
    """Why nothing can be stored in the place of a point."""
    if not all(_fits(text) for text in _names(point)):
        return "a name or tag is not valid Unicode"
    if has_nul(point.series):
        return "a name has a NUL in it"
    return None if _fits(point.time_ns) else "SQLite cannot hold the time"


def _unfit(at: int, point: Point) -> Rejection | None:
    if why := _misplaced(point):
        return Rejection(at, Reason.REJECTED, why)
    wrong = [name for name, value in point.fields.items() if not _fits(value)]
    if not wrong:
        return None
    fields = tuple(wrong) if len(wrong) < len(point.fields) else ()
    return Rejection(at, Reason.REJECTED, f"{', '.join(wrong)}: SQLite cannot hold the value", fields)


def _conflicting(points: Sequence[Point], conflicts: _Conflicts) -> list[Rejection]:
    """What was left out because its bucket has it with another type."""
    rejections = []
    for at, point in enumerate(points if conflicts else ()):
        stored = conflicts.get(point.series, {})
        wrong = tuple(name for name in point.fields if name in stored)
        if wrong:
            declared = point.series.types
            detail = "; ".join(
                f"{name} is {declared[name].value} here, but stored as {stored[name].value}" for name in wrong
            )
            fields = wrong if len(wrong) < len(point.fields) else ()
            rejections.append(Rejection(at, Reason.TYPE_CONFLICT, detail, fields))
    return rejections


def _without(point: Point, left_out: Sequence[str]) -> Point:
    if not left_out:
        return point
    return point._replace(fields={name: value for name, value in point.fields.items() if name not in left_out})


def _fits(value: Value) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _names(point: Point) -> Iterator[str]:
    yield from (point.series.bucket, point.series.measurement, *point.fields)
    for tag in point.series.tags:
        yield from tag
