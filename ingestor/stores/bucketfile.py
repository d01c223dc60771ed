"""One bucket of the embedded store as a SQLite file, which people may read with any SQLite tool while it is written.

`series` holds a row a series: a measurement and its tags. Each measurement has a table `points_N`, a row a point,
keyed by series and time, a column a field; and a view that reads well: `select * from climate`. Tables and columns
are numbered, because SQLite takes names that differ only in case for the same; `measurements` and `fields` name them.
Several processes may write the file: the service, and scripts.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from ingestor.ports import FieldType, Point, Series, Value

_BUSY_SECS = 1.0  # the writer tries again, and stopping need not wait long
_APPLICATION_ID = 0x696E6773  # "ings", so that `file` and we can tell what it is
_ROWS_A_STATEMENT = (64, 8, 1)
_MAX_PARAMETERS = 32_766  # of a statement, says SQLite
_REMEMBERED_BYTES = 32 * 2**20
_COLUMN = {FieldType.FLOAT: "REAL", FieldType.INT: "INTEGER", FieldType.TEXT: "TEXT", FieldType.BOOL: "INTEGER"}

_READABLE_TIME = (
    "strftime('%Y-%m-%d %H:%M:%S', time / 1000000000, 'unixepoch') || printf('.%03d', time / 1000000 % 1000)"
)

_SCHEMA = """
CREATE TABLE measurements (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, view_name TEXT NOT NULL);
CREATE TABLE fields (
    id INTEGER PRIMARY KEY, measurement INTEGER NOT NULL REFERENCES measurements (id), name TEXT NOT NULL,
    type TEXT NOT NULL, unit TEXT, UNIQUE (measurement, name)
);
-- tags: a JSON object, its keys sorted
CREATE TABLE series (
    id INTEGER PRIMARY KEY, measurement INTEGER NOT NULL REFERENCES measurements (id), tags TEXT NOT NULL,
    UNIQUE (measurement, tags)
)
"""


class _Place(NamedTuple):
    """Where the points of a series go; `wrong` are the fields that the file has with another type, and that type."""

    table: "_Table"
    series: int
    wrong: Mapping[str, FieldType]


@dataclass(eq=False, slots=True)
class _Table:
    """One measurement: its number, its fields' columns and types by name, and the tags that its view shows."""

    number: int
    columns: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, FieldType] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def upsert(self, rows: int) -> str:
        """The statement for so many rows of series, time, and a value a column, where NULL leaves what is there."""
        names = list(self.columns.values())
        values = f"({','.join('?' * (len(names) + 2))})"
        merge = ",".join(f"{name}=coalesce(excluded.{name},{name})" for name in names)
        return (
            f"INSERT INTO points_{self.number} (series,time{''.join(',' + name for name in names)})"
            f" VALUES {','.join([values] * rows)} ON CONFLICT (series,time) DO UPDATE SET {merge}"
        )


class UnfitNameError(Exception):
    """A series has a name that no statement of SQL can hold."""


def has_nul(series: Series) -> bool:
    """Whether a name in it has a NUL, where SQLite takes a statement to end."""
    return any("\0" in name for name in (series.measurement, *series.types, *dict(series.tags)))


class BucketFile:
    """An open file. After any error close it: what it remembers of the file may not be in the file.

    Args:
        path: The file; made with its schema when it is not there.

    Raises:
        sqlite3.Error: From here and from every method: it cannot be opened, read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECS, isolation_level=None, check_same_thread=False)
        self._places: dict[Series, _Place] = {}
        self._places_bytes = 0
        self._taken: set[str] = set()  # names of tables and views, in lower case, as of a version of the file
        self._taken_version: int | None = None
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")  # stored means on disk: the cursor moves by it
            self._create()
            self._load()
            self._inode = path.stat().st_ino
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def gone(self) -> bool:
        """Whether somebody deleted or replaced the file: what is written into the open one would be lost."""
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def try_to_write(self) -> None:
        """Change something and take it back: a file that may only be read lets a transaction begin all the same."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._connection.execute("ROLLBACK")

    def field_types(self) -> Mapping[tuple[str, str], FieldType]:
        """The type of each measurement's fields."""
        rows = self._connection.execute(
            "SELECT measurements.name, fields.name, type FROM fields JOIN measurements ON measurement = measurements.id"
        )
        return {(measurement, name): FieldType(kind) for measurement, name, kind in rows}

    def upsert(self, points: Sequence[Point]) -> Mapping[Series, Mapping[str, FieldType]]:
        """Write the points in one transaction; they are on disk when this returns.

        Returns:
            The fields that were left out because the file has them with another type, and that type.
        """
        self._begin()
        if self._places_bytes >= _REMEMBERED_BYTES:
            self._places.clear()
            self._places_bytes = 0
        conflicts = {}
        for series in dict.fromkeys(point.series for point in points):
            if series not in self._places:
                self._make_place(series)
            if wrong := self._places[series].wrong:
                conflicts[series] = wrong
        for table, values in self._values(_without(points, conflicts) if conflicts else points).items():
            self._insert(table, values)
        self._commit()
        return conflicts

    def delete(self, points: Sequence[Point]) -> None:
        """Delete what is there of the points in one transaction; it is off the disk when this returns."""
        self._begin()
        rows: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        series = {of: self._known_series(of) for of in dict.fromkeys(point.series for point in points)}
        for of, time_ns, _ in points:
            if (found := series[of]) is not None:
                rows[found[0]].append((found[1], time_ns))
        for number, keys in rows.items():
            self._connection.executemany(f"DELETE FROM points_{number} WHERE series = ? AND time = ?", keys)
        self._commit()

    def _known_series(self, series: Series) -> tuple[int, int] | None:
        """The numbers of its table and of itself; None where the file has no such series."""
        table = self._tables.get(series.measurement)
        if table is None:
            return None
        query = "SELECT id FROM series WHERE measurement = ? AND tags = ?"
        row = self._connection.execute(query, (table.number, _tags(series))).fetchone()
        return None if row is None else (table.number, row[0])

    def begin_column_anew(self, measurement: str, field: str, kind: FieldType) -> str | None:
        """Have the values of a field go to a new column of another type from now on.

        SQLite would convert what comes to the type of the column that is there. That one keeps its values, under the
        name of the field with its type behind it.

        Returns:
            That name; None where the file has no such field, or has it with this type already.
        """
        self._begin()
        table = self._tables.get(measurement)
        if table is None or table.kinds.get(field, kind) is kind:
            self._connection.execute("ROLLBACK")
            return None
        name = first = f"{field} ({table.kinds[field].value})"
        number = 2
        while name in table.columns:
            name, number = f"{first} {number}", number + 1
        self._connection.execute(
            "UPDATE fields SET name = ? WHERE measurement = ? AND name = ?", (name, table.number, field)
        )
        self._load()
        self._make_view_anew(self._tables[measurement])
        self._commit()
        return name

    def _begin(self) -> None:
        """Begin to write; where another process changed tables or fields, they are read again."""
        self._connection.execute("BEGIN IMMEDIATE")
        if self._schema_version() != self._loaded_version:
            self._load()

    def _commit(self) -> None:
        self._loaded_version = self._schema_version()
        self._connection.execute("COMMIT")

    def _schema_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA schema_version").fetchone()
        return int(version)

    def _load(self) -> None:
        self._loaded_version = self._schema_version()
        self._tables = dict(self._known_tables())
        self._places.clear()
        self._places_bytes = 0

    def _values(self, points: Sequence[Point]) -> Mapping[_Table, list[Value | None]]:
        """The values of the rows by table, in the order of its key, so that SQLite fills page after page."""
        by_series: defaultdict[int, list[Point]] = defaultdict(list)
        for point in points:
            by_series[self._places[point.series].series].append(point)
        values: defaultdict[_Table, list[Value | None]] = defaultdict(list)
        for number in sorted(by_series):
            of_series = by_series[number]
            table = self._places[of_series[0].series].table
            of_table = values[table]
            for _, time_ns, fields in sorted(of_series, key=attrgetter("time_ns")):
                of_table += (number, time_ns, *map(fields.get, table.columns))
        return values

    def _insert(self, table: _Table, values: Sequence[Value | None]) -> None:
        """Many rows a statement: the thread gives up the interpreter's lock at each, and waits to get it back."""
        begin, width = 0, len(table.columns) + 2
        for rows in _ROWS_A_STATEMENT:
            size = rows * width
            if size <= _MAX_PARAMETERS:
                statement = table.upsert(rows)
                while begin + size <= len(values):
                    self._connection.execute(statement, values[begin : begin + size])
                    begin += size

    def _make_place(self, series: Series) -> None:
        if has_nul(series):
            raise UnfitNameError
        table = self._tables.get(series.measurement)
        if table is None:
            table = self._tables[series.measurement] = self._new_table(series)
        else:
            self._widen(table, series)
        key = (table.number, _tags(series))
        self._connection.execute("INSERT OR IGNORE INTO series (measurement, tags) VALUES (?, ?)", key)
        row = self._connection.execute("SELECT id FROM series WHERE measurement = ? AND tags = ?", key).fetchone()
        wrong = {name: table.kinds[name] for name, kind in series.types.items() if table.kinds[name] is not kind}
        self._places[series] = _Place(table, row[0], wrong)
        self._places_bytes += series.weight

    def _new_table(self, series: Series) -> _Table:
        """Made with all columns at once: SQLite reads its whole schema again at each ALTER TABLE."""
        view_name = self._free_view_name(series.measurement)
        row = self._connection.execute(
            "INSERT INTO measurements (name, view_name) VALUES (?, ?) RETURNING id", (series.measurement, view_name)
        ).fetchone()
        table = _Table(row[0], tags={key for key, _ in series.tags})
        columns = "".join(f"{self._add_field(table, name, series)}, " for name in series.types)
        self._connection.execute(
            f"CREATE TABLE points_{table.number} (series INTEGER NOT NULL, time INTEGER NOT NULL, {columns}"
            "PRIMARY KEY (series, time)) WITHOUT ROWID"
        )
        self._make_view(table, view_name)
        return table

    def _widen(self, table: _Table, series: Series) -> None:
        new_fields = [name for name in series.types if name not in table.columns]
        new_tags = {key for key, _ in series.tags} - table.tags
        for name in new_fields:
            column = self._add_field(table, name, series)
            self._connection.execute(f"ALTER TABLE points_{table.number} ADD COLUMN {column}")
        table.tags |= new_tags
        if new_fields or new_tags:
            self._make_view_anew(table)

    def _free_view_name(self, measurement: str) -> str:
        """A name that nothing in the file has, and that counts as taken from now on."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._taken_version:  # somebody else wrote to the file: perhaps a view of their own
            names = self._connection.execute("SELECT name FROM sqlite_schema")
            self._taken = {str(name).lower() for (name,) in names}
            self._taken_version = version
        reserved = not measurement or measurement.lower().startswith(("sqlite_", "points_"))
        name = first = f"measurement {measurement}" if reserved else measurement
        number = 2
        while name.lower() in self._taken:
            name, number = f"{first} {number}", number + 1
        self._taken.add(name.lower())
        return name

    def _add_field(self, table: _Table, name: str, series: Series) -> str:
        """Note the field and its column; what comes back declares the column."""
        kind = series.types[name]
        row = self._connection.execute(
            "INSERT INTO fields (measurement, name, type, unit) VALUES (?, ?, ?, ?) RETURNING id",
            (table.number, name, kind.value, series.units.get(name)),
        ).fetchone()
        table.columns[name], table.kinds[name] = f"f{row[0]}", kind
        return f"f{row[0]} {_COLUMN[kind]}"

    def _make_view_anew(self, table: _Table) -> None:
        query = "SELECT view_name FROM measurements WHERE id = ?"
        (view_name,) = self._connection.execute(query, (table.number,)).fetchone()
        self._connection.execute(f"DROP VIEW IF EXISTS {_name(view_name)}")
        self._make_view(table, view_name)

    def _make_view(self, table: _Table, view_name: str) -> None:
        shown = [(_READABLE_TIME, "time")]
        shown += [(_tag_value(tag), tag) for tag in sorted(table.tags)]
        shown += [(column, name) for name, column in table.columns.items()]
        shown += [("time", "time_ns")]
        columns = ", ".join(f"{value} AS {_name(alias)}" for value, alias in _distinct(shown))
        # CROSS JOIN is SQLite's word for "in this order": series by series, so a condition on time finds its place.
        self._connection.execute(
            f"CREATE VIEW {_name(view_name)} AS SELECT {columns} FROM series CROSS JOIN points_{table.number}"
            f" ON points_{table.number}.series = series.id WHERE series.measurement = {table.number}"
        )

    def _create(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        if application == 0:
            for statement in _SCHEMA.split(";"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._connection.execute("COMMIT")
        if application not in {0, _APPLICATION_ID}:
            raise sqlite3.DatabaseError("the file belongs to another program")

    def _known_tables(self) -> Iterable[tuple[str, _Table]]:
        names = dict(self._connection.execute("SELECT id, name FROM measurements"))
        tables = {number: _Table(number) for number in names}
        query = "SELECT id, measurement, name, type FROM fields ORDER BY id"
        for number, measurement, name, kind in self._connection.execute(query):
            tables[measurement].columns[name] = f"f{number}"
            tables[measurement].kinds[name] = FieldType(kind)
        keys = "SELECT DISTINCT measurement, key FROM series, json_each(series.tags)"
        for measurement, tag in self._connection.execute(keys):
            tables[measurement].tags.add(tag)
        return [(names[number], table) for number, table in tables.items()]


def _tags(series: Series) -> str:
    """As the table of series holds them."""
    return json.dumps(dict(series.tags), ensure_ascii=False, separators=(",", ":"))


def _without(points: Sequence[Point], conflicts: Mapping[Series, Mapping[str, FieldType]]) -> Sequence[Point]:
    """The points without the fields in conflict; those that have no other are left out."""
    kept = []
    for point in points:
        wrong = conflicts.get(point.series, {})
        fields = {name: value for name, value in point.fields.items() if name not in wrong}
        if fields:
            kept.append(point._replace(fields=fields))
    return kept


def _tag_value(tag: str) -> str:
    if '"' in tag:  # older SQLite cannot say it in a path
        return f"(SELECT value FROM json_each(tags) WHERE key = {_text(tag)})"
    return f"json_extract(tags, {_text('$.' + json.dumps(tag, ensure_ascii=False))})"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _distinct(shown: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Give columns whose names differ only in case, or not at all, names of their own."""
    taken: set[str] = set()
    for value, alias in shown:
        name, number = alias, 2
        while name.lower() in taken:
            name, number = f"{alias} {number}", number + 1
        taken.add(name.lower())
        yield value, name
