"""Line protocol files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.files.lineprotocol import LineParser
from ingestor.files.lines import LineWriter, read_lines
from ingestor.files.table import Block, BlockPoints, Column, Layout, SeriesBook
from ingestor.files.textfile import MAX_LINE
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType, Point
from tests.files.samples import BLOCK, LAYOUT, plain, taken, text_file


def read(folder: Path, text: str) -> tuple[list[Point], list[tuple[int, str]]]:
    """The points of a file with that text, and what is wrong in it."""
    with text_file(folder, text) as file:
        return taken(read_lines(file, LineParser(SeriesBook("B"), TimeReader(precision="ns"))))


def test_comments_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    """Other line ends do no harm, and the last line needs none."""
    points, wrong = read(tmp_path, "# a comment\n\nm f=1 1\r\n  \n  # another\nm f=2 2")

    assert [point.time_ns for point in points] == [1, 2]
    assert wrong == []


def test_a_bad_line_harms_no_other(tmp_path: Path) -> None:
    """It is named with its number."""
    points, wrong = read(tmp_path, "m f=1 1\nm f=x 2\nm f=3 3\n")

    assert [point.time_ns for point in points] == [1, 3]
    assert [at for at, _ in wrong] == [2]


def test_texts_go_on_over_lines(tmp_path: Path) -> None:
    """Line protocol takes line breaks in texts as they are."""
    points, wrong = read(tmp_path, 'm f="a\nb=\\"c\r\n",g="\n\n" 1\nm f=2 2\n')

    assert points[0].fields == {"f": 'a\nb="c\r\n', "g": "\n\n"}
    assert points[1].time_ns == 2
    assert wrong == []


def test_a_text_that_never_ends_swallows_nothing(tmp_path: Path) -> None:
    """Only its first line is refused: the lines after it are read as lines."""
    points, wrong = read(tmp_path, 'm f="open 1\nm f=2 2\nm f="x" 3\nm f="open 4\nm f=5 5\n')

    assert [point.time_ns for point in points] == [2, 3, 5]
    assert [at for at, _ in wrong] == [1, 4]


@given(st.lists(st.sampled_from(['m f="', '"', "m f=1 1", "\\", "x", '",g="', " 1"]), max_size=12))
def test_however_quotes_stand_good_lines_are_not_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    """Each line is in a point, or refused, and a good line at the end after a blank one is always read."""
    points, _ = read(tmp_path_factory.mktemp("lines"), "\n".join([*lines, '"" ""', "m f=1 77"]))

    assert points[-1].time_ns == 77


def test_lines_that_are_not_to_be_read_are_told(tmp_path: Path) -> None:
    """Of another encoding, or too long, also inside of a text that goes on over lines."""
    long = "x" * MAX_LINE + '" 2'
    points, wrong = read(tmp_path, f'm,a=K\udcfc f=1 1\nm f="{long}\nm f="a\n\udcfc" 3\nm f="a\n{long}\nm f=1 4\n')

    assert [point.time_ns for point in points] == [4]
    assert [(at, why.partition(":")[0]) for at, why in wrong] == [
        (1, "is not in UTF-8"),
        (2, "is longer than 4,194,304 characters"),
        (3, "field 'f' has a text without an end"),
        (4, "is not in UTF-8"),
        (5, "field 'f' has a text without an end"),
        (6, "is longer than 4,194,304 characters"),
    ]


def test_many_texts_without_an_end_take_no_time(tmp_path: Path) -> None:
    """Each looks ahead, and none of them far."""
    points, wrong = read(tmp_path, 'm f="open 1\n",g="\n' * 2_000 + "m f=1 1\n")

    assert len(points) == 1
    assert len(wrong) == 4_000


def test_blocks_are_written_as_lines_that_are_read_again(tmp_path: Path) -> None:
    """Values and types; line protocol has no units."""
    text, refused, _ = LineWriter(LAYOUT, SeriesBook("")).encode(BLOCK)
    points, wrong = read(tmp_path, text)

    assert (refused, wrong) == (0, [])
    assert plain(points) == plain(BlockPoints(LAYOUT, SeriesBook("B")).points(BLOCK))


def test_what_line_protocol_cannot_carry_is_counted(tmp_path: Path) -> None:
    """By values, with the first reason; the rest is written."""
    layout = Layout("m", ("t",), (Column("f", FieldType.FLOAT), Column("g", FieldType.FLOAT)))
    block = Block([1, 2, 3], [["a", "b\nc", "d"]], [[1.0, 2.0, float("inf")], [1.0, 2.0, 3.0]])

    text, refused, why = LineWriter(layout, SeriesBook("")).encode(block)

    assert text == "m,t=a f=1.0,g=1.0 1\nm,t=d g=3.0 3\n"
    assert refused == 3
    assert "has a line break" in why
    assert read(tmp_path, text)[1] == []
