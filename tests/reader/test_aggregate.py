"""What the reader itself makes of an answer: order, differences, rates, and what is put into empty windows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import FieldType
from ingestor.reader import aggregate
from ingestor.reader.aggregate import derive, fill, in_order
from ingestor.reader.question import QuestionError
from ingestor.reader.shape import Column
from ingestor.reader.source import FieldInfo

SECOND = 10**9


def table(rows: Sequence[Sequence[object]], *names: str, of: pa.DataType | None = None) -> pa.Table:
    """Rows of time, rack and values; times in seconds."""
    columns = list(zip(*rows, strict=True)) or [()] * (2 + len(names))
    times = pa.array([time * SECOND for time in columns[0]], pa.int64()).cast(pa.timestamp("ns", "UTC"))
    values = [pa.array(values, of) for values in columns[2:]]
    values = [array.cast(pa.string()) if pa.types.is_null(array.type) else array for array in values]
    return pa.table([times, pa.array(columns[1], pa.string()), *values], names=["time", "rack", *names])


def listed(of: pa.Table) -> list[tuple[object, ...]]:
    """Its rows; times in seconds."""
    times = [time // SECOND for time in of["time"].cast(pa.int64()).to_pylist()]
    return list(zip(times, *(of[name].to_pylist() for name in of.column_names[1:]), strict=True))


def changed(rows: Sequence[Sequence[object]], function: str, kind: FieldType = FieldType.INT) -> list[object]:
    """What a function makes of the last values of windows."""
    column = Column("v", FieldInfo("v", kind), function)
    of = pa.int64() if kind is FieldType.INT else pa.float64()
    found: list[object] = derive(table(rows, "v", of=of), ["rack"], [(column, "v")])["v"].to_pylist()
    return found


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from(["a", "b", "ä", "", None]), st.sampled_from(["x", "", None])),
        max_size=60,
    )
)
def test_order(rows: list[tuple[int, str | None, str | None]]) -> None:
    """Rows stand by tags, those without a tag behind, and by time; those that are equal keep their order."""
    given_rows = [(*row, at) for at, row in enumerate(rows)]
    found = in_order(table(given_rows, "level", "v"), ["rack", "level"])
    expected = sorted(given_rows, key=lambda row: (row[1] is None, row[1] or "", row[2] is None, row[2] or "", row[0]))

    assert listed(found) == expected


def test_order_of_more_tags_than_fit_into_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many values tags have together, the order is theirs."""
    monkeypatch.setattr(aggregate, "_MOST_NUMBERS", 5)
    rows = [(1, rack, level, 0) for level in "dcba" for rack in "zyx"]
    found = in_order(table(rows, "level", "v"), ["rack", "level"])

    assert [(row[1], row[2]) for row in listed(found)] == sorted((row[1], row[2]) for row in rows)


def test_a_table_in_order_is_not_copied() -> None:
    """It comes back as it is."""
    given_table = table([(1, "a", 1), (2, "a", 2), (1, "b", 3)], "v")

    assert in_order(given_table, ["rack"]) is given_table


def test_difference() -> None:
    """Each value is compared with the one before it in its series; the first has none, and gaps are passed over."""
    rows = [(0, "a", 1), (1, "a", 4), (2, "a", None), (3, "a", 2), (0, "b", 100), (1, "b", 101)]

    assert changed(rows, "difference") == [None, 3, None, -2, None, 1]


def test_rate() -> None:
    """The same by the second, between the beginnings of the windows."""
    rows = [(0, "a", 1), (10, "a", 4), (20, "a", None), (40, "a", 2)]

    assert changed(rows, "rate") == [None, 0.3, None, pytest.approx(-2 / 30)]


def test_differences_of_large_numbers() -> None:
    """They are exact, and an error where 64 bits cannot tell them."""
    most = 2**63 - 1

    assert changed([(0, "a", most - 1), (1, "a", most)], "difference") == [None, 1]
    with pytest.raises(QuestionError, match="further apart than an integer of 64 bits can tell"):
        changed([(0, "a", most), (1, "a", -most)], "difference")


def test_difference_of_nothing() -> None:
    """Of no rows no rows are made."""
    assert changed([], "difference") == []
    assert changed([(0, "a", None)], "rate") == [None]


ROWS = [(1, "a", 1), (3, "a", 4), (2, "b", 7), (4, None, 9)]
FILLED: Mapping[Any, Mapping[str | None, list[object]]] = {
    "null": {"a": [None, 1, None, 4, None], "b": [None, None, 7, None, None], None: [None, None, None, None, 9]},
    "previous": {"a": [None, 1, 1, 4, 4], "b": [None, None, 7, 7, 7], None: [None, None, None, None, 9]},
    "linear": {"a": [None, 1, 2.5, 4, None], "b": [None, None, 7, None, None], None: [None, None, None, None, 9]},
    0: {"a": [0, 1, 0, 4, 0], "b": [0, 0, 7, 0, 0], None: [0, 0, 0, 0, 9]},
    2.5: {"a": [None, 1, None, 4, None], "b": [None, None, 7, None, None], None: [None, None, None, None, 9]},
}


@pytest.mark.parametrize("how", FILLED)
def test_fill(how: Any) -> None:  # noqa: ANN401 - one of several types
    """Each series gets a row for each window, and nothing from another series."""
    filled = fill(table(ROWS, "v"), ["rack"], windows=[at * SECOND for at in range(5)], how=how)

    assert listed(filled) == [
        (at, rack, value) for rack, values in FILLED[how].items() for at, value in enumerate(values)
    ]


def test_fill_of_other_types() -> None:
    """Texts and truth values are never made up; those before are taken where that was asked for."""
    of = table([(0, "a", "x", True), (2, "a", "y", False)], "text", "on")
    windows = [0, SECOND, 2 * SECOND]

    assert [row[2:] for row in listed(fill(of, ["rack"], windows=windows, how=0))][1] == (None, None)
    assert [row[2:] for row in listed(fill(of, ["rack"], windows=windows, how="linear"))][1] == (None, None)
    assert [row[2:] for row in listed(fill(of, ["rack"], windows=windows, how="previous"))][1] == ("x", True)


def test_fill_of_floats() -> None:
    """A column of floats takes any number."""
    filled = fill(table([(0, "a", 1.5)], "v"), ["rack"], windows=[0, SECOND], how=2.5)

    assert filled["v"].to_pylist() == [1.5, 2.5]


def test_fill_of_nothing() -> None:
    """Where there is no series, there is nothing to be filled."""
    filled = fill(table([], "v", of=pa.int64()), ["rack"], windows=[0, SECOND], how=0)

    assert filled.num_rows == 0
    assert filled.schema == table([], "v", of=pa.int64()).schema


def test_more_than_can_be_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would fill the memory is refused, with what to ask for."""
    monkeypatch.setattr(aggregate, "MOST_ROWS", 11)
    with pytest.raises(QuestionError, match="4 windows of 3 series are more rows than can be filled"):
        fill(table(ROWS, "v"), ["rack"], windows=[at * SECOND for at in range(1, 5)], how="null")
