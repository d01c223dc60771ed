"""InfluxQL, the older language of InfluxDB: what is asked at /query, and what the answers hold. Pure.

InfluxDB 2 speaks it too, for its buckets. It gives every value back exactly as it was written, with its time in
nanoseconds, where Flux changes the line breaks in a text.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from ingestor.ports import FieldType, StoredPoint, Value

FIELD_KEYS = "SHOW FIELD KEYS"
ALL_POINTS = "SELECT *::field FROM /.*/ GROUP BY *"

TYPES = {
    "float": FieldType.FLOAT,
    "integer": FieldType.INT,
    "string": FieldType.TEXT,
    "boolean": FieldType.BOOL,
}
"""The server's names of types; its `unsigned` is none of ours."""

FieldTypes = Mapping[tuple[str, str], AbstractSet[FieldType]]


class Rows(BaseModel):
    """What a statement gives: rows of one measurement, and of one set of tags where it groups by them."""

    name: str = ""
    tags: dict[str, str] = {}
    columns: tuple[str, ...]
    values: list[list[Any]] = []
    partial: bool = False


class Result(BaseModel):
    """What one statement came to; `error` is in the server's words."""

    series: list[Rows] = []
    error: str = ""


class _Answer(BaseModel):
    results: list[Result] = []
    error: str = ""


def place(bucket: str) -> dict[str, str]:
    """Where a bucket is, as parameters of /query. InfluxDB 1 writes one as DATABASE or DATABASE/POLICY."""
    database, _, policy = bucket.partition("/")
    return {"db": database, "rp": policy} if database and policy else {"db": bucket}


def quoted(name: str) -> str:
    """A name as InfluxQL takes it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def text(value: str) -> str:
    """A text as InfluxQL takes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def read_results(body: bytes) -> Sequence[Result]:
    """The results of all statements that were asked, in their order; of what only changes something there may be none.

    Raises:
        ValueError: This is not how InfluxDB answers.
        RecursionError: Nor this.
    """
    answer = _Answer.model_validate(json.loads(body, parse_int=Decimal, parse_float=Decimal))
    return [Result(error=answer.error)] if answer.error else answer.results


def read_result(body: bytes) -> Result:
    """The result of the only statement that was asked; its numbers are Decimals.

    Raises:
        ValueError: This is not how InfluxDB answers.
        RecursionError: Nor this.
    """
    results = read_results(body)
    if len(results) != 1:
        raise ValueError("not one result")
    return results[0]


def field_types(result: Result) -> FieldTypes:
    """The types of each measurement and field, from what FIELD_KEYS gives."""
    types: dict[tuple[str, str], set[FieldType]] = {}
    for rows in result.series:
        for field, kind in rows.values:
            if kind in TYPES:
                types.setdefault((rows.name, field), set()).add(TYPES[kind])
    return types


def points(result: Result, types: FieldTypes) -> Sequence[StoredPoint]:
    """The points of a bucket, from what ALL_POINTS gives with times in nanoseconds.

    Args:
        result: It tells apart numbers, texts and truth values, but not integers from whole floats.
        types: The types of the fields, for that.
    """
    return [
        StoredPoint(rows.name, tuple(sorted((key, value) for key, value in rows.tags.items() if value)), int(time), {
            field: _typed(value, types.get((rows.name, field), ()))
            for field, value in zip(rows.columns[1:], values, strict=True)
            if value is not None
        })
        for rows in result.series
        for time, *values in rows.values
    ]  # fmt: skip


def _typed(value: Decimal | Value, types: AbstractSet[FieldType] | tuple[()]) -> Value:
    """Where shards hold a field as float and as integer, the server gives floats back."""
    if not isinstance(value, Decimal):
        return value
    return float(value) if FieldType.FLOAT in types else int(value)
