"""From the readings of a script to points: what routes do for the service."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ingestor.ports import FieldType, Flaw, Point, Reason, ReceiptClock, Series, Value
from ingestor.routing.place import storable
from ingestor.routing.wire import TAG_RULE
from sensors import Kind, Measurement
from sensors.catalog import CATALOG

_MAX_SERIES = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SeriesKey = tuple[type[Measurement], str, str, tuple[tuple[str, str], ...]]


class PointMaker:
    """Gives readings a place and a time. The same tags give the same series, which stores and registry remember."""

    def __init__(self) -> None:
        self._clock = ReceiptClock()
        self._series: dict[_SeriesKey, Series] = {}
        self._names = {model: name for name, model in CATALOG.items()}

    def make(
        self, reading: Measurement, *, bucket: str, measurement: str | None, time_ns: int | None, now_ns: int
    ) -> Point | Flaw:
        """The point of a reading, or what is wrong with its tags.

        Args:
            reading: What was measured.
            bucket: Where it goes.
            measurement: The same; None for the name of its model in the catalog, or else of its class.
            time_ns: When it was measured; None for what the reading says, or else now.
            now_ns: Now. Times that are made of it only increase, so that two readings are two points.
        """
        model = type(reading)
        values: dict[str, Value | None] = {part.name: getattr(reading, part.name) for part in model.shape.parts}
        tags = {tag.name: str(values[tag.name]) for tag in model.shape.tags if values[tag.name] is not None}
        for name, text in tags.items():
            if not storable(text):
                return Flaw(0, Reason.TAG, f"tag {name}: {TAG_RULE}")
        if time_ns is None:
            time_ns = reading.time if reading.time is not None else self._clock.take(1, now_ns=now_ns)
        fields = {
            field.name: float(value) if field.kind is Kind.FLOAT else value
            for field in model.shape.fields
            if (value := values[field.name]) is not None
        }
        return Point(self._series_of(model, bucket, measurement or self._name(model), tags), time_ns, fields)

    def _name(self, model: type[Measurement]) -> str:
        return self._names.get(model, model.__name__)

    def _series_of(self, model: type[Measurement], bucket: str, measurement: str, tags: Mapping[str, str]) -> Series:
        key = (model, bucket, measurement, tuple(tags.items()))
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= _MAX_SERIES:
                self._series.clear()
            types = {field.name: FieldType(field.kind.value) for field in model.shape.fields}
            units = {field.name: field.unit for field in model.shape.fields if field.unit}
            found = self._series[key] = Series(bucket, measurement, tags, types=types, units=units)
        return found


def nanoseconds(time: datetime | int | None) -> int | None:
    """A moment as a script says it, in nanoseconds since 1970 UTC.

    Raises:
        TypeError: It is neither: seconds as `time.time()` gives them, say.
        ValueError: It has no zone, or lies further away than 64 bits can tell.
    """
    if time is not None and not isinstance(time, datetime) and type(time) is not int:
        raise TypeError(f"time {time!r}: it is an aware datetime, or an int of nanoseconds as time.time_ns() gives it")
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise ValueError(f"time {time} has no zone: write datetime.now(UTC), or give it a tzinfo")
        time = (time - _EPOCH) // timedelta(microseconds=1) * 1000
    if time is not None and not -(2**63) <= time < 2**63:
        raise ValueError(f"time {time}: nanoseconds since 1970 do not fit into 64 bits")
    return time
