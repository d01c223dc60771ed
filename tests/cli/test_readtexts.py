"""Times and values below each other."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from ingestor.cli.readtexts import cell_text, cell_texts, fitting, heading, number_texts, time_texts
from ingestor.files.table import Column
from ingestor.ports import FieldType
from tests.plot.samples import BERLIN, HOUR_NS, SECOND_NS, START_NS, time_ns


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([20.5, 21.25, None], ["20.50", "21.25", ""]),
        ([1, 2, 1_000], ["1", "2", "1,000"]),
        ([20.0, 3.0], ["20", "3"]),
        ([1 / 3, 2 / 3], ["0.3333", "0.6667"]),
        ([12_345.678, 0.5], ["12,346", "0"]),
        ([1e-9, 5.0], ["1e-09", "5"]),
        ([2**63, 1], ["9,223,372,036,854,775,808", "1"]),
        ([0.0, -0.5], ["0.0", "-0.5"]),
        ([], []),
    ],
)
def test_numbers_have_as_many_decimals_as_tell_something(values: Sequence[float | None], texts: list[str]) -> None:
    """All of a column as many."""
    assert number_texts(values) == texts


def test_times_are_as_precise_as_they_are() -> None:
    """Minutes, seconds or milliseconds."""
    assert time_texts([START_NS, START_NS + HOUR_NS], BERLIN) == ["2026-01-01 00:00", "2026-01-01 01:00"]
    assert time_texts([START_NS + SECOND_NS], BERLIN) == ["2026-01-01 00:00:01"]
    assert time_texts([START_NS, START_NS + 1_500_000], BERLIN) == [
        "2026-01-01 00:00:00.000",
        "2026-01-01 00:00:00.001",
    ]


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    """Where the clock is changed, times have their offset."""
    begin = time_ns(2026, 10, 25, 2)

    assert time_texts([begin, begin + HOUR_NS], BERLIN) == ["2026-10-25 02:00 +0200", "2026-10-25 02:00 +0100"]
    assert time_texts([begin, begin + HOUR_NS], ZoneInfo("UTC")) == ["2026-10-25 00:00", "2026-10-25 01:00"]


def test_texts_stay_on_their_line() -> None:
    """Whatever is in them, and however long they are."""
    assert cell_text("a\nb\x1b[0m") == r"a\nb\x1b[0m"
    assert len(cell_text("x" * 1_000)) == 40
    assert (cell_text(None), cell_text(value=True)) == ("", "true")


def test_a_field_is_shown_by_its_type() -> None:
    """With its unit in the heading."""
    assert heading(Column("flow", FieldType.FLOAT, "l/min")) == "flow l/min"
    assert cell_texts(Column("on", FieldType.BOOL), [True, None, False]) == ["true", "", "false"]
    assert cell_texts(Column("n", FieldType.INT), [1, None]) == ["1", ""]


@pytest.mark.parametrize("text", ["温室" * 20, "\U0001f345" * 30, "e\u0301" * 40, "x" * 50, "short", ""])
@pytest.mark.parametrize("columns", [1, 2, 9, 22])
def test_texts_fit_by_what_a_terminal_shows(text: str, columns: int) -> None:
    """Some letters take two columns, and some none."""
    assert cell_len(fitting(text, columns)) <= columns
    assert fitting("short", 22) == "short"
