"""Which columns an answer has. Shared by the reader and its sources."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from ingestor.ports import FieldType
from ingestor.reader.question import OF_ANY_TYPE, Question, column, quantile
from ingestor.reader.source import FieldInfo

_NUMBERS = {FieldType.FLOAT, FieldType.INT}
_ARROW = {
    FieldType.FLOAT: pa.float64(),
    FieldType.INT: pa.int64(),
    FieldType.TEXT: pa.string(),
    FieldType.BOOL: pa.bool_(),
}


class Column(NamedTuple):
    """A column of values: what is made of which field; with an empty function, the readings as they are."""

    name: str
    field: FieldInfo
    function: str = ""

    @property
    def type(self) -> FieldType:
        """What it holds: means and quantiles are floats, counts are ints, and all else keeps its type."""
        if self.function == "count":
            return FieldType.INT
        if self.function in {"mean", "rate"} or quantile(self.function):
            return FieldType.FLOAT
        return self.field.type

    @property
    def unit(self) -> str | None:
        """The unit of the field, as far as the function leaves it alone."""
        if self.field.unit is None or self.function == "count":
            return None
        return f"{self.field.unit}/s" if self.function == "rate" else self.field.unit

    def arrow(self) -> pa.Field:
        """The column as Arrow knows it."""
        unit = self.unit
        return pa.field(self.name, _ARROW[self.type], metadata={b"unit": unit.encode()} if unit else None)


def columns(question: Question, known: Iterable[FieldInfo]) -> Sequence[Column]:
    """The columns of values of an answer: of each field that was asked for each function that there is of it."""
    by_name = {field.name: field for field in known}
    names = sorted(by_name) if question.fields is None else question.fields
    fields = [by_name[name] for name in names if name in by_name]
    if question.every is None:
        return [Column(field.name, field) for field in fields]
    return [
        Column(column(field.name, function, question.functions), field, function)
        for field in fields
        for function in question.functions
        if field.type in _NUMBERS or function in OF_ANY_TYPE
    ]


def schema(question: Question, tags: Iterable[str], of: Iterable[Column]) -> pa.Schema:
    """Time, tags sorted by name, and the columns of values."""
    time = pa.field("time", pa.timestamp("ns", str(question.zone)))
    return pa.schema([time, *(pa.field(tag, pa.string()) for tag in sorted(tags)), *(each.arrow() for each in of)])
