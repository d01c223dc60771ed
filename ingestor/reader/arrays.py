"""Arrow arrays out of values of Python. Pure.

`pa.array` and `pa.scalar` load pandas at their first call, wherever it is installed: half a second for whoever
reads and never asks for a data frame. What is done here goes without, and is as fast.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

_CODES = {pa.float64(): "d", pa.int64(): "q", pa.int8(): "b", pa.string(): "i"}


class Growing:
    """An array of float64, int64, int8 or string that is made out of pieces, with nulls for None.

    Args:
        kind: Which of these.
    """

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._code = _CODES[kind]
        self._numbers = array(self._code)  # of texts their lengths
        self._texts = bytearray() if kind == pa.string() else None
        self._there: bytearray | None = None  # a byte for each value, as soon as one is None

    def extend(self, values: Sequence[Any]) -> None:
        """Take more values.

        Raises:
            TypeError: A value is of another type.
            OverflowError: A number is too large for the type.
        """
        numbers: Sequence[Any] = values if self._texts is None else self._lengths(values, self._texts)
        before = len(self._numbers)
        try:
            self._numbers.extend(array(self._code, numbers))
        except TypeError:  # looking for None in each of them beforehand takes longer than most arrays do
            self._numbers.extend(array(self._code, [0 if number is None else number for number in numbers]))
            self._there = self._there or bytearray(b"\1" * before)
        if self._there is not None:
            self._there += bytes(value is not None for value in values)

    def array(self) -> pa.Array:
        """All of them. It takes no more afterwards."""
        there = None if self._there is None else _bits(self._there)
        numbers = self._numbers if self._texts is None else array("i", accumulate(self._numbers, initial=0))
        texts = [] if self._texts is None else [pa.py_buffer(self._texts)]
        return pa.Array.from_buffers(self._kind, len(self._numbers), [there, pa.py_buffer(numbers), *texts])

    @staticmethod
    def _lengths(values: Sequence[str | None], texts: bytearray) -> Sequence[int | None]:
        """How many bytes each has; which are appended to the texts."""
        encoded = [value if value is None else value.encode() for value in values]
        texts += b"".join(filter(None, encoded))
        return [value if value is None else len(value) for value in encoded]


def to_arrow(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """The values as an array of float64, int64, int8 or string, with nulls for None.

    Raises:
        TypeError: A value is of another type.
        OverflowError: A number is too large for the type.
    """
    growing = Growing(kind)
    growing.extend(values)
    return growing.array()


def number(value: int) -> pa.Scalar:
    """A number as Arrow's functions take it: of int64."""
    return to_arrow([value], pa.int64())[0]


def repeated(runs: Iterable[tuple[int, int]]) -> pa.Array:
    """An array of int32 in which each number stands as often as its run says: pairs of a number and how often."""
    numbers = array("i")
    for value, times in runs:
        numbers.extend(array("i", [value]) * times)
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _bits(flags: bytearray) -> pa.Buffer:
    """A bit for each byte, set where it is not 0."""
    return pa.Array.from_buffers(pa.int8(), len(flags), [None, pa.py_buffer(flags)]).cast(pa.bool_()).buffers()[1]
