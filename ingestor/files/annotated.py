"""The annotated CSV that InfluxDB's page downloads and its API answers, pivoted or not, as points."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ingestor.files.cells import Splitter, reader_of, shown, twice
from ingestor.files.records import Record, read_records
from ingestor.files.table import FileError, Reading, SeriesBook, Unreadable
from ingestor.files.textfile import TextFile
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType, Point, Value, type_of_value

_ANNOTATIONS = ("#datatype", "#group", "#default")
_KINDS = {
    "double": FieldType.FLOAT,
    "long": FieldType.INT,
    "unsignedLong": FieldType.INT,
    "boolean": FieldType.BOOL,
    "string": FieldType.TEXT,
}
_PASSED_OVER = {"", "result", "table", "_start", "_stop"}
_OF_HEADERS = frozenset({"result", "table"})
_TIME, _FIELD, _VALUE, _MEASUREMENT = "_time", "_field", "_value", "_measurement"


def is_annotated(line: str) -> bool:
    """Whether the first line of a file is one of InfluxDB's annotations."""
    return line.startswith(_ANNOTATIONS)


class _Table(NamedTuple):
    """Where everything stands in the records of a table; `field` and `value` are None where it is pivoted."""

    width: int
    defaults: list[str | None]
    time: int
    measurement: int | None
    field: int | None
    value: tuple[int, Callable[[str], Value]] | None
    tags: list[tuple[int, str]]
    fields: list[tuple[int, str, Callable[[str], Value]]]


def read_annotated(
    file: TextFile, *, bucket: str, measurement: str | None, times: TimeReader
) -> Iterator[Reading | Unreadable]:
    """The points of a file.

    Args:
        file: The file, entered.
        bucket: Where its readings go.
        measurement: Of all readings; None for what the file says.
        times: Reads the times.

    Raises:
        FileError: A table cannot be used, holds an error of InfluxDB, or the file is damaged.
    """
    book = SeriesBook(bucket)
    annotations: dict[str, list[str | None]] = {}
    table: _Table | None = None
    head: list[str] = []
    front = ""  # of what is rejected: the head of its table, where that is not the one of the file
    records = read_records(file, Splitter(","))
    for record in records:
        if isinstance(record, Unreadable):
            yield record._replace(raw=front + record.raw)
            continue
        first = record.cells[0] or ""
        if first in _ANNOTATIONS:
            if table is not None:
                annotations, table, head, front = {}, None, [], "\n"
            annotations[first] = record.cells
            head.append(record.raw)
        elif table is None:
            if _is_error(record):
                raise FileError(_what_broke(record, next(records, None)))
            table = _read_header(record, annotations, measurement)
            head.append(record.raw)
            front = front and "\n".join(["", *head, ""])
        elif _TIME in record.cells and _OF_HEADERS.issubset(record.cells):  # a header again
            if head[-1] != record.raw:
                raise FileError(f"line {record.at:,}: a table begins there without its #datatype")
        else:
            item = _read_row(record, table, book, measurement, times)
            yield item._replace(raw=front + item.raw) if front else item
    if table is None:
        raise FileError(f"line {file.at:,}: ends before the header of its table")


def _is_error(header: Record) -> bool:
    return "error" in header.cells and _TIME not in header.cells


def _what_broke(header: Record, row: Record | Unreadable | None) -> str:
    """What InfluxDB says where it could not go on."""
    cells = row.cells if isinstance(row, Record) else []
    at = header.cells.index("error")
    said = f": {cells[at]}" if at < len(cells) and cells[at] else ""
    return f"line {header.at:,}: InfluxDB broke off there with an error{said}"


def _read_header(record: Record, annotations: Mapping[str, list[str | None]], measurement: str | None) -> _Table:
    names = [cell or "" for cell in record.cells]
    width = len(names)
    kinds, groups, defaults = ((annotations.get(name) or [None] * width)[:width] for name in _ANNOTATIONS)
    if len(kinds) != width or "#datatype" not in annotations:
        raise FileError(f"line {record.at:,}: the header does not fit the #datatype before it")
    if _TIME not in names:
        raise FileError(f"line {record.at:,}: the table has no _time, so its rows are no readings")
    if _MEASUREMENT not in names and measurement is None:
        raise FileError(f"line {record.at:,}: the table has no _measurement: name it with --measurement")
    if (_FIELD in names) != (_VALUE in names):
        raise FileError(f"line {record.at:,}: the table has only one of _field and _value")
    if again := twice(name for name in names if name not in _PASSED_OVER):
        raise FileError(f"line {record.at:,}: two columns are called {shown(again)}")
    pivoted = _FIELD not in names
    special = {_TIME, _FIELD, _VALUE, _MEASUREMENT, *_PASSED_OVER}
    others = [(at, name) for at, name in enumerate(names) if name not in special]
    tags = [(at, name) for at, name in others if not pivoted or (at < len(groups) and groups[at] == "true")]
    fields = [(at, name, _reader(kinds[at], record.at)) for at, name in others if (at, name) not in tags]
    value = None if pivoted else (names.index(_VALUE), _reader(kinds[names.index(_VALUE)], record.at))
    return _Table(
        width,
        [*defaults, *[None] * (width - len(defaults))],
        names.index(_TIME),
        names.index(_MEASUREMENT) if _MEASUREMENT in names else None,
        None if pivoted else names.index(_FIELD),
        value,
        tags,
        fields,
    )


def _reader(kind: str | None, line: int) -> Callable[[str], Value]:
    if kind not in _KINDS:
        raise FileError(f"line {line:,}: values of type {kind or 'unknown'} cannot be stored")
    return reader_of(_KINDS[kind])


def _read_row(
    record: Record, table: _Table, book: SeriesBook, measurement: str | None, times: TimeReader
) -> Reading | Unreadable:
    at, raw, cells = record
    if len(cells) != table.width:
        return Unreadable(at, raw, f"has {len(cells)} cells; the header has {table.width}")
    cells = [default if cell is None else cell for cell, default in zip(cells, table.defaults, strict=True)]
    if "\r" in raw:  # InfluxDB makes these of line feeds, and leaves out all others
        cells = [cell and cell.replace("\r\n", "\n") for cell in cells]
    try:
        time_ns = times.read(cells[table.time] or "")
        fields = _values(cells, table)
    except ValueError as error:
        return Unreadable(at, raw, str(error))
    name = measurement or (cells[table.measurement] if table.measurement is not None else None)
    if not name or not fields:
        return Unreadable(at, raw, "has no value" if name else "names no measurement")
    tags = tuple((tag, text) for where, tag in table.tags if (text := cells[where]))
    types = tuple((field, type_of_value[type(value)]) for field, value in fields.items())
    return Reading(at, raw, Point(book.of(name, tags, types), time_ns, fields))


def _values(cells: list[str | None], table: _Table) -> dict[str, Value]:
    if table.value is None or table.field is None:
        return {name: _said(name, cells[at], read) for at, name, read in table.fields if cells[at] is not None}
    name = cells[table.field]
    if not name:
        raise ValueError("names no field")
    at, read = table.value
    return {name: _said(name, cells[at] or "", read)}  # there is a row: nothing in it is the empty text


def _said(name: str, text: str | None, read: Callable[[str], Value]) -> Value:
    try:
        return read(text or "")
    except ValueError as error:
        raise ValueError(f"{shown(name)}: {error}") from None
