"""Arrow arrays out of values of Python. Pure.

`pa.array` and `pa.scalar` load pandas at their first call, wherever it is installed: half a second for whoever
reads and never asks for a data frame. What is done here goes without, and is as fast.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

_CODES = {pa.float64(): "d", pa.int64(): "q", pa.int8(): "b"}


def to_arrow(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """The values as an array of float64, int64, int8 or string, with nulls for None.

    Raises:
        TypeError: A value is of another type.
        OverflowError: A number is too large for the type.
    """
    if kind == pa.string():
        return _texts(values)
    there = None
    try:
        numbers = array(_CODES[kind], values)
    except TypeError:  # looking for None in each of them beforehand takes longer than most arrays do
        there = _bits(values)
        numbers = array(_CODES[kind], [0 if value is None else value for value in values])
    return pa.Array.from_buffers(kind, len(values), [there, pa.py_buffer(numbers)])


def number(value: int) -> pa.Scalar:
    """A number as Arrow's functions take it: of int64."""
    return to_arrow([value], pa.int64())[0]


def repeated(runs: Iterable[tuple[int, int]]) -> pa.Array:
    """An array of int32 in which each number stands as often as its run says: pairs of a number and how often."""
    numbers = array("i")
    for value, times in runs:
        numbers.extend(array("i", [value]) * times)
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _texts(values: Sequence[str | None]) -> pa.Array:
    there = _bits(values) if None in values else None
    encoded = [b"" if value is None else value.encode() for value in values]
    ends = array("i", accumulate(map(len, encoded), initial=0))
    return pa.Array.from_buffers(pa.string(), len(values), [there, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def _bits(values: Sequence[object]) -> pa.Buffer:
    """A bit for each value, set where it is not None."""
    flags = pa.py_buffer(bytes(value is not None for value in values))
    return pa.Array.from_buffers(pa.int8(), len(values), [None, flags]).cast(pa.bool_()).buffers()[1]
