"""Arrow arrays out of values of Python."""

import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.reader.arrays import Growing, number, repeated, to_arrow

_INTS = st.integers(-(2**63), 2**63 - 1)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def lists(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Of values, some of which may be missing."""
    return st.lists(of) | st.lists(st.none() | of)


_VALUES = st.one_of(
    st.tuples(lists(st.floats(allow_nan=False)), st.just(pa.float64())),
    st.tuples(lists(_INTS), st.just(pa.int64())),
    st.tuples(lists(st.integers(0, 1)), st.just(pa.int8())),
    st.tuples(lists(_TEXTS), st.just(pa.string())),
)


@given(_VALUES)
def test_they_are_those_that_arrow_makes(asked: tuple[list[Any], pa.DataType]) -> None:
    """Values, nulls and type, whatever the values are."""
    values, kind = asked
    made = to_arrow(tuple(values), kind)
    made.validate(full=True)

    assert made.equals(pa.array(values, kind))


@given(_VALUES, st.integers(1, 4))
def test_pieces_are_one_array(asked: tuple[list[Any], pa.DataType], size: int) -> None:
    """However the values are cut, and in whichever piece the first null is."""
    values, kind = asked
    growing = Growing(kind)
    for begin in range(0, len(values), size):
        growing.extend(tuple(values[begin : begin + size]))
    made = growing.array()
    made.validate(full=True)

    assert made.equals(pa.array(values, kind))


@pytest.mark.parametrize(("value", "kind"), [("x", pa.float64()), (1.5, pa.int64()), (b"x", pa.float64())])
def test_a_value_of_another_type_is_refused(value: object, kind: pa.DataType) -> None:
    """It is not made into something else."""
    with pytest.raises(TypeError):
        to_arrow([value], kind)


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 9))))
def test_runs(runs: list[tuple[int, int]]) -> None:
    """Each number stands as often as its run says."""
    made = repeated(runs)
    made.validate(full=True)

    assert made.to_pylist() == [number for number, times in runs for _ in range(times)]


@given(_INTS)
def test_one_number(value: int) -> None:
    """It is of int64, and stays what it is."""
    assert number(value).equals(pa.scalar(value, pa.int64()))


def test_pandas_is_not_loaded() -> None:
    """A process that makes arrays so has no need of it, also where it is installed."""
    script = (
        "import sys, pyarrow as pa; from ingestor.reader.arrays import number, repeated, to_arrow;"
        "number(1); repeated([(1, 2)]);"
        "to_arrow([1, None], pa.int64()); to_arrow(['a', None], pa.string()); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=50)

    assert done.stdout.strip() == "False"
