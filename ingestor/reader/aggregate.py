"""What the reader itself makes of an answer: its order, differences, rates, and what windows without readings get.

Everything here takes and gives tables of a time, tags and values, in this order, and is done alike for all stores.
Columns of times and tags are found by their places: a tag and a field may have one name.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingestor.reader.arrays import number, repeated
from ingestor.reader.question import QuestionError
from ingestor.reader.shape import Column
from ingestor.reader.wish import MOST_ROWS, Fill

_MOST_NUMBERS = 2**62


def in_order(table: pa.Table, tags: Sequence[str]) -> pa.Table:
    """The rows by tags (those without a tag behind) and time; a table that is in order already is not copied."""
    keys = pa.table({"series": _series(table, tags), "time": _nanos(table)})
    if _is_sorted(keys):
        return table
    return table.take(pc.sort_indices(keys, [("series", "ascending"), ("time", "ascending")]))


def derive(table: pa.Table, tags: Sequence[str], wanted: Sequence[tuple[Column, str]]) -> pa.Table:
    """The columns that were asked for, of a table in order.

    Args:
        table: What the store answered.
        tags: Which of its columns are tags.
        wanted: The columns, and of which one in the table each is made.
    """
    series, times = _series(table, tags), _nanos(table)
    key = 1 + len(tags)
    arrays, fields = table.columns[:key], list(table.schema)[:key]
    answered = table.select(range(key, table.num_columns))
    for of, name in wanted:
        values = _whole(answered[name])
        if of.function in {"difference", "rate"}:
            values = _changes(values, series, times, a_second=of.function == "rate")
        arrays.append(values)
        fields.append(of.arrow())
    return pa.table(arrays, schema=pa.schema(fields))


def fill(table: pa.Table, tags: Sequence[str], *, windows: Sequence[int], how: Fill) -> pa.Table:
    """The same with a row for each window and series, of a table in order.

    Args:
        table: A row for each window of a series that has a reading.
        tags: Which of its columns are tags.
        windows: The beginnings of all windows, ascending.
        how: What goes into what is empty; numbers go into numbers alone, and into ints if they are whole.

    Raises:
        QuestionError: These would be more rows than can be held.
    """
    series = _series(table, tags)
    present = pc.unique(series)
    if len(present) * len(windows) > MOST_ROWS:
        raise QuestionError(
            f"{len(windows):,} windows of {len(present):,} series are more rows than can be filled ({MOST_ROWS:,}): "
            "ask for longer windows, a shorter time or fewer series"
        )
    grid = _Grid(len(present), pa.array(windows, pa.int64()))
    rows = grid.rows_of(pc.index_in(series, present), _nanos(table))
    first_of = table.take(pc.index_in(present, series))
    arrays = [grid.times().cast(table.schema.field(0).type)]
    key = 1 + len(tags)
    arrays += [_whole(values).take(grid.series) for values in first_of.columns[1:key]]
    fields = list(table.schema)[:key]
    for field, values in zip(list(table.schema)[key:], table.columns[key:], strict=True):
        filled = grid.filled(_whole(values).take(rows), how)
        arrays.append(filled)
        fields.append(field.with_type(filled.type))
    return pa.table(arrays, schema=pa.schema(fields))


class _Grid:
    """Every window of every series: the windows of the first, then those of the second."""

    def __init__(self, series: int, windows: pa.Array) -> None:
        self._windows = windows
        width = len(windows)
        self._places = _count(series * width)
        self.series = pc.divide(self._places, width) if width else self._places
        self._window = pc.subtract(self._places, pc.multiply(self.series, width))

    def times(self) -> pa.Array:
        """The beginning of each window."""
        return self._windows.take(self._window)

    def rows_of(self, series: pa.Array, times: pa.Array) -> pa.Array:
        """For each place the row that belongs there, or null; of rows by the number of their series and their time."""
        window = pc.index_in(times, self._windows)
        places = pc.add(pc.multiply(pc.cast(series, pa.int64()), len(self._windows)), pc.cast(window, pa.int64()))
        return pc.index_in(self._places, places)

    def filled(self, values: pa.Array, how: Fill) -> pa.Array:
        """A column with what is to be in its empty places."""
        if how == "previous":
            return values.take(self._neighbour(values, pc.fill_null_forward))
        numeric = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
        if how == "linear" and numeric:
            return self._on_a_line(values)
        if isinstance(how, str) or not numeric:
            return values
        if pa.types.is_floating(values.type):
            return pc.fill_null(values, float(how))
        fits = float(how).is_integer() and -(2**63) <= how < 2**63
        return pc.fill_null(values, pa.scalar(int(how), values.type)) if fits else values

    def _neighbour(self, values: pa.Array, spread: "pc.Function") -> pa.Array:
        """The nearest place with a value, in one direction and of the same series."""
        places = spread(pc.if_else(pc.is_valid(values), self._places, pa.scalar(None, pa.int64())))
        same = pc.equal(self.series.take(places), self.series)
        return pc.if_else(same, places, pa.scalar(None, pa.int64()))

    def _on_a_line(self, values: pa.Array) -> pa.Array:
        values = _floats(values)
        before, behind = self._neighbour(values, pc.fill_null_forward), self._neighbour(values, pc.fill_null_backward)
        times = self.times()
        part = pc.divide(
            _floats(pc.subtract(times, times.take(before))),
            _floats(pc.subtract(times.take(behind), times.take(before))),
        )
        low, high = values.take(before), values.take(behind)
        line = pc.add(low, pc.multiply(pc.subtract(high, low), part))
        return pc.if_else(pc.is_valid(values), values, line)


def _changes(values: pa.Array, series: pa.Array, times: pa.Array, *, a_second: bool) -> pa.Array:
    """What each value is more than the one before it in its series, where windows without one are passed over.

    Raises:
        QuestionError: Integers are further apart than 64 bits can tell.
    """
    there = pc.is_valid(values)
    try:
        changes = pc.pairwise_diff_checked(values.filter(there))
    except pa.ArrowInvalid:
        raise QuestionError(
            "difference and rate: values are further apart than an integer of 64 bits can tell"
        ) from None
    if a_second:
        past = pc.pairwise_diff(times.filter(there))
        changes = pc.divide(_floats(changes), pc.divide(_floats(past), 1e9))
    other = pc.pairwise_diff(series.filter(there))
    changes = pc.if_else(pc.equal(other, 0), changes, pa.scalar(None, changes.type))
    place = pc.subtract(pc.cumulative_sum(pc.cast(there, pa.int64())), 1)
    return changes.take(pc.if_else(there, place, pa.scalar(None, pa.int64())))


def _floats(values: pa.Array) -> pa.Array:
    return pc.cast(values, pa.float64(), safe=False)


def _series(table: pa.Table, tags: Sequence[str]) -> pa.Array:
    """A number for each row that tells its series, and sorts as its tags do."""
    series = repeated([(0, table.num_rows)]).cast(pa.int64())
    most = 1
    for values in table.columns[1 : 1 + len(tags)]:
        encoded = _whole(values).dictionary_encode()
        size = len(encoded.dictionary) + 1
        if most * size > _MOST_NUMBERS:
            series, most = pc.rank(series, tiebreaker="dense").cast(pa.int64()), table.num_rows + 1
        rank = pc.subtract(pc.rank(encoded.dictionary).cast(pa.int64()), number(1))
        ranks = pc.fill_null(rank.take(encoded.indices), number(size - 1))
        series, most = pc.add(pc.multiply(series, number(size)), ranks), most * size
    return series


def _nanos(table: pa.Table) -> pa.Array:
    return _whole(table.column(0)).cast(pa.int64())


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """In one piece."""
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


def _is_sorted(keys: pa.Table) -> bool:
    series, times = _whole(keys["series"]), _whole(keys["time"])
    if len(series) < 2:
        return True
    of, other = (series[:-1], times[:-1]), (series[1:], times[1:])
    later = pc.or_(pc.less(of[0], other[0]), pc.and_(pc.equal(of[0], other[0]), pc.less_equal(of[1], other[1])))
    return bool(pc.all(later).as_py())


def _count(stop: int) -> pa.Array:
    """0, 1, 2, and so on."""
    return pc.subtract(pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), stop)), 1)
