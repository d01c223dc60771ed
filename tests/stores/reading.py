"""Reads the embedded store's files back with plain sqlite3, knowing of the layout only what people are told of it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from ingestor.ports import Value
from ingestor.stores.memory import Key

_PYTHON = {"float": float, "int": int, "text": str, "bool": bool}


def read_buckets(folder: Path) -> dict[Key, dict[str, Value]]:
    """The fields of every point in every bucket's file, in the order of series and time."""
    found: dict[Key, dict[str, Value]] = {}
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            found.update(_read(connection, unquote(path.name.removesuffix(".db"))))
    return found


def _read(connection: sqlite3.Connection, bucket: str) -> Iterator[tuple[Key, dict[str, Value]]]:
    all_series = dict(connection.execute("SELECT id, tags FROM series"))
    for number, measurement in connection.execute("SELECT id, name FROM measurements").fetchall():
        fields = {
            f"f{column}": (name, _PYTHON[kind])
            for column, name, kind in connection.execute(
                "SELECT id, name, type FROM fields WHERE measurement = ?", (number,)
            )
        }
        rows = connection.execute(f"SELECT * FROM points_{number} ORDER BY series, time")  # noqa: S608 - a number
        columns = [column[0] for column in rows.description]
        for row in rows:
            cells = dict(zip(columns, row, strict=True))
            tags = tuple(sorted(json.loads(all_series[cells["series"]]).items()))
            values = {name: kind(cells[column]) for column, (name, kind) in fields.items() if cells[column] is not None}
            yield (bucket, measurement, tags, cells["time"]), values
