"""Long tables of InfluxDB to wide ones: a row for each series and time, a column for each field. Pure.

InfluxDB keeps, and gives, each field of a series apart. Turning that round in the server takes it twice the time and
the memory; Arrow and NumPy do it here while the next answer is on its way.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.reader.annotated import Rows
from ingestor.reader.flux import Result, Span, unescaped
from ingestor.reader.question import quantile
from ingestor.reader.shape import Column

BATCH_ROWS = 65_536

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Tags = tuple[str | None, ...]
_Key = tuple[str, str]  # function, field


class _Run(NamedTuple):
    """Values of one field of one series, in order of time."""

    series: Tags
    times: Ints
    values: pa.Array


class Readings(NamedTuple):
    """Values of one column, ordered by series and time; no two have both in common."""

    series: Ints
    times: Ints
    values: pa.Array


class TooManyValuesError(Exception):
    """More values came than there is room for."""


class Gathered:
    """What came for one span, and what it looks like when it is wide.

    Args:
        schema: Of the answer.
        columns: Its columns of values, which come last in it.
        bucket: For the words of an error.
        most: So many values may come; None for any number.
    """

    def __init__(self, schema: pa.Schema, columns: Sequence[Column], *, bucket: str, most: int | None = None) -> None:
        self._schema = schema
        self._columns = columns
        self._tags = schema.names[1 : len(schema.names) - len(columns)]
        self._bucket = bucket
        self._most = most
        self._runs: dict[_Key, list[_Run]] = {}
        self._wanted = {source_of(column): column for column in columns}
        self.values = 0

    def take(self, rows: Rows) -> None:
        """Take rows of the answer.

        Raises:
            TooManyValuesError: There are too many by now.
            BucketError: A field has values of a type that is not its own.
            StoreUnavailableError: A tag was not there when the question was put.
        """
        self.values += rows.batch.num_rows
        if self._most is not None and self.values > self._most:
            raise TooManyValuesError
        places = {column.name: at for at, column in reversed([*enumerate(rows.columns)][2:])}  # result, table, …
        result = Result.parse(rows.batch.column(0)[0].as_py())
        times = _ints(rows.batch.column(places.pop("_time")))
        values = rows.batch.column(places.pop("_value"))
        if result.text:
            values = unescaped(values)
        tables = _ints(rows.batch.column(1))
        starts = np.concatenate([[0], np.flatnonzero(np.diff(tables)) + 1])
        fields = _texts(rows, places.pop("_field"), starts)
        if unknown := places.keys() - {*self._tags, "_start", "_stop", "_measurement"}:
            raise StoreUnavailableError(f"the tag {unknown.pop()!r} came up just now: ask again")
        tags = [_texts(rows, places[tag], starts) if tag in places else [None] * len(starts) for tag in self._tags]
        ends = [*starts[1:].tolist(), len(tables)]
        for start, end, field, *series in zip(starts.tolist(), ends, fields, *tags, strict=True):
            key = (result.function, str(field))
            piece = self._typed(values.slice(start, end - start), key)
            self._runs.setdefault(key, []).append(_Run(tuple(series), times[start:end], piece))

    def batches(self, span: Span) -> Sequence[pa.RecordBatch]:
        """What came, wide: ordered by tags (those without a tag last) and time."""
        series = sorted({run.series for runs in self._runs.values() for run in runs}, key=_order)
        at = {one: index for index, one in enumerate(series)}
        readings = {key: _ordered(runs, at) for key, runs in self._runs.items()}
        found = [self._column(readings, column, span) for column in self._columns]
        keys, arrays = _join(found, [field.type for field in self._schema][-len(self._columns) :])
        which = pa.array(keys.series)
        tags = [pa.array([one[place] for one in series], pa.string()).take(which) for place in range(len(self._tags))]
        times = pa.array(keys.times).cast(self._schema.field(0).type)
        batch = pa.RecordBatch.from_arrays([times, *tags, *arrays], schema=self._schema)
        return [batch.slice(start, BATCH_ROWS) for start in range(0, batch.num_rows, BATCH_ROWS)]

    def _column(self, readings: Mapping[_Key, Readings], column: Column, span: Span) -> Readings | None:
        found = readings.get(source_of(column))
        if found is None or not column.function:
            return found
        if _is_picked(column):
            return _picked(found, column.function, span)
        share = quantile(column.function)
        if share is not None:
            return _quantiles(found, share, span)
        return found._replace(times=_beginnings(found.times, span))

    def _typed(self, values: pa.Array, key: _Key) -> pa.Array:
        """Values in the type of their column: integers of a field that elsewhere has floats become floats."""
        column = self._wanted[key]
        wanted = Column(column.name, column.field, key[0]).arrow().type
        if values.type == wanted:
            return values
        if pa.types.is_integer(values.type) and pa.types.is_floating(wanted):
            return values.cast(wanted, safe=False)
        try:
            if pa.types.is_uint64(values.type) and wanted == pa.int64():
                return values.cast(wanted)
        except pa.ArrowInvalid as error:
            raise BucketError(self._bucket, f"the field {key[1]!r} has numbers beyond 64 bits with a sign") from error
        raise BucketError(
            self._bucket,
            f"the field {key[1]!r} holds values of two types ({values.type} beside {wanted}), and no column can: "
            "ask for the other fields by name",
        )


def source_of(column: Column) -> _Key:
    """What has to be asked for a column: quantiles are made of the readings, which takes the server far longer."""
    of_readings = quantile(column.function) is not None or _is_picked(column)
    return ("" if of_readings else column.function), column.field.name


def _is_picked(column: Column) -> bool:
    """Where there is an empty text, InfluxDB 2.8 mixes up the first and the last ones of windows."""
    return column.field.type is FieldType.TEXT and column.function in {"first", "last"}


def _ints(array: pa.Array) -> Ints:
    return array.view(pa.int64()).to_numpy()  # type: ignore[no-any-return]


def _texts(rows: Rows, place: int, starts: Ints) -> list[str | None]:
    return rows.batch.column(place).take(pa.array(starts)).to_pylist()  # type: ignore[no-any-return]


def _order(series: Tags) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in series]


def _ordered(runs: Sequence[_Run], at: Mapping[Tags, int]) -> Readings:
    """All runs of a column in one, by series and time."""
    runs = sorted(runs, key=lambda run: at[run.series])
    series = np.repeat([at[run.series] for run in runs], [len(run.times) for run in runs])
    times = np.concatenate([run.times for run in runs])
    found = Readings(series, times, pa.concat_arrays([run.values for run in runs]))
    if _changes(series, times, rising=True).all():
        return found
    order = np.lexsort((times, series))  # stable: of what was stored with two types, the times go to and fro
    last = np.append(_changes(series[order], times[order])[1:], True)
    order = order[last]
    return Readings(series[order], times[order], found.values.take(pa.array(order)))


def _changes(series: Ints, times: Ints, *, rising: bool = False) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each place whether it differs from the one before, or also comes after it."""
    differ = times[1:] > times[:-1] if rising else times[1:] != times[:-1]
    return np.concatenate([[True], differ | (series[1:] != series[:-1])])


def _beginnings(times: Ints, span: Span) -> Ints:
    """The beginnings of the windows that these times are in."""
    return span.first_ns + (times - span.first_ns) // span.length_ns * span.length_ns


def _picked(readings: Readings, function: str, span: Span) -> Readings:
    """The first or the last reading of each window of each series."""
    times = _beginnings(readings.times, span)
    places = np.flatnonzero(_changes(readings.series, times))
    if function == "last":
        places = np.append(places[1:], len(times)) - 1
    return Readings(readings.series[places], times[places], readings.values.take(pa.array(places)))


def _quantiles(readings: Readings, share: float, span: Span) -> Readings:
    """The quantile of each window of each series: exact, and between two readings on the line between them."""
    times = _beginnings(readings.times, span)
    new = _changes(readings.series, times)
    starts = np.flatnonzero(new)
    counts = np.diff(starts, append=len(times))
    numbers = readings.values.cast(pa.float64(), safe=False).to_numpy()
    numbers = numbers[np.lexsort((numbers, np.cumsum(new)))]
    place = share * (counts - 1)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, counts - 1)
    between = numbers[starts + low] * (low + 1 - place) + numbers[starts + high] * (place - low)
    found = np.where(place == low, numbers[starts + low], between)
    return Readings(readings.series[starts], times[starts], pa.array(found))


def _join(columns: Sequence[Readings | None], types: Sequence[pa.DataType]) -> tuple[Readings, Sequence[pa.Array]]:
    """One row for each series and time that any of the columns has, and the columns in these rows."""
    keys: list[Readings] = []
    of: list[int] = []
    for column in columns:
        place = -1
        if column is not None:
            place = next((at for at, key in enumerate(keys) if _same(key, column)), len(keys))
            keys += [column] if place == len(keys) else []
        of.append(place)
    rows, takes = _union(keys)
    arrays = []
    for column, place, kind in zip(columns, of, types, strict=True):
        if column is None:
            arrays.append(pa.nulls(len(rows.times), kind))
        else:
            take = takes[place]
            arrays.append(column.values if take is None else column.values.take(take))
    return rows, arrays


def _same(one: Readings, other: Readings) -> bool:
    return np.array_equal(one.times, other.times) and np.array_equal(one.series, other.series)


def _union(keys: Sequence[Readings]) -> tuple[Readings, Sequence[pa.Array | None]]:
    """The rows that any of these have, and for each which of its own goes where; None where all are as they are."""
    if len(keys) == 1:
        return keys[0], [None]
    if not keys:
        none = np.array([], np.int64)
        return Readings(none, none, pa.nulls(0)), []
    series = np.concatenate([key.series for key in keys])
    times = np.concatenate([key.times for key in keys])
    order = np.lexsort((times, series))
    new = _changes(series[order], times[order])
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.cumsum(new) - 1
    first = order[new]
    takes = []
    for rows in np.split(row_of, np.cumsum([len(key.times) for key in keys])[:-1]):
        take = np.full(len(first), -1)
        take[rows] = np.arange(len(rows))
        takes.append(pa.array(take, mask=take < 0))
    return Readings(series[first], times[first], pa.nulls(0)), takes
