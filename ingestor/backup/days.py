"""What a logical backup holds: its buckets, and a line a measurement and day with counts and hashes of each series."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ingestor.backup.record import BackupError, PlainName
from ingestor.fingerprint import Fingerprint, Tags
from ingestor.ports import BucketInfo
from ingestor.reader.source import FieldInfo

DAYS: Final = "days.jsonl.gz"
BUCKETS: Final = "buckets.json"
FIRST_DAY: Final = date(1970, 1, 1)

_MOST_OF_NAME = 100  # characters of a file's name, which may have 255
_BUCKETS: TypeAdapter[tuple[BucketInfo, ...]] = TypeAdapter(tuple[BucketInfo, ...])


class SeriesPrint(NamedTuple):
    """A series: its tags, how many values it has on that day, and their hash; see `fingerprint`."""

    tags: Tags
    values: int
    hash: str

    @classmethod
    def of(cls, tags: Tags, found: Fingerprint) -> Self:
        """As it is noted."""
        return cls(tags, found.values, str(found))


class Day(BaseModel):
    """What a measurement of a bucket has on a day of UTC, and in which file.

    Attributes:
        bucket: Its name.
        measurement: Which kind.
        day: The day, in UTC.
        file: Its name in the folder.
        rows: How many readings.
        fields: Those that have a value on that day, by name.
        series: Those that have one, by tags.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    bucket: str
    measurement: str
    day: date
    file: PlainName
    rows: int
    fields: tuple[FieldInfo, ...]
    series: tuple[SeriesPrint, ...]

    @property
    def key(self) -> tuple[str, str, date]:
        """What it is one of."""
        return self.bucket, self.measurement, self.day

    @property
    def digest(self) -> str:
        """Equal for equal readings, of equal names, types and units."""
        return hashlib.sha256(self.model_dump_json(include={"fields", "series"}).encode()).hexdigest()

    @property
    def values(self) -> int:
        """How many values."""
        return sum(one.values for one in self.series)


def file_name(bucket: str, measurement: str, day: date) -> str:
    """The name of the file of a day, which says what is in it as far as a name of a file can."""
    name = f"{quote(bucket, safe=' ')}+{quote(measurement, safe=' ')}"  # which a quoted one has not
    if len(name) > _MOST_OF_NAME or name.startswith("."):
        digest = hashlib.sha256(f"{bucket}\0{measurement}".encode()).hexdigest()[:16]
        name = f"{name[:_MOST_OF_NAME].strip('.')}~{digest}"
    return f"{name}.{day.isoformat()}.parquet"


def day_of(number: int) -> date:
    """A day that is counted from 1970."""
    return FIRST_DAY + timedelta(days=number)


def number_of(day: date) -> int:
    """How many days after 1970."""
    return (day - FIRST_DAY).days


def read_days(folder: Path) -> Iterator[Day]:
    """The days of a backup, bucket by bucket and in the order of time, one after another.

    Raises:
        BackupError: They cannot be read.
    """
    try:
        with gzip.open(folder / DAYS, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield Day.model_validate_json(line)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _unreadable(folder / DAYS, error) from error


def read_buckets(folder: Path) -> Sequence[BucketInfo]:
    """The buckets of a backup.

    Raises:
        BackupError: They cannot be read.
    """
    try:
        return _BUCKETS.validate_json((folder / BUCKETS).read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(folder / BUCKETS, error) from error


def buckets_text(buckets: Iterable[BucketInfo]) -> bytes:
    """The content of that file."""
    return _BUCKETS.dump_json(tuple(buckets), indent=2) + b"\n"


def _unreadable(path: Path, error: Exception) -> BackupError:
    if isinstance(error, ValidationError):
        return BackupError(f"{path} is damaged: {error.errors()[0]['msg']}")
    if isinstance(error, OSError) and error.strerror:
        return BackupError(f"{path} cannot be read: {error.strerror}")
    return BackupError(f"{path} is damaged: {error}")
