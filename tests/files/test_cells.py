"""Cells of CSV."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.files.cells import Splitter, guess_type, reader_of, separator_of, shown, twice
from ingestor.ports import FieldType, Value


def test_nothing_and_the_empty_text_are_told_apart() -> None:
    """No quotes are nothing, two are the empty text."""
    assert Splitter(",").split('a,,"",x') == ["a", None, "", "x"]
    assert Splitter(",").split(",") == [None, None]
    assert Splitter(",").split('""') == [""]


def test_quotes_hold_separators_line_breaks_and_quotes() -> None:
    """As all programs write them; blanks around quotes do not count."""
    assert Splitter(",").split('"a,b","say ""x""", "c\nd" ,e') == ["a,b", 'say "x"', "c\nd", "e"]
    assert Splitter(";").split('"a;b";c,d') == ["a;b", "c,d"]


@pytest.mark.parametrize("line", ['a"b', '"a"b', '"a', '"a","b', 'a,"b"c'])
def test_wrong_quotes_are_not_guessed_at(line: str) -> None:
    """Whoever wrote them meant something else."""
    assert Splitter(",").split(line) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1), min_size=1))
def test_what_pythons_own_writer_writes_is_read(cells: list[str]) -> None:
    """Any texts."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)

    assert Splitter(",").split(written.getvalue()) == cells


@pytest.mark.parametrize(("line", "separator"), [("a,b", ","), ("a;b;c,d", ";"), ("a\tb", "\t"), ("a", ",")])
def test_the_separator_is_what_occurs_most(line: str, separator: str) -> None:
    """Spreadsheets of some countries write semicolons."""
    assert separator_of(line) == separator


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", None, "-1e3"], FieldType.FLOAT),
        (["20"], FieldType.FLOAT),
        (["true", "False", None], FieldType.BOOL),
        (["1", "on"], FieldType.TEXT),
        (["nan"], FieldType.TEXT),
        ([None], FieldType.TEXT),
    ],
)
def test_types_are_guessed(cells: list[str | None], kind: FieldType) -> None:
    """Numbers are floats, also whole ones: the next sensor has a decimal."""
    assert guess_type(cells) is kind


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldType.FLOAT, "20", 20.0),
        (FieldType.FLOAT, "-1.5E-3", -0.0015),
        (FieldType.INT, "-9223372036854775808", -(2**63)),
        (FieldType.BOOL, "TRUE", True),
        (FieldType.BOOL, "f", False),
        (FieldType.TEXT, "20", "20"),
    ],
)
def test_cells_are_read_by_the_type_of_their_column(kind: FieldType, text: str, value: Value) -> None:
    """And give values of just that type."""
    read = reader_of(kind)(text)

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldType.FLOAT, "nan"),
        (FieldType.FLOAT, "inf"),
        (FieldType.FLOAT, "1e999"),
        (FieldType.FLOAT, "1_000"),
        (FieldType.FLOAT, "1,5"),
        (FieldType.FLOAT, "٣"),
        (FieldType.INT, "1.0"),
        (FieldType.INT, "9223372036854775808"),
        (FieldType.INT, "9" * 5_000),
        (FieldType.BOOL, "yes"),
    ],
)
def test_cells_of_another_type_are_refused(kind: FieldType, text: str) -> None:
    """What Python would take for a number is not always one; what is shown of it is short."""
    with pytest.raises(ValueError, match=r"is no finite number|is no whole number|is neither true nor false") as told:
        reader_of(kind)(text)

    assert len(str(told.value)) < 100


def test_the_first_name_that_occurs_twice() -> None:
    """None where all differ."""
    assert twice(["a", "b", "a", "b"]) == "a"
    assert twice(["a", "b"]) is None


def test_long_texts_are_shown_short() -> None:
    """With a sign that there is more."""
    assert shown("x" * 100) == repr("x" * 40 + "…")
