"""Arrow batches of a source as points for a store, with the types that they have."""

from collections.abc import Iterator, Sequence
from itertools import repeat

import pyarrow as pa

from ingestor.errors import StoreUnavailableError
from ingestor.ports import Point, Series
from ingestor.reader.source import FieldInfo

_SERIES = 50_000  # that are remembered


class PointsOf:
    """Makes points of the readings of one measurement.

    Args:
        bucket: Where they go.
        measurement: Their kind.
        fields: Those that were asked for, in the order of the columns.
    """

    def __init__(self, bucket: str, measurement: str, fields: Sequence[FieldInfo]) -> None:
        self._bucket = bucket
        self._measurement = measurement
        self._names = [field.name for field in fields]
        self._types = {field.name: field.type for field in fields}
        self._units = {field.name: field.unit for field in fields if field.unit is not None}
        self._series: dict[tuple[str | None, ...], Series] = {}

    def of(self, batch: pa.RecordBatch) -> list[Point]:
        """A point for each row that has a value.

        Raises:
            StoreUnavailableError: The batch has other fields than were asked for.
        """
        check_fields(batch, self._names, self._measurement)
        names = batch.schema.names[1 : batch.num_columns - len(self._names)]
        columns = [column.to_pylist() for column in batch.columns[1:]]
        times = batch.column(0).cast(pa.int64()).to_pylist()
        tags: Iterator[tuple[str | None, ...]] = zip(*columns[: len(names)], strict=True) if names else repeat(())
        if len(self._series) > _SERIES:
            self._series.clear()
        points = []
        for time_ns, values, row in zip(times, tags, zip(*columns[len(names) :], strict=True), strict=False):
            fields = {name: value for name, value in zip(self._names, row, strict=True) if value is not None}
            if fields:
                series = self._series.get(values) or self._made(names, values)
                points.append(Point(series, time_ns, fields))
        return points

    def _made(self, names: Sequence[str], values: tuple[str | None, ...]) -> Series:
        tags = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        made = Series(self._bucket, self._measurement, tags, types=self._types, units=self._units)
        self._series[values] = made
        return made


def check_fields(batch: pa.RecordBatch, names: Sequence[str], measurement: str) -> None:
    """See to it that the last columns of a batch are these fields.

    Raises:
        StoreUnavailableError: They are not: somebody removed one while it was read.
    """
    if batch.schema.names[batch.num_columns - len(names) :] != list(names):
        raise StoreUnavailableError(f"the fields of {measurement} changed while they were read: start again")
