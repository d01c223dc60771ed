"""Readings of the embedded store as plain rows: for files that need no Arrow, also where there is none."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from ingestor.errors import BucketError
from ingestor.export.rows import Choice
from ingestor.files.table import Block, Column, Layout
from ingestor.ports import FieldType
from ingestor.stores.sqlite import bucket_path

_BUSY_SECS = 5.0

Result = TypeVar("Result")


class SqliteRows:
    """Readings out of the files of a folder; nothing stays open from one call to the next.

    Args:
        directory: The folder of the store.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""

        def ask(connection: sqlite3.Connection) -> Sequence[str]:
            return [name for (name,) in connection.execute("SELECT name FROM measurements ORDER BY name")]

        return await self._ask(bucket, ask)

    async def layout(self, choice: Choice, measurement: str) -> Layout:
        """The tags of a measurement and its chosen fields, sorted."""

        def ask(connection: sqlite3.Connection) -> Layout:
            place = _find(connection, measurement)
            chosen = [column for column in place.columns if choice.fields is None or column.name in choice.fields]
            tags = sorted({tag for tags in place.series.values() for tag in tags})
            return Layout(measurement, tuple(tags), tuple(chosen))

        return await self._ask(choice.bucket, ask)

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of the first and the last reading."""

        def ask(connection: sqlite3.Connection) -> tuple[int, int] | None:
            place = _find(connection, measurement)
            query = f"SELECT min(time), max(time) FROM points_{place.number} WHERE series = ?"  # noqa: S608 - a number of our own
            ends = [connection.execute(query, (series,)).fetchone() for series in place.series]
            times = [time for end in ends for time in end if time is not None]
            return (min(times), max(times)) if times else None

        return await self._ask(bucket, ask)

    async def block(
        self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int, most: int | None
    ) -> Block | None:
        """The readings, series by series in the order in which these came into the store."""

        def ask(connection: sqlite3.Connection) -> Block | None:
            place = _find(connection, layout.measurement)
            query = f"SELECT p.series, p.time{place.selected(layout)} {place.matching} LIMIT ?"
            limit = -1 if most is None else most + 1
            rows = connection.execute(query, (place.chosen(choice), start_ns, stop_ns, limit)).fetchall()
            return None if most is not None and len(rows) > most else _block(place, layout, rows)

        return await self._ask(choice.bucket, ask)

    async def counts(self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int) -> Sequence[int]:
        """How many values SQLite counts."""

        def ask(connection: sqlite3.Connection) -> Sequence[int]:
            place = _find(connection, layout.measurement)
            counts = ", ".join(f"count({name})" for name in place.names(layout))
            query = f"SELECT {counts} {place.matching}"
            return tuple(connection.execute(query, (place.chosen(choice), start_ns, stop_ns)).fetchone())

        return await self._ask(choice.bucket, ask)

    async def _ask(self, bucket: str, ask: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.to_thread(self._in_thread, bucket, ask)

    def _in_thread(self, bucket: str, ask: Callable[[sqlite3.Connection], Result]) -> Result:
        path = bucket_path(self._directory, bucket)
        if not path.exists():
            raise BucketError(bucket, f"there is no bucket {bucket!r}: {path} is not there")
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECS)) as connection:
                connection.execute("BEGIN")  # all that is asked is answered as of one moment
                return ask(connection)
        except sqlite3.Error as error:
            raise BucketError(bucket, f"{path} cannot be read: {error}") from error


class _Place(NamedTuple):
    """A measurement in a file: the number of its table, its fields and their columns in SQL, and its series."""

    number: int
    columns: Sequence[Column]
    sql: Mapping[str, str]
    series: Mapping[int, Mapping[str, str]]

    @property
    def matching(self) -> str:
        """The end of a query for the readings of some series in some time."""
        return (
            f"FROM json_each(?) AS chosen CROSS JOIN points_{self.number} AS p"
            " ON p.series = chosen.value AND p.time >= ? AND p.time < ?"
        )

    def names(self, layout: Layout) -> list[str]:
        """The columns in SQL of the fields of a layout."""
        return [f"p.{self.sql[column.name]}" for column in layout.fields]

    def selected(self, layout: Layout) -> str:
        """The same as the end of a list."""
        return "".join(f", {name}" for name in self.names(layout))

    def chosen(self, choice: Choice) -> str:
        """The numbers of the series whose tags fit, in JSON."""
        fitting = [
            number
            for number, tags in self.series.items()
            if all(tags.get(tag, "") in values for tag, values in choice.where.items())
        ]
        return json.dumps(fitting)


def _find(connection: sqlite3.Connection, measurement: str) -> _Place:
    query = "SELECT id FROM measurements WHERE name = ?"
    (number,) = connection.execute(query, (measurement,)).fetchone()
    query = "SELECT id, name, type, unit FROM fields WHERE measurement = ? ORDER BY name"
    fields = connection.execute(query, (number,)).fetchall()
    series = connection.execute("SELECT id, tags FROM series WHERE measurement = ? ORDER BY id", (number,))
    return _Place(
        number,
        [Column(name, FieldType(kind), unit) for _, name, kind, unit in fields],
        {name: f"f{at}" for at, name, _, _ in fields},
        {at: json.loads(tags) for at, tags in series},
    )


def _block(place: _Place, layout: Layout, rows: Sequence[Sequence[object]]) -> Block:
    width = len(layout.fields)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * (2 + width)
    series, times, *values = columns
    for at, column in enumerate(layout.fields):
        if column.type is FieldType.BOOL:  # SQLite has none
            values[at] = tuple(None if value is None else bool(value) for value in values[at])
    tags = []
    for tag in layout.tags:
        said = {number: of.get(tag) for number, of in place.series.items()}
        tags.append([said[number] for number in series])
    return Block(times, tags, values)
