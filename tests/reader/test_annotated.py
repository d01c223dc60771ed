"""Annotated CSV to Arrow: any blocks, cut anywhere, are what a slow reader makes of them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.reader.annotated import UTC_NS, AnnotatedError, AnnotatedParser, FluxError, Rows
from tests.reader.annotatedcsv import Block, Cell, understood, written

HEAD = (
    "#datatype,string,long,dateTime:RFC3339,double,string\r\n"
    "#group,false,false,false,false,true\r\n"
    "#default,_result,,,,\r\n"
    ",result,table,_time,_value,rack\r\n"
)
ERROR = (
    "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n"
    ',"runtime error: map: failed, ""boom""",\r\n'
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', "\r\n\r\n#datatype,", "\n#", "#", ",", "a\nb", "\r\n", '""', ",error,reference"]
)
names = st.sampled_from(["_value", "rack", "table", 'odd "name"', "with, comma"])
values: dict[str, st.SearchStrategy[Cell]] = {
    "string": st.none() | texts,
    "long": st.none() | st.integers(-(2**63), 2**63 - 1).map(str),
    "unsignedLong": st.none() | st.integers(0, 2**64 - 1).map(str),
    "double": st.none() | st.floats(allow_nan=False).map(repr) | st.sampled_from(["+Inf", "-Inf", "2", "1e+06"]),
    "boolean": st.none() | st.sampled_from(["true", "false"]),
    "dateTime:RFC3339": st.none() | st.sampled_from(["1970-01-01T00:00:00Z", "2026-01-31T08:00:00.123456789Z"]),
}
"""What may stand in a cell of each type."""

from_text: dict[str, Callable[[str], object]] = {
    "string": str, "long": int, "unsignedLong": int, "double": float,
    "boolean": lambda text: text == "true",
    "dateTime:RFC3339": lambda text: 1_769_846_400_123_456_789 if text.startswith("2026") else 0,
}  # fmt: skip


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Any columns, and rows to fit them; a default where there may be one."""
    columns = []
    for _ in range(draw(st.integers(1, 4))):
        datatype = draw(st.sampled_from(list(values)))
        default = draw(values[datatype].map(lambda cell: cell or "")) if draw(st.booleans()) else ""
        group = draw(st.booleans())
        columns.append((draw(names), datatype, group, default))
    rows = st.lists(st.tuples(*(values[datatype] for _, datatype, _, _ in columns)), max_size=6)
    return Block(columns, draw(rows))


def parsed(data: bytes, sizes: Iterable[int] = ()) -> list[Rows]:
    """What the parser gives for data in pieces of these sizes, and the rest in one."""
    parser = AnnotatedParser()
    found: list[Rows] = []
    at = 0
    for size in sizes:
        found += parser.feed(data[at : at + size])
        at += size
    return [*found, *parser.feed(data[at:]), *parser.close()]


def until_error(data: bytes, size: int) -> tuple[list[Rows], str]:
    """What comes of data in pieces of this size before the server's error, and the error."""
    parser = AnnotatedParser()
    found: list[Rows] = []
    try:
        for start in range(0, len(data), size):
            found += parser.feed(data[start : start + size])
    except FluxError as error:
        return found, str(error)
    raise AssertionError("no error")


def plain(found: Sequence[Rows]) -> list[tuple[list[str], list[list[object]]]]:
    """Names and rows of each block, with times in nanoseconds."""
    merged = []
    for _, parts in groupby(found, key=lambda rows: id(rows.columns)):
        rows: list[list[object]] = []
        for part in parts:
            arrays = part.batch.columns
            numbers = [array.view(pa.int64()) if array.type == UTC_NS else array for array in arrays]
            rows += [list(row) for row in zip(*(array.to_pylist() for array in numbers), strict=True)]
        merged.append(([column.name for column in part.columns], rows))
    return merged


@given(st.lists(blocks(), max_size=4), st.lists(st.integers(0, 40), max_size=30), st.sampled_from(["\r\n", "\n"]),
       st.permutations("dgD"))  # fmt: skip
def test_any_blocks_in_any_pieces(some: list[Block], sizes: list[int], line_end: str, order: list[str]) -> None:
    """Whatever the columns, values, quotes, line ends and cuts are: rows and types are those that were written."""
    text = written(some, line_end=line_end, order="".join(order))
    found = parsed(text.encode(), sizes)

    expected = []
    with_rows = [block for block in some if block.rows]
    for block, (names_of, cells) in zip(with_rows, understood(text), strict=True):
        kinds = [from_text[datatype] for _, datatype, _, _ in block.columns]
        expected.append((names_of, [
            [None if cell is None else kind(cell) for kind, cell in zip(kinds, row, strict=True)] for row in cells
        ]))  # fmt: skip
    assert plain(found) == expected


@given(st.lists(blocks(), min_size=1, max_size=3), st.integers(1, 200))
def test_an_error_at_the_end_is_raised_after_what_came_before(some: list[Block], size: int) -> None:
    """Rows before it are handed out, and the server's words are in the error."""
    data = (written(some) + "\r\n" + ERROR).encode()
    found, words = until_error(data, size)

    last = (len(data) - 1) // size * size
    assert words == 'runtime error: map: failed, "boom"'
    assert plain(found) == plain(AnnotatedParser().feed(data[:last]))


def test_types_are_those_of_the_annotations() -> None:
    """Numbers, times and truth values by #datatype; texts that are the same in a whole table as dictionaries."""
    (rows,) = parsed((HEAD + ",,0,2026-01-31T08:00:00.5Z,2,rack1\r\n").encode())

    repeated = pa.dictionary(pa.int32(), pa.string())
    assert rows.batch.schema.types == [repeated, pa.int64(), UTC_NS, pa.float64(), repeated]
    assert [column.group for column in rows.columns] == [False, False, False, False, True]
    assert rows.batch.column(0).to_pylist() == ["_result"]


def test_an_empty_text_in_quotes_is_not_a_missing_one() -> None:
    """Nothing in a cell is null, and two quotes are an empty text."""
    head = "#datatype,string,string\r\n#group,false,false\r\n#default,,\r\n,a,b\r\n"
    (rows,) = parsed((head + ',"",\r\n').encode())

    assert rows.batch.to_pylist() == [{"a": "", "b": None}]


@pytest.mark.parametrize("text", ["", "\r\n", "\r\n\r\n", HEAD, HEAD + "\r\n"])
def test_an_answer_without_rows_gives_none(text: str) -> None:
    """Neither nothing, nor an empty line, nor a head alone has rows."""
    assert parsed(text.encode()) == []


def test_a_last_row_needs_no_line_end() -> None:
    """It is read when it is known that nothing follows."""
    (rows,) = parsed((HEAD + ",,0,2026-01-31T08:00:00Z,2,rack1").encode())

    assert rows.batch.num_rows == 1


def test_without_annotations_all_is_text() -> None:
    """A header that nothing is said about has columns of texts."""
    (rows,) = parsed(b",a,b\r\n,1,x\r\n")

    assert rows.batch.to_pylist() == [{"a": "1", "b": "x"}]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ",,zero,2026-01-31T08:00:00Z,2,rack1\r\n",
        HEAD + ",,0,2026-01-31T08:00:00Z\r\n",
        HEAD + ',,0,2026-01-31T08:00:00Z,2,"rack1',
        HEAD.replace(",rack", ""),
        HEAD[: HEAD.index(",result")],
        '{"code": "invalid"}',
        "<!doctype html>\r\n<html></html>\r\n",
    ],
    ids=["a number that is none", "too short a row", "an open quote", "too few names", "half a head", "JSON", "a page"],
)
def test_what_is_no_annotated_csv_is_refused(text: str) -> None:
    """It raises instead of giving something odd."""
    with pytest.raises(AnnotatedError):
        parsed(text.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    """In a header as in a row."""
    for data in (b"#datatype,\xff\r\n,a\r\n", HEAD.encode() + b",,0,2026-01-31T08:00:00Z,2,\xff\r\n"):
        with pytest.raises(AnnotatedError):
            parsed(data)


def test_what_is_kept_is_one_row_at_most() -> None:
    """However long an answer is, the parser holds on to nothing but the row that is not complete."""
    row = b",,0,2026-01-31T08:00:00Z,2,rack1\r\n"
    parser = AnnotatedParser()
    parser.feed(HEAD.encode() + row[:9])
    found = [rows.batch.num_rows for _ in range(100) for rows in parser.feed(row[9:] + row * 99 + row[:9])]

    assert found == [100] * 100
    assert len(parser._rest) == 9
