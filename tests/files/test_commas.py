"""CSV as this program writes it."""

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.files import commas
from ingestor.files.sheet import Roles, read_sheet
from ingestor.files.table import Block, BlockPoints, Column, Layout, SeriesBook
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType
from tests.files.samples import BLOCK, LAYOUT, blocks, plain, taken, text_file

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


def test_a_file_reads_well() -> None:
    """One header with types and units; times in UTC; nothing for what is not there."""
    text = commas.header(LAYOUT) + commas.encode(LAYOUT, BLOCK)

    assert text == (
        "time,measurement,rack:tag,room:tag,count:int,on:bool,state:text,temperature:float:°C\n"
        '2023-11-14T22:13:20.000000001Z,climate,rack1,"a, b",-3,true,"",0.30000000000000004\n'
        "2023-11-14T22:13:20.000000002Z,climate,rack2,,,false,,20.0\n"
        '1969-12-31T23:59:59.999999999Z,climate,,Küche,9223372036854775807,,"say ""a\\b""\n, =",-0.0\n'
    )


def test_other_programs_read_it_as_it_is(tmp_path: Path) -> None:
    """Python's csv and polars, without any option."""
    file = tmp_path / "climate.csv"
    file.write_text(commas.header(LAYOUT) + commas.encode(LAYOUT, BLOCK), encoding="utf-8")

    assert len(list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))) == 3
    frame = pl.read_csv(file, try_parse_dates=True)
    assert frame["count:int"].to_list() == [-3, None, 2**63 - 1]
    assert frame["on:bool"].to_list() == [True, False, None]
    assert frame["temperature:float:°C"].to_list() == [0.1 + 0.2, 20.0, -0.0]


@given(blocks())
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, block: Block) -> None:
    """Any readings give the same points: times, tags, values, types and units."""
    text = commas.header(LAYOUT) + commas.encode(LAYOUT, block)
    units = {"temperature": "°C"}

    with text_file(tmp_path_factory.mktemp("csv"), text) as file:
        points, wrong = taken(read_sheet(file, bucket="B", roles=Roles(), times=TimeReader(), known={}))

    assert wrong == []
    assert plain(points) == plain(BlockPoints(LAYOUT, SeriesBook("B", units=units)).points(block))


@given(NAMES, st.sampled_from(FieldType), st.none() | NAMES)
def test_headings_are_read_again(name: str, kind: FieldType, unit: str | None) -> None:
    """Also names and units with colons and backslashes in them."""
    column = Column(name, kind, unit)
    (heading,) = next(csv.reader(io.StringIO(commas.header(Layout("m", (), (column,))), newline="")))[2:]

    assert commas.read_heading(heading) == column


@given(NAMES)
def test_headings_of_tags_are_read_again(name: str) -> None:
    """Any name."""
    heading = next(csv.reader(io.StringIO(commas.header(Layout("m", (name,), ())), newline="")))[2]

    assert commas.read_heading(heading) == name


@pytest.mark.parametrize(
    "heading", ["", "time", "temperature", "a:b", "a:b:c", "a:float:b:c", "a:tag:b", "a:float:", ":"]
)
def test_other_headings_are_none_of_ours(heading: str) -> None:
    """A heading of another program, or one that somebody changed."""
    assert not isinstance(commas.read_heading(heading), str)
    assert commas.read_heading(heading) in {None, Column("a", FieldType.FLOAT, "")}


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        (None, ""),
        ("", '""'),
        ("a b", "a b"),
        (" a", '" a"'),
        ("a;b", '"a;b"'),
        ('"', '""""'),
        ("#1", '"#1"'),
        ("a\rb", '"a\rb"'),
    ],
)
def test_cells_are_quoted_where_that_is_needed(text: str | None, cell: str) -> None:
    """For any spreadsheet."""
    assert commas.cell(text) == cell
