"""Lines of InfluxDB's line protocol become points, as InfluxDB would store them, or are refused with a reason. Pure."""

from ingestor.files.table import SeriesBook
from ingestor.files.times import TimeReader
from ingestor.lineprotocol import LineError, UnfinishedError, parse, read_head
from ingestor.ports import Point, Series, Value, type_of_value

__all__ = ["LineError", "LineParser", "UnfinishedError"]

_REMEMBERED = 20_000  # series


class LineParser:
    """Turns lines into points.

    Args:
        book: Where series come from.
        times: What reads the times.
    """

    def __init__(self, book: SeriesBook, times: TimeReader) -> None:
        self._book = book
        self._times = times
        self._series: dict[tuple[object, ...], Series] = {}

    def parse(self, line: str) -> Point:
        """The point of a line, which has no line break at its end.

        Raises:
            UnfinishedError: A text in it is not closed.
            LineError: It is no point; says why.
        """
        head, fields, time = parse(line)
        if time is None:
            raise LineError("has no time")
        try:
            time_ns = self._times.number(time)
        except ValueError as error:
            raise LineError(str(error)) from None
        return Point(self._series_of(head, fields), time_ns, fields)

    def _series_of(self, head: str, fields: dict[str, Value]) -> Series:
        kinds = tuple(map(type, fields.values()))
        key = (head, *fields, *kinds)
        series = self._series.get(key)
        if series is None:
            measurement, tags = read_head(head)
            if len(self._series) >= _REMEMBERED:
                self._series.clear()
            types = tuple((name, type_of_value[kind]) for name, kind in zip(fields, kinds, strict=True))
            series = self._series[key] = self._book.of(measurement, tags, types)
        return series
