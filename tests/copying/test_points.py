"""Arrow batches as points."""

import pyarrow as pa
import pytest

from ingestor.copying.points import PointsOf, check_fields
from ingestor.errors import StoreUnavailableError
from ingestor.ports import FieldType, Point
from ingestor.reader.source import FieldInfo

FIELDS = [
    FieldInfo("count", FieldType.INT),
    FieldInfo("rack", FieldType.TEXT),
    FieldInfo("temperature", FieldType.FLOAT, "°C"),
]
"""One is called as a tag is."""
BATCH = pa.RecordBatch.from_arrays(
    [
        pa.array([1, 2, 3, 4], pa.timestamp("ns", "UTC")),
        pa.array(["a", None, "a", "a"]).dictionary_encode(),
        pa.array([2**53 + 1, None, 0, None]),
        pa.array(["", "x", None, None]),
        pa.array([None, 1.5, 0.0, None]),
    ],
    ["time", "rack", "count", "rack", "temperature"],
)


def made(batch: pa.RecordBatch = BATCH) -> list[Point]:
    """The points of a batch."""
    return PointsOf("Farm", "climate", FIELDS).of(batch)


def test_a_row_is_a_point_with_what_it_has() -> None:
    """Missing values are no fields, numbers are exact, and a row without any value is no point."""
    assert [(point.time_ns, point.series.tags, point.fields) for point in made()] == [
        (1, (("rack", "a"),), {"count": 2**53 + 1, "rack": ""}),
        (2, (), {"rack": "x", "temperature": 1.5}),
        (3, (("rack", "a"),), {"count": 0, "temperature": 0.0}),
    ]


def test_a_series_is_made_once() -> None:
    """Points of one series share it, so that stores know it again; it has types, units and its place."""
    first, _, third = made()

    assert first.series is third.series
    assert (first.series.bucket, first.series.measurement) == ("Farm", "climate")
    assert first.series.types == {"count": FieldType.INT, "rack": FieldType.TEXT, "temperature": FieldType.FLOAT}
    assert first.series.units == {"temperature": "°C"}


def test_without_any_tag() -> None:
    """Where no series has a tag, all points are of one."""
    points = made(BATCH.select([0, 2, 3, 4]))

    assert [point.series.tags for point in points] == [(), (), ()]


def test_a_field_that_went_away_is_said() -> None:
    """A batch that has not the fields that were asked for is no batch to guess about."""
    with pytest.raises(StoreUnavailableError, match="the fields of climate changed"):
        made(BATCH.select([0, 1, 2, 3]))
    check_fields(BATCH, ["count", "rack", "temperature"], "climate")
