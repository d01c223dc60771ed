"""Which columns an answer has."""

from zoneinfo import ZoneInfo

import pyarrow as pa

from ingestor.ports import FieldType
from ingestor.reader.question import Interval, Question
from ingestor.reader.shape import columns, schema
from ingestor.reader.source import FieldInfo

KNOWN = [
    FieldInfo("on", FieldType.BOOL),
    FieldInfo("temperature", FieldType.FLOAT, "°C"),
    FieldInfo("count", FieldType.INT),
    FieldInfo("state", FieldType.TEXT),
]


def question(*functions: str, fields: tuple[str, ...] | None = None) -> Question:
    """About the climate."""
    every = Interval(1, "h") if functions else None
    return Question("Farm", "climate", 0, 1, ZoneInfo("Asia/Singapore"), {}, fields, every, functions)


def types(of: Question) -> dict[str, str]:
    """The columns of values and their types in Arrow."""
    return {column.name: str(column.arrow().type) for column in columns(of, KNOWN)}


def test_readings_as_they_are() -> None:
    """Fields come sorted by name, or in the order in which they were asked for; what is unknown is left out."""
    assert types(question()) == {"count": "int64", "on": "bool", "state": "string", "temperature": "double"}
    assert list(types(question(fields=("temperature", "x", "count")))) == ["temperature", "count"]


def test_types_of_functions() -> None:
    """Means, rates and quantiles are floats, counts are ints, all else keeps its type; texts have no numbers."""
    assert types(question("mean")) == {"count": "double", "temperature": "double"}
    assert types(question("sum")) == {"count": "int64", "temperature": "double"}
    assert types(question("difference")) == {"count": "int64", "temperature": "double"}
    assert set(types(question("count")).values()) == {"int64"}
    assert types(question("p95", "last", fields=("count", "state"))) == {
        "count_p95": "double",
        "count_last": "int64",
        "state_last": "string",
    }


def test_units() -> None:
    """A unit goes with what is measured in it; a rate has it by the second, a count has none."""
    found = columns(question("max", "rate", "count", fields=("temperature",)), KNOWN)

    assert [column.unit for column in found] == ["°C", "°C/s", None]
    assert found[0].arrow().metadata == {b"unit": "°C".encode()}
    assert found[2].arrow().metadata is None


def test_schema() -> None:
    """Time in the zone of the question, tags as text and sorted, then the values."""
    found = schema(question(fields=("on",)), ["rack", "level"], columns(question(fields=("on",)), KNOWN))

    assert found.names == ["time", "level", "rack", "on"]
    assert found.types == [pa.timestamp("ns", "Asia/Singapore"), pa.string(), pa.string(), pa.bool_()]
