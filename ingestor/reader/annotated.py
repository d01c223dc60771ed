"""Annotated CSV, as Flux answers and as InfluxDB's pages download it, to Arrow. Pure: bytes in, batches out.

An answer is a row of blocks. A block begins with annotations and a header, and has rows of these columns, of one table
or of several. Rows are read by Arrow; this module finds the borders between them, which may lie anywhere in what comes
from a server, and which look the same inside of a text in quotes.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.csv as pc

UTC_NS = pa.timestamp("ns", tz="UTC")

_TYPES = {
    "long": pa.int64(),
    "unsignedLong": pa.uint64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "dateTime": UTC_NS,
}
"""By what stands before a colon in #datatype; all else is text."""
_REPEATED = pa.dictionary(pa.int32(), pa.string())


class AnnotatedError(ValueError):
    """This is no annotated CSV, or it ends in the middle of a row."""


class FluxError(Exception):
    """The server says in its answer that it cannot go on; the text is its own."""


class Column(NamedTuple):
    """A column of a block: its name, its annotations."""

    name: str
    datatype: str = "string"
    group: bool = False
    default: str = ""

    @property
    def type(self) -> pa.DataType:
        """Of Arrow. A text that is the same in a whole table (its key, the name of the result) is a dictionary's."""
        found = _TYPES.get(self.datatype.partition(":")[0])
        if found is not None:
            return found
        return _REPEATED if self.group or self.default else pa.string()


class Rows(NamedTuple):
    """Some rows of a block, in order.

    The names of columns need not differ: `columns` and those of the batch have the same places. A cell without
    anything in it has the column's default; where that is empty too, it is null. A text in quotes is never null.
    """

    columns: Sequence[Column]
    batch: pa.RecordBatch


class AnnotatedParser:
    """Takes an answer piece by piece, cut anywhere; keeps no more of it than the row that is not complete yet.

    Pieces of about a MiB are read fastest: each gives a batch at most, as far as no other block begins in it.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._annotations: dict[str, Sequence[str]] = {}
        self._columns: Sequence[Column] = ()

    def feed(self, data: bytes) -> list[Rows]:
        """The rows that are complete with this.

        Raises:
            FluxError: The answer has a table of an error.
            AnnotatedError: It cannot be read.
        """
        return list(self._parse(self._rest + data))

    def close(self) -> list[Rows]:
        """The last row, where no line end follows it; see `feed` for what is raised."""
        if self._rest.count(b'"') % 2:
            raise AnnotatedError("it ends within a text")
        found = list(self._parse(self._rest + b"\n"))
        if self._annotations:
            raise AnnotatedError("it ends within the head of a table")
        return found

    def _parse(self, data: bytes) -> Iterator[Rows]:
        at = 0
        while at < len(data):
            if self._columns:
                border = _next_block(data, at)
                end = _after_last_row(data, at) if border is None else border
                yield from self._rows(data[at:end])
                at = end
                if border is None:
                    break
                self._columns = ()
            elif not (end := _after_first_row(data, at)):
                break
            else:
                self._head(data[at:end])
                at = end
        self._rest = data[at:]

    def _head(self, line: bytes) -> None:
        """Take an annotation or the header; lines without anything in them stand between blocks."""
        cells = _cells(line)
        if not cells:
            return
        if cells[0].startswith("#"):
            self._annotations[cells[0].removeprefix("#")] = cells[1:]
            return
        names, annotations, self._annotations = cells[1:], self._annotations, {}
        datatypes = annotations.get("datatype", ["string"] * len(names))
        groups = annotations.get("group", ["false"] * len(names))
        defaults = annotations.get("default", [""] * len(names))
        if cells[0] or not len(names) == len(datatypes) == len(groups) == len(defaults) or not names:
            raise AnnotatedError("a table has no header that fits its annotations")
        self._columns = [
            Column(name, datatype, group == "true", default)
            for name, datatype, group, default in zip(names, datatypes, groups, defaults, strict=True)
        ]

    def _rows(self, data: bytes) -> Iterator[Rows]:
        if not data.strip():
            return
        batch = _read(data, self._columns)
        if [column.name for column in self._columns] == ["error", "reference"]:
            raise FluxError(batch.column(0)[0].as_py() or "an error without words")
        if batch.num_rows:
            yield Rows(self._columns, batch)


def _read(data: bytes, columns: Sequence[Column]) -> pa.RecordBatch:
    names = [str(place) for place in range(len(columns))]
    try:
        table = pc.read_csv(
            pa.BufferReader(data),
            read_options=pc.ReadOptions(
                column_names=["annotation", *names], block_size=len(data) + 1, use_threads=False
            ),
            parse_options=pc.ParseOptions(newlines_in_values=b'"' in data),
            convert_options=pc.ConvertOptions(
                include_columns=names,
                column_types={name: column.type for name, column in zip(names, columns, strict=True)},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
            memory_pool=pa.system_memory_pool(),  # Arrow's own keeps more of what is freed
        ).combine_chunks()
        arrays = [
            _filled(table.column(name), column) if column.default else table.column(name)
            for name, column in zip(names, columns, strict=True)
        ]
    except pa.ArrowInvalid as error:
        raise AnnotatedError(f"a row does not fit its columns: {error}") from error
    schema = pa.schema([pa.field(column.name, column.type) for column in columns])
    flat = [array.chunk(0) if array.num_chunks else pa.array([], array.type) for array in arrays]
    return pa.RecordBatch.from_arrays(flat, schema=schema)


def _filled(cells: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """A column with its default in the cells that are empty."""
    if not cells.null_count:
        return cells
    if column.type == _REPEATED:
        if cells.null_count == len(cells):
            return pa.chunked_array([pa.DictionaryArray.from_arrays(
                pa.array([0], pa.int32()).take(pa.repeat(0, len(cells))), pa.array([column.default])
            )])  # fmt: skip
        return cells.cast(pa.string()).fill_null(column.default).dictionary_encode().cast(_REPEATED)
    default = _read(f',"{column.default}"'.encode(), [column._replace(default="")]).column(0)[0]
    return cells.fill_null(default)


def _next_block(data: bytes, start: int) -> int | None:
    """Where the annotations of another block begin: a row never begins with #."""
    at, counted, quotes = start, start, 0
    while (at := data.find(b"#", at)) >= 0:
        if at == start or data[at - 1] == _NEWLINE:
            quotes += data.count(b'"', counted, at)
            counted = at
            if quotes % 2 == 0:
                return at
        at += 1
    return None


def _after_last_row(data: bytes, start: int) -> int:
    """Where the last complete row ends; at `start` where none is complete."""
    end, quotes = len(data), data.count(b'"', start)
    while (newline := data.rfind(b"\n", start, end)) >= 0:
        quotes -= data.count(b'"', newline, end)
        if quotes % 2 == 0:
            return newline + 1
        end = newline
    return start


def _after_first_row(data: bytes, start: int) -> int:
    """Where the first row ends; 0 where it is not complete."""
    end, quotes = start, 0
    while (newline := data.find(b"\n", end)) >= 0:
        quotes += data.count(b'"', end, newline)
        if quotes % 2 == 0:
            return newline + 1
        end = newline + 1
    return 0


_NEWLINE = ord("\n")


def _cells(line: bytes) -> Sequence[str]:
    """The cells of an annotation or a header; none of an empty line."""
    try:
        (*cells,) = csv.reader([line.decode().rstrip("\r\n")], strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise AnnotatedError(f"a header cannot be read: {error}") from error
    return cells[0] if cells else ()
