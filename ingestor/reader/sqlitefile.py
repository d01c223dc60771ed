"""What is where in a bucket's file of the embedded store. It needs no Arrow: text files are written from here too."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.reader.source import FieldInfo
from ingestor.stores.sqlite import bucket_path, may_pass

_BUSY_SECS = 5.0


class Place(NamedTuple):
    """A measurement in a file: its table, its fields and the columns that hold them, its tags, and its series."""

    table: str
    fields: Sequence[FieldInfo]
    column_of: Mapping[str, str]
    tags: Sequence[str]
    series: Mapping[int, Mapping[str, str]]

    @property
    def values(self) -> Mapping[str, Sequence[str]]:
        """The values of each tag that occur, all sorted."""
        return {tag: sorted({tags[tag] for tags in self.series.values() if tag in tags}) for tag in self.tags}

    def fitting(self, where: Mapping[str, Sequence[str]]) -> Sequence[int]:
        """The series whose tags have one of the values that are asked for; "" is without the tag."""
        return [
            number
            for number, tags in self.series.items()
            if all(tags.get(tag, "") in values for tag, values in where.items())
        ]


@contextmanager
def opened(directory: Path, bucket: str) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write to the file of a bucket in the folder of a store.

    Raises:
        BucketError: There is no such file, or what is done with it fails.
        StoreUnavailableError: It fails in a way that may pass, as when another process keeps the file locked.
    """
    path = bucket_path(directory, bucket)
    if not path.exists():
        raise BucketError(bucket, f"there is no bucket {bucket!r}: {path} is not there")
    try:
        with closing(_connect(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        if may_pass(error):
            raise StoreUnavailableError(f"{path}: {error}") from error
        raise BucketError(bucket, f"{path} cannot be read: {error}") from error


def measurements(connection: sqlite3.Connection) -> Sequence[str]:
    """The measurements of a file, sorted."""
    return [name for (name,) in connection.execute("SELECT name FROM measurements ORDER BY name")]


def find(connection: sqlite3.Connection, measurement: str) -> Place | None:
    """Where the measurement is, its series as they came into the store; None where there is none of that name."""
    row = connection.execute("SELECT id FROM measurements WHERE name = ?", (measurement,)).fetchone()
    if row is None:
        return None
    fields = connection.execute("SELECT id, name, type, unit FROM fields WHERE measurement = ? ORDER BY name", row)
    known = [(f"f{number}", FieldInfo(name, FieldType(kind), unit)) for number, name, kind, unit in fields]
    series = connection.execute("SELECT id, tags FROM series WHERE measurement = ? ORDER BY id", row)
    tags_of = {number: json.loads(tags) for number, tags in series}
    return Place(
        f"points_{row[0]}",
        [field for _, field in known],
        {field.name: name for name, field in known},
        sorted({tag for tags in tags_of.values() for tag in tags}),
        tags_of,
    )


def span(connection: sqlite3.Connection, place: Place) -> tuple[int, int] | None:
    """The times (ns) of the first and the last reading; None where there is none."""
    ends = [
        connection.execute(f"SELECT {end}(time) FROM {place.table} WHERE series = ?", (number,)).fetchone()[0]
        for number in place.series
        for end in ("min", "max")  # asked for together, neither is looked up by the key
    ]
    times = [time for time in ends if time is not None]
    return (min(times), max(times)) if times else None


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; on a medium that cannot be written at all, nobody else does either."""
    beside_wal = path.with_name(f"{path.name}-wal").exists()
    still = "" if beside_wal or os.access(path.parent, os.W_OK) else "&immutable=1"
    address = f"file:{quote(str(path))}?mode=ro{still}"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECS, isolation_level=None, check_same_thread=False)
