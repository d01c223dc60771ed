"""Readings of the embedded store as plain rows: for files that need no Arrow, also where there is none."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ingestor.errors import BucketError
from ingestor.export.rows import Choice
from ingestor.files.table import Block, Column, Layout
from ingestor.ports import FieldType
from ingestor.reader.sqlitefile import Place, find, measurements, opened, span

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
        return await self._ask(bucket, measurements)

    async def layout(self, choice: Choice, measurement: str) -> Layout:
        """The tags of a measurement and its chosen fields, sorted."""

        def ask(connection: sqlite3.Connection) -> Layout:
            place = _found(connection, choice.bucket, measurement)
            chosen = [Column(*one) for one in place.fields if choice.fields is None or one.name in choice.fields]
            return Layout(measurement, tuple(place.tags), tuple(chosen))

        return await self._ask(choice.bucket, ask)

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times of the first and the last reading."""

        def ask(connection: sqlite3.Connection) -> tuple[int, int] | None:
            return span(connection, _found(connection, bucket, measurement))

        return await self._ask(bucket, ask)

    async def block(
        self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int, most: int | None
    ) -> Block | None:
        """The readings, series by series in the order in which these came into the store."""

        def ask(connection: sqlite3.Connection) -> Block | None:
            place = _found(connection, choice.bucket, layout.measurement)
            names = "".join(f", p.{place.column_of[column.name]}" for column in layout.fields)
            query = f"SELECT p.series, p.time{names} {_matching(place)} LIMIT ?"
            limit = -1 if most is None else most + 1
            rows = connection.execute(query, (_chosen(place, choice), start_ns, stop_ns, limit)).fetchall()
            return None if most is not None and len(rows) > most else _block(place, layout, rows)

        return await self._ask(choice.bucket, ask)

    async def counts(self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int) -> Sequence[int]:
        """How many values SQLite counts."""

        def ask(connection: sqlite3.Connection) -> Sequence[int]:
            place = _found(connection, choice.bucket, layout.measurement)
            counts = ", ".join(f"count(p.{place.column_of[column.name]})" for column in layout.fields)
            query = f"SELECT {counts} {_matching(place)}"
            return tuple(connection.execute(query, (_chosen(place, choice), start_ns, stop_ns)).fetchone())

        return await self._ask(choice.bucket, ask)

    async def _ask(self, bucket: str, ask: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.to_thread(self._in_thread, bucket, ask)

    def _in_thread(self, bucket: str, ask: Callable[[sqlite3.Connection], Result]) -> Result:
        with opened(self._directory, bucket) as connection:
            connection.execute("BEGIN")  # all that is asked is answered as of one moment
            return ask(connection)


def _found(connection: sqlite3.Connection, bucket: str, measurement: str) -> Place:
    place = find(connection, measurement)
    if place is None:
        raise BucketError(bucket, f"bucket {bucket!r} has no measurement {measurement!r}")
    return place


def _matching(place: Place) -> str:
    """The end of a query for the readings of some series in some time."""
    return (
        f"FROM json_each(?) AS chosen CROSS JOIN {place.table} AS p"
        " ON p.series = chosen.value AND p.time >= ? AND p.time < ?"
    )


def _chosen(place: Place, choice: Choice) -> str:
    """The numbers of the series whose tags fit, in JSON."""
    return json.dumps(place.fitting(choice.where))


def _block(place: Place, layout: Layout, rows: Sequence[Sequence[object]]) -> Block:
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
