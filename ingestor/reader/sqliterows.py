"""The rows of an answer out of one bucket of the embedded store, as Arrow batches.

No statement stays open from one batch to the next: a slow consumer never keeps SQLite from emptying its log of writes.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice, pairwise
from operator import itemgetter
from typing import Any

import pyarrow as pa

from ingestor.ports import FieldType
from ingestor.reader.arrays import Growing, repeated, to_arrow
from ingestor.reader.question import Question, quantile
from ingestor.reader.shape import Column, columns, schema
from ingestor.reader.sqlitefile import Place
from ingestor.reader.window import edges, length_ns

BATCH_ROWS = 65_536
_PIECE_ROWS = 300  # twice as many are tuples at any time: from 700 on Python would look among them for garbage
_MOST_WINDOWS = 10_000  # in a table of them

_AGGREGATES = {"mean": "avg({})", "min": "min({})", "max": "max({})", "sum": "sum({})", "count": "nullif(count({}), 0)"}
_ENDS = {"first": "ASC", "last": "DESC"}

_WINDOWS = """
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE asked_series (place INTEGER PRIMARY KEY, id INTEGER NOT NULL);
CREATE TEMP TABLE asked_windows (label INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL)
"""


class Answer:
    """The answer to one question.

    Args:
        connection: To the bucket's file.
        question: What is asked.
        place: Where its measurement is.
    """

    def __init__(self, connection: sqlite3.Connection, question: Question, place: Place) -> None:
        self._connection = connection
        self._question = question
        self._place = place
        self._columns = columns(question, place.fields)
        self._used = [place.column_of[name] for name in dict.fromkeys(each.field.name for each in self._columns)]
        self._series = _chosen(question, place)
        self._row_of = {number: row for row, number in enumerate(self._series)}
        of_series = [place.series[number] for number in self._series]
        self._tags = [to_arrow([tags.get(tag) for tags in of_series], pa.string()) for tag in place.tags]
        self.schema = schema(question, place.tags, self._columns)

    def raw(self) -> Iterator[pa.RecordBatch]:
        """The readings as they are, ordered by tags and time."""
        gathered = _Gathered(self._columns)
        for number in self._series if self._used else ():
            after = self._question.start_ns - 1
            while True:
                room = BATCH_ROWS - gathered.rows
                taken, after = self._take(gathered, number, after, room)
                if gathered.rows == BATCH_ROWS:
                    yield self._batch(gathered)
                    gathered = _Gathered(self._columns)
                if taken < room:
                    break
        if gathered.rows:
            yield self._batch(gathered)

    def windows(self) -> Iterator[pa.RecordBatch]:
        """A row for each window and series that has a reading; some windows after the other."""
        if not self._used or not self._series or self._question.every is None:
            return
        self._prepare()
        query = self._window_query()
        at_once = max(1, min(_MOST_WINDOWS, BATCH_ROWS // len(self._series)))
        begin = self._first_reading(self._question.start_ns)
        while begin is not None:
            until = min(self._question.stop_ns, begin + at_once * length_ns(self._question.every))
            found = edges(self._question.every, self._question.zone, start_ns=begin, stop_ns=until)
            some = list(islice(found, at_once + 1))
            self._load_windows(some)
            gathered = _Gathered(self._columns)
            for place, rows in groupby(self._connection.execute(query), key=itemgetter(0)):
                while piece := list(islice(rows, _PIECE_ROWS)):
                    gathered.add(self._series[place], [row[1:] for row in piece])
            if gathered.rows:
                yield self._batch(gathered)
            begin = self._first_reading(some[-1])

    def newest(self) -> Iterator[pa.RecordBatch]:
        """The last reading of each field of each series; a row for each time that is one of these."""
        gathered = _Gathered(self._columns)
        for number in self._series:
            by_time: dict[int, list[object]] = {}
            for at, name in enumerate(self._used):
                row = self._connection.execute(
                    f"SELECT time, {name} FROM {self._place.table} WHERE series = ? AND time >= ? AND time < ?"
                    f" AND {name} IS NOT NULL ORDER BY time DESC LIMIT 1",
                    (number, self._question.start_ns, self._question.stop_ns),
                ).fetchone()
                if row:
                    by_time.setdefault(row[0], [None] * len(self._used))[at] = row[1]
            if by_time:
                gathered.add(number, [(time, *values) for time, values in sorted(by_time.items())])
        if gathered.rows:
            yield self._batch(gathered)

    def _take(self, gathered: "_Gathered", number: int, after: int, limit: int) -> tuple[int, int]:
        """Gather the next rows of a series; how many there were, and the time of the last."""
        some = f" AND ({_any_of(self._used)})" if self._question.fields is not None else ""
        rows = self._connection.execute(
            f"SELECT time, {', '.join(self._used)} FROM {self._place.table}"
            f" WHERE series = ? AND time > ? AND time < ?{some} ORDER BY time LIMIT ?",
            (number, after, self._question.stop_ns, limit),
        )
        taken = 0
        while piece := rows.fetchmany(_PIECE_ROWS):
            gathered.add(number, piece)
            taken += len(piece)
            after = piece[-1][0]
        return taken, after

    def _prepare(self) -> None:
        for share in {share for each in self._columns if (share := quantile(each.function)) is not None}:
            called = _quantile_class(share)
            self._connection.create_aggregate(_quantile_name(share), 1, called)  # type: ignore[arg-type]  # floats, too
        self._connection.executescript(_WINDOWS)
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO asked_series VALUES (?, ?)", enumerate(self._series))
        self._connection.execute("COMMIT")

    def _load_windows(self, some: Sequence[int]) -> None:
        start, stop = self._question.start_ns, self._question.stop_ns
        self._connection.execute("BEGIN")  # or else each row would be a transaction
        self._connection.execute("DELETE FROM asked_windows")
        self._connection.executemany(
            "INSERT INTO asked_windows VALUES (?, ?, ?)",
            [(low, max(low, start), min(high, stop)) for low, high in pairwise(some)],
        )
        self._connection.execute("COMMIT")

    def _window_query(self) -> str:
        """Series by series and window by window: no sorting, and each row is read once, where the key finds it."""
        values = ", ".join(self._value(each) for each in self._columns)
        return (
            f"SELECT s.place, w.label, {values} FROM asked_series s CROSS JOIN asked_windows w"
            f" CROSS JOIN {self._place.table} p ON p.series = s.id AND p.time >= w.low AND p.time < w.high"
            f" WHERE {_any_of(self._used, of='p.')} GROUP BY s.place, w.label"
        )

    def _value(self, each: Column) -> str:
        name = self._place.column_of[each.field.name]
        if each.function in _ENDS:
            return (
                f"(SELECT e.{name} FROM {self._place.table} e WHERE e.series = s.id AND e.time >= w.low"
                f" AND e.time < w.high AND e.{name} IS NOT NULL ORDER BY e.time {_ENDS[each.function]} LIMIT 1)"
            )
        share = quantile(each.function)
        call = _AGGREGATES[each.function] if share is None else f"{_quantile_name(share)}({{}})"
        return call.format(f"p.{name}")

    def _first_reading(self, from_ns: int) -> int | None:
        """When any of the series has its first reading from then on, of whichever fields: the key alone tells."""
        (time_ns,) = self._connection.execute(
            f"SELECT min((SELECT time FROM {self._place.table} p WHERE p.series = s.id AND p.time >= ? AND p.time < ?"
            " ORDER BY time LIMIT 1)) FROM asked_series s",
            (from_ns, self._question.stop_ns),
        ).fetchone()
        return None if time_ns is None else int(time_ns)

    def _batch(self, gathered: "_Gathered") -> pa.RecordBatch:
        """Put the tags beside the values."""
        which = repeated((self._row_of[number], count) for number, count in gathered.runs)
        tags = [values.take(which) for values in self._tags]
        time, *values = gathered.arrays()
        return pa.record_batch([time.cast(self.schema.field(0).type), *tags, *values], schema=self.schema)


class _Gathered:
    """Rows on their way to becoming a batch, column by column; and of which series they are."""

    def __init__(self, of: Sequence[Column]) -> None:
        self._growing = [Growing(pa.int64()), *(Growing(_loaded_type(each)) for each in of)]
        self._wanted = [pa.int64(), *(each.arrow().type for each in of)]
        self.runs: list[tuple[int, int]] = []
        self.rows = 0

    def add(self, number: int, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows of one series: times and values."""
        for column, values in zip(self._growing, zip(*rows, strict=True), strict=True):
            column.extend(values)
        self.runs.append((number, len(rows)))
        self.rows += len(rows)

    def arrays(self) -> Sequence[pa.Array]:
        """All of a column in one."""
        return [column.array().cast(kind) for column, kind in zip(self._growing, self._wanted, strict=True)]


class _Quantile:
    """What SQLite calls for a quantile: exact, with values between two readings on the line between them."""

    share = 0.5

    def __init__(self) -> None:
        self._values = array("d")

    def step(self, value: float | None) -> None:
        """Take a value."""
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        """The quantile of all of them."""
        if not self._values:
            return None
        values = sorted(self._values)
        place = self.share * (len(values) - 1)
        low = int(place)
        if place == low:
            return values[low]
        return values[low] * (low + 1 - place) + values[low + 1] * (place - low)


def _quantile_class(share: float) -> type[_Quantile]:
    return type("Quantile", (_Quantile,), {"share": share})


def _quantile_name(share: float) -> str:
    return f"quantile_{share!r}".replace(".", "_").replace("-", "_")


def _loaded_type(of: Column) -> pa.DataType:
    """SQLite has no truth values."""
    return pa.int8() if of.type is FieldType.BOOL else of.arrow().type


def _any_of(names: Iterable[str], of: str = "") -> str:
    return " OR ".join(f"{of}{name} IS NOT NULL" for name in names)


def _chosen(question: Question, place: Place) -> Sequence[int]:
    """The series whose tags fit, in the order of their tags."""

    def order(number: int) -> list[tuple[bool, str]]:
        tags = place.series[number]
        return [(tag not in tags, tags.get(tag, "")) for tag in place.tags]

    return sorted(place.fitting(question.where), key=order)
