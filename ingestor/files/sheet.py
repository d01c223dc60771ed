"""CSV files as points: our own, and those of other programs with a mapping of their columns."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from ingestor.files import commas
from ingestor.files.cells import Splitter, guess_type, have_commas, reader_of, separator_of, shown, twice
from ingestor.files.records import Record, read_records
from ingestor.files.table import Column, FileError, Reading, SeriesBook, Unreadable
from ingestor.files.textfile import TextFile
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType, Point, Series, Value

_LOOKED_AT = 1_000  # records, to find the types of columns
_LOOKED_AT_CHARACTERS = 16 * 2**20
_REMEMBERED = 20_000  # series
_LONE_RETURN = re.compile(r"\r(?!\n)")


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a file are, where the file does not say it itself.

    Attributes:
        time: The column of the time.
        tags: The columns that are tags.
        fields: The columns that are fields; None for all others.
        types: Of fields; those of others are guessed.
        measurement: Of all readings; None where the file says it.
    """

    time: str = commas.TIME
    tags: Sequence[str] = ()
    fields: Sequence[str] | None = None
    types: Mapping[str, FieldType] = field(default_factory=dict)
    measurement: str | None = None


class _Field(NamedTuple):
    """A column that is a field: where it stands, its name, and what reads its cells."""

    at: int
    name: str
    read: Callable[[str], Value]


class _Columns(NamedTuple):
    """Where everything stands in a record."""

    width: int
    time: int
    measurement: int | None
    tags: Sequence[tuple[int, str]]
    fields: Sequence[tuple[int, Column]]


def read_sheet(
    file: TextFile, *, bucket: str, roles: Roles, times: TimeReader, known: Mapping[str, FieldType]
) -> Iterator[Reading | Unreadable]:
    """The points of a file whose first line is a header.

    A cell that cannot be read leaves the rest of its reading.

    Args:
        file: The file, entered.
        bucket: Where its readings go.
        roles: What its columns are, where it does not say it itself.
        times: Reads the times.
        known: Types of fields that are not guessed: those of a model.

    Raises:
        FileError: The header cannot be used, or the file is damaged.
    """
    line = next((line for line in file.lines() if line.strip()), None)
    if line is None:
        raise FileError("there is no header: all lines are empty")
    file.give_back([line])
    records = read_records(file, Splitter(separator_of(line)))
    header = next(records)
    if isinstance(header, Unreadable):
        raise FileError(f"the header {header.reason}")
    _check_header(header.raw)
    headings = [cell or "" for cell in header.cells]
    columns = _own(headings)
    if columns is None:
        first = _first(records)
        columns = _foreign(headings, roles, {**known, **roles.types}, first)
        records = chain(first, records)
    if columns.measurement is None and roles.measurement is None:
        raise FileError("the file does not say which measurement its readings are: name it with --measurement")
    yield from _Sheet(columns, bucket=bucket, measurement=roles.measurement, times=times).read(records)


def _check_header(header: str) -> None:
    """Refuse what is no line of text, before columns get such names."""
    if "\0" in header:
        raise FileError("the header has NUL bytes in it: this is no text, or not in UTF-8")
    if _LONE_RETURN.search(header):
        raise FileError("the header has a carriage return in it: where that ends the lines, end them with line feeds")


def _first(records: Iterator[Record | Unreadable]) -> list[Record | Unreadable]:
    """Some records, of which the types are guessed."""
    found: list[Record | Unreadable] = []
    room = _LOOKED_AT_CHARACTERS
    while room > 0 and len(found) < _LOOKED_AT and (record := next(records, None)) is not None:
        found.append(record)
        room -= len(record.raw)
    return found


def _own(headings: Sequence[str]) -> _Columns | None:
    """The columns of a file that this program wrote; None where somebody else did."""
    found = [commas.read_heading(heading) for heading in headings]
    fields = [(at, column) for at, column in enumerate(found) if isinstance(column, Column)]
    if not fields or commas.TIME not in headings:
        return None
    tags = [(at, name) for at, name in enumerate(found) if isinstance(name, str)]
    measurement = headings.index(commas.MEASUREMENT) if commas.MEASUREMENT in headings else None
    strange = (
        heading
        for heading, what in zip(headings, found, strict=True)
        if what is None and heading not in {commas.TIME, commas.MEASUREMENT}
    )
    if (heading := next(strange, None)) is not None:
        raise FileError(f"the column {shown(heading)} has no type: write NAME:tag, or NAME:float as others have it")
    names = [column.name for _, column in fields]
    bare = [heading for heading, what in zip(headings, found, strict=True) if what is None]
    if "" in names or "" in (name for _, name in tags):
        raise FileError("a column has a type but no name")
    if again := twice(names) or twice(name for _, name in tags) or twice(bare):
        raise FileError(f"two columns are called {shown(again)}")
    return _Columns(len(headings), headings.index(commas.TIME), measurement, tags, fields)


def _foreign(
    headings: Sequence[str], roles: Roles, types: Mapping[str, FieldType], first: Sequence[Record | Unreadable]
) -> _Columns:
    """The columns of any other file, the types that nobody gave guessed from its first records."""
    for name in (roles.time, *roles.tags, *(roles.fields or ()), *roles.types):
        if name not in headings:
            listed = ", ".join(filter(None, headings))
            hint = ": say with --time which one is the time" if name == commas.TIME else ""
            raise FileError(f"there is no column {shown(name)} among {listed}{hint}")
    if again := twice(heading for heading in headings if heading):
        raise FileError(f"two columns are called {shown(again)}")
    place = {name: at for at, name in enumerate(headings)}
    taken = {roles.time, *roles.tags, ""}
    if roles.measurement is None:
        taken.add(commas.MEASUREMENT)
    names = [name for name in headings if name not in taken and (roles.fields is None or name in roles.fields)]
    if not names:
        raise FileError("no column is left that could be a field")
    fields = []
    for name in names:
        at = place[name]
        cells = [one.cells[at] for one in first if isinstance(one, Record) and at < len(one.cells)]
        if name not in types and have_commas(cells):
            raise FileError(
                f"column {shown(name)} has numbers with a comma: write them with a point, or say that it is text, "
                f"--field {name}=text"
            )
        fields.append((at, Column(name, types.get(name) or guess_type(cells))))
    own = roles.measurement is None and commas.MEASUREMENT in headings
    measurement = place[commas.MEASUREMENT] if own else None
    tags = [(place[name], name) for name in roles.tags]
    return _Columns(len(headings), place[roles.time], measurement, tags, fields)


class _Sheet:
    """Makes points of records."""

    def __init__(self, columns: _Columns, *, bucket: str, measurement: str | None, times: TimeReader) -> None:
        self._columns = columns
        self._measurement = measurement
        self._times = times
        units = {column.name: column.unit for _, column in columns.fields if column.unit}
        self._types = tuple((column.name, column.type) for _, column in columns.fields)
        self._fields = [_Field(at, column.name, reader_of(column.type)) for at, column in columns.fields]
        self._book = SeriesBook(bucket, units=units)
        self._series: dict[tuple[str | None, ...], Series] = {}

    def read(self, records: Iterator[Record | Unreadable]) -> Iterator[Reading | Unreadable]:
        """The points of records, and what in them is wrong."""
        for record in records:
            if isinstance(record, Unreadable):
                yield record
                continue
            at, raw, cells = record
            flaws: dict[str, str] = {}
            try:
                point = self._point(cells, flaws)
            except ValueError as error:
                yield Unreadable(at, raw, str(error))
                continue
            if flaws:
                why = "; ".join(f"{name}: {flaw}" for name, flaw in flaws.items())
                yield Unreadable(at, raw, why, tuple(flaws) if point.fields else ())
            if point.fields:
                yield Reading(at, raw, point)
            elif not flaws:
                yield Unreadable(at, raw, "has no value")

    def _point(self, cells: list[str | None], flaws: dict[str, str]) -> Point:
        width, time, measurement, tags, _ = self._columns
        if len(cells) != width:
            raise ValueError(f"has {len(cells)} cells; the header has {width}")
        key = cells[measurement] if self._measurement is None and measurement is not None else self._measurement
        if not key:
            raise ValueError("names no measurement")
        fields: dict[str, Value] = {}
        for at, name, read in self._fields:
            text = cells[at]
            if text is not None:
                try:
                    fields[name] = read(text)
                except ValueError as error:
                    flaws[name] = str(error)
        time_ns = self._times.read(cells[time] or "")
        return Point(self._series_of((key, *[cells[at] for at, _ in tags])), time_ns, fields)

    def _series_of(self, key: tuple[str | None, ...]) -> Series:
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= _REMEMBERED:
                self._series.clear()
            values = zip(self._columns.tags, key[1:], strict=True)
            tags = tuple((name, value) for (_, name), value in values if value)
            found = self._series[key] = self._book.of(key[0] or "", tags, self._types)
        return found
