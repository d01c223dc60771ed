"""Parquet files; and the Arrow streams, one behind another, of which one is made when all of it is there.

The schema of a file tells the measurement and which columns are tags, so that `ingestor import` gives back the same;
other programs see ordinary columns. Nothing imports pyarrow before it is used.
"""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingestor.files.cells import shown, twice
from ingestor.files.sheet import Roles
from ingestor.files.table import Block, BlockPoints, Column, FileError, Layout, Reading, SeriesBook, Unreadable
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType, Value

if TYPE_CHECKING:
    import pyarrow as pa

_READ_ROWS: Final = 20_000
_GROUP_ROWS: Final = 250_000
_MEASUREMENT: Final = b"ingestor.measurement"
_ROLE: Final = b"ingestor.role"
_NAME: Final = b"ingestor.name"
_UNIT: Final = b"unit"
_PANDAS_INDEX: Final = "__index_level_0__"
_TIME: Final = "time"
_INFINITE: Final = frozenset({float("inf"), float("-inf")})
_MAX_INT: Final = 2**63 - 1


def schema_of(layout: Layout) -> "pa.Schema":
    """The schema of a file. A field with the name of a tag has a column of another name, which says so.

    Raises:
        FileError: A tag has the name of the time.
    """
    import pyarrow as pa  # noqa: PLC0415 - nobody else pays for it

    if _TIME in layout.tags:
        raise FileError(f"{layout.measurement} has a tag called {_TIME}, which Parquet cannot hold: choose CSV")
    fields = [pa.field(_TIME, pa.timestamp("ns", tz="UTC"), nullable=False, metadata={_ROLE: b"time"})]
    fields += [pa.field(tag, pa.string(), metadata={_ROLE: b"tag"}) for tag in layout.tags]
    taken = {_TIME, *layout.tags, *(column.name for column in layout.fields)}
    for column in layout.fields:
        said = {_UNIT: column.unit.encode()} if column.unit else {}
        name = column.name
        if name == _TIME or name in layout.tags:
            while name in taken:
                name += " (field)"
            taken.add(name)
            said[_NAME] = column.name.encode()
        fields.append(pa.field(name, _arrow(column.type), metadata={_ROLE: b"field", **said}))
    return pa.schema(fields, metadata={_MEASUREMENT: layout.measurement.encode()})


def stream_of(block: Block, schema: "pa.Schema") -> bytes:
    """A block as an Arrow stream of its own."""
    import pyarrow as pa  # noqa: PLC0415

    columns = [block.times, *block.tags, *block.fields]
    arrays = [pa.array(values, type=kind) for values, kind in zip(columns, schema.types, strict=True)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return bytes(sink.getvalue())


def streams_to_parquet(streams: Path, target: Path, schema: "pa.Schema") -> None:
    """Make one Parquet file of streams that stand one behind another; it is on disk when this returns.

    Raises:
        OSError: A file cannot be read or written.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    waiting: list[pa.RecordBatch] = []
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in _batches(streams):
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))


def _batches(streams: Path) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa  # noqa: PLC0415

    size = streams.stat().st_size
    with pa.OSFile(str(streams)) as file:
        while file.tell() < size:
            with pa.ipc.open_stream(file) as stream:
                yield from stream


class ParquetReadings:
    """The readings of a Parquet file: one of ours, or any other with a mapping of its columns.

    Args:
        path: The file.
        bucket: Where its readings go.
        roles: What its columns are, where it does not say it itself.
        times: Reads times that are numbers.

    Attributes:
        rows: How many there are.
        done: How many were read.

    Raises:
        FileError: It is no Parquet file, or its columns cannot be used.
    """

    def __init__(self, path: Path, *, bucket: str, roles: Roles, times: TimeReader) -> None:
        if find_spec("pyarrow") is None:
            raise FileError(f"{path}: Parquet needs pyarrow: pip install 'ingestor[reader]'")
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise FileError(f"{path} cannot be read as Parquet: {_first_line(error)}") from None
        self._path = path
        self._times = times
        schema = self._file.schema_arrow
        self._time = _TIME if _is_ours(schema) else roles.time
        _check_names(schema, (self._time, *(() if _is_ours(schema) else (*roles.tags, *(roles.fields or ())))))
        self._layout = _own_layout(schema, roles) if _is_ours(schema) else _foreign_layout(schema, roles)
        units = {column.name: column.unit for column in self._layout.fields if column.unit}
        self._points = BlockPoints(self._layout, SeriesBook(bucket, units=units))
        self._columns = _columns_of(schema, self._layout)
        self.rows = self._file.metadata.num_rows
        self.done = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self) -> Iterator[Reading | Unreadable]:
        """The readings, and what cannot be one; `at` counts rows from 1.

        Raises:
            FileError: The file is damaged.
        """
        import pyarrow as pa  # noqa: PLC0415

        wanted = [self._time, *self._layout.tags, *self._columns.values()]
        try:
            for batch in self._file.iter_batches(batch_size=_READ_ROWS, columns=wanted):
                yield from self._readings(batch)
                self.done += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise FileError(f"{self._path} cannot be read beyond row {self.done:,}: {_first_line(error)}") from None

    def _readings(self, batch: "pa.RecordBatch") -> Iterator[Reading | Unreadable]:
        times = _times(batch.column(self._time), self._times)
        tags = [_texts(batch.column(tag)) for tag in self._layout.tags]
        values = [_values(batch.column(self._columns[column.name]), column.type) for column in self._layout.fields]
        for row, time_ns in enumerate(times):
            at = self.done + row + 1
            if isinstance(time_ns, str):
                yield Unreadable(at, "", time_ns)
                continue
            fields = {name: column[row] for name, column in zip(self._columns, values, strict=True)}
            wrong = {name: why for name, value in fields.items() if (why := _flaw(value))}
            kept = [None if name in wrong else value for name, value in fields.items()]
            point = self._points.point(time_ns, tuple(column[row] for column in tags), kept)
            if wrong or point is None:
                why = "; ".join(f"{name}: {why}" for name, why in wrong.items()) or "has no value"
                yield Unreadable(at, "", why, tuple(wrong) if point else ())
            if point is not None:
                yield Reading(at, "", point)


def _is_ours(schema: "pa.Schema") -> bool:
    return bool((schema.metadata or {}).get(_MEASUREMENT))


def _check_names(schema: "pa.Schema", wanted: Iterable[str]) -> None:
    names = list(schema.names)
    for name in wanted:
        if name not in names:
            hint = ": say with --time which one is the time" if name == _TIME else ""
            raise FileError(f"there is no column {shown(name)} among {', '.join(names)}{hint}")
    if again := twice(names):
        raise FileError(f"two columns are called {shown(again)}")


def _own_layout(schema: "pa.Schema", roles: Roles) -> Layout:
    """The columns of a file that this program wrote."""
    of = {field.name: (field.metadata or {}).get(_ROLE, b"") for field in schema}
    tags = tuple(_tag(schema.field(name)) for name, role in of.items() if role == b"tag")
    fields = tuple(_column(schema.field(name)) for name, role in of.items() if role == b"field")
    return Layout(roles.measurement or _text(schema.metadata[_MEASUREMENT]), tags, fields)


def _columns_of(schema: "pa.Schema", layout: Layout) -> dict[str, str]:
    """The column of each field, in the order of the layout."""
    named = {_field_name(field): field.name for field in schema if (field.metadata or {}).get(_NAME)}
    return {column.name: named.get(column.name, column.name) for column in layout.fields}


def _field_name(field: "pa.Field") -> str:
    return _text((field.metadata or {}).get(_NAME, field.name.encode()))


def _foreign_layout(schema: "pa.Schema", roles: Roles) -> Layout:
    if roles.measurement is None:
        raise FileError("the file does not say which measurement its readings are: name it with --measurement")
    taken = {roles.time, *roles.tags, _PANDAS_INDEX, ""}
    chosen = [name for name in schema.names if name not in taken and (roles.fields is None or name in roles.fields)]
    if not chosen:
        raise FileError("no column is left that could be a field")
    fields = tuple(_column(schema.field(name), roles.types.get(name)) for name in chosen)
    return Layout(roles.measurement, tuple(_tag(schema.field(name)) for name in roles.tags), fields)


def _tag(field: "pa.Field") -> str:
    """The name of a column that is a tag."""
    import pyarrow.types as kinds  # noqa: PLC0415

    kind = field.type.value_type if kinds.is_dictionary(field.type) else field.type
    if kinds.is_nested(kind) or kinds.is_binary(kind) or kinds.is_large_binary(kind):
        raise FileError(f"column {shown(field.name)} is {field.type}, which cannot be a tag")
    return str(field.name)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FileError("what the file says of its columns is not in UTF-8") from None


def _column(field: "pa.Field", wanted: FieldType | None = None) -> Column:
    import pyarrow.types as kinds  # noqa: PLC0415

    unit = (field.metadata or {}).get(_UNIT)
    kind = field.type.value_type if kinds.is_dictionary(field.type) else field.type
    tests = {
        FieldType.BOOL: (kinds.is_boolean,),
        FieldType.INT: (kinds.is_integer,),
        FieldType.FLOAT: (kinds.is_floating, kinds.is_decimal),
        FieldType.TEXT: (kinds.is_string, kinds.is_large_string, kinds.is_string_view),
    }
    found = next((name for name, some in tests.items() if any(test(kind) for test in some)), None)
    if found is None:
        raise FileError(f"column {shown(field.name)} is {field.type}, which no store holds: choose others with --field")
    if wanted not in {None, found} and (found, wanted) != (FieldType.INT, FieldType.FLOAT):
        raise FileError(f"column {shown(field.name)} is {found.value} in the file, not {wanted}")
    return Column(_field_name(field), wanted or found, _text(unit) if unit else None)


def _values(column: "pa.Array", kind: FieldType) -> list[Value | None]:
    """The values of a column; what is no number is missing, as pandas says it. Whole numbers may be too large."""
    if kind is FieldType.INT:
        return list(column.to_pylist())
    if kind is FieldType.TEXT:
        return list(_texts(column))
    values: list[Value | None] = column.cast(_arrow(kind), safe=False).to_pylist()  # a float is the nearest there is
    return [None if value != value else value for value in values] if kind is FieldType.FLOAT else values  # noqa: PLR0124


def _texts(column: "pa.Array") -> list[str | None]:
    """The texts of a column; where one is not in UTF-8 there are lone surrogates in it, which no store takes."""
    import pyarrow as pa  # noqa: PLC0415

    texts = column.cast(pa.string())
    try:
        return list(texts.to_pylist())
    except UnicodeDecodeError:
        found = texts.cast(pa.binary()).to_pylist()
        return [None if data is None else data.decode(errors="surrogateescape") for data in found]


def _flaw(value: Value | None) -> str:
    """Why a value cannot be stored; "" where it can."""
    if value in _INFINITE:
        return "no finite number"
    return f"{value} is no whole number of 64 bits" if isinstance(value, int) and value > _MAX_INT else ""


def _times(column: "pa.Array", times: TimeReader) -> list[int | str]:
    """The times in ns; a text where one cannot be used, with the reason."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_timestamp(column.type):
        try:
            zoned = pc.assume_timezone(column, str(times.zone)) if column.type.tz is None else column
            found = zoned.cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_pylist()
        except pa.ArrowInvalid:  # some are out of range, or an hour that the zone has twice or not at all
            utc = column if column.type.tz is None else column.cast(pa.timestamp(column.type.unit, "UTC"))
            return [_time(value, times) for value in utc.cast(pa.string()).to_pylist()]
        return ["has no time" if time_ns is None else time_ns for time_ns in found]
    return [_time(value, times) for value in column.to_pylist()]


def _time(value: object, times: TimeReader) -> int | str:
    try:
        return times.read(str(value)) if value is not None else "has no time"
    except ValueError as error:
        return str(error)


def _arrow(kind: FieldType) -> "pa.DataType":
    import pyarrow as pa  # noqa: PLC0415 - nobody else pays for it

    types = {
        FieldType.FLOAT: pa.float64(),
        FieldType.INT: pa.int64(),
        FieldType.TEXT: pa.string(),
        FieldType.BOOL: pa.bool_(),
    }
    return types[kind]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
