"""What all formats have in common."""

import pytest

from ingestor.errors import IngestorError
from ingestor.files.table import Block, BlockPoints, Column, FileError, Layout, SeriesBook, block_of
from ingestor.ports import FieldType
from tests.files.samples import BLOCK, LAYOUT

FLOAT = (("t", FieldType.FLOAT),)


def test_a_book_gives_the_same_series_again() -> None:
    """Stores remember what they worked out for a series by its identity."""
    book = SeriesBook("Farm", units={"t": "°C", "u": "V"})
    first = book.of("climate", (("rack", "1"),), FLOAT)

    assert book.of("climate", (("rack", "1"),), FLOAT) is first
    assert book.of("climate", (("rack", "2"),), FLOAT) is not first
    assert book.of("climate", (("rack", "1"),), (("t", FieldType.INT),)) is not first
    assert (first.bucket, first.units, dict(first.types)) == ("Farm", {"t": "°C"}, {"t": FieldType.FLOAT})


def test_a_book_forgets_what_it_has_no_room_for() -> None:
    """A file with a million tags does not fill the memory."""
    book = SeriesBook("Farm")
    first = book.of("climate", (("rack", "first"),), FLOAT)
    for number in range(20_000):
        book.of("climate", (("rack", str(number)),), FLOAT)

    assert book.of("climate", (("rack", "first"),), FLOAT) is not first


def test_a_block_gives_points() -> None:
    """Of each reading the tags and values that it has; the series has the types of all fields."""
    points = BlockPoints(LAYOUT, SeriesBook("Farm")).points(BLOCK)

    assert [point.fields for point in points] == [
        {"count": -3, "on": True, "state": "", "temperature": 0.1 + 0.2},
        {"on": False, "temperature": 20.0},
        {"count": 2**63 - 1, "state": 'say "a\\b"\n, =', "temperature": -0.0},
    ]
    assert [point.series.tags for point in points] == [
        (("rack", "rack1"), ("room", "a, b")),
        (("rack", "rack2"),),
        (("room", "Küche"),),
    ]
    assert dict(points[1].series.types) == {column.name: column.type for column in LAYOUT.fields}


def test_readings_without_a_value_give_no_point() -> None:
    """A store takes no point without a field."""
    block = Block([1, 2], [], [[None, 2.0]])
    layout = Layout("m", (), (Column("t", FieldType.FLOAT),))

    assert [point.time_ns for point in BlockPoints(layout, SeriesBook("B")).points(block)] == [2]


def test_a_block_is_made_of_rows_and_counts_its_values() -> None:
    """Rows of time, tags and fields; there may be none."""
    block = block_of(LAYOUT, [(1, "r", None, 1, None, "x", None), (2, None, "k", 2, True, None, None)])

    assert block == Block([1, 2], [["r", None], [None, "k"]], [[1, 2], [None, True], ["x", None], [None, None]])
    assert block.counts == (2, 1, 1, 0)
    assert block_of(LAYOUT, []).counts == (0, 0, 0, 0)


def test_filled_leaves_out_readings_without_a_value() -> None:
    """With some fields chosen, there are readings that have none of them."""
    block = Block([1, 2, 3], [["a", "b", "c"]], [[None, 1.0, None], [None, None, 2]])

    assert block.filled() == Block([2, 3], [["b", "c"]], [[1.0, None], [None, 2]])
    assert BLOCK.filled() is BLOCK


def test_an_error_of_a_file_is_one_for_people() -> None:
    """The command line says it in a line, without a traceback."""
    with pytest.raises(IngestorError, match="no"):
        raise FileError("no")
