"""What is in a bucket's file of the embedded store, read while the service writes it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ingestor.ports import Value


class Reading(NamedTuple):
    """The newest value of one field of one series."""

    measurement: str
    tags: dict[str, str]
    field: str
    value: Value
    unit: str
    time_ns: int


def newest_readings(path: Path) -> list[Reading]:
    """The newest value of every field of every series, the newest first; none while there is no file.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    if not path.exists():
        return []
    with closing(_open(path)) as connection:
        found = [one for number, name in _measurements(connection) for one in _newest(connection, number, name)]
    return sorted(found, key=lambda one: -one.time_ns)


def count_points(path: Path) -> int:
    """How many points there are, of all measurements; none while there is no file.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    if not path.exists():
        return 0
    with closing(_open(path)) as connection:
        return sum(
            int(connection.execute(f"SELECT count(*) FROM points_{number}").fetchone()[0])
            for number, _ in _measurements(connection)
        )


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _measurements(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """The number and name of each; none in a file that is only just being made."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'measurements'").fetchone() is None:
        return []
    return connection.execute("SELECT id, name FROM measurements ORDER BY id").fetchall()


def _newest(connection: sqlite3.Connection, number: int, measurement: str) -> Iterator[Reading]:
    fields = connection.execute(
        "SELECT id, name, coalesce(unit, '') FROM fields WHERE measurement = ? ORDER BY id", (number,)
    ).fetchall()
    rows = connection.execute(
        f"SELECT s.tags, p.time, {', '.join(f'p.f{field}' for field, _, _ in fields)}"
        f" FROM series s JOIN points_{number} p ON p.series = s.id"
        f" AND p.time = (SELECT max(time) FROM points_{number} WHERE series = s.id) WHERE s.measurement = ?",
        (number,),
    )
    for tags, time_ns, *values in rows:
        for (_, field, unit), value in zip(fields, values, strict=True):
            if value is not None:
                yield Reading(measurement, json.loads(tags), field, value, unit, time_ns)
