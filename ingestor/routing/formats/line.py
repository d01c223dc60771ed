"""Format `line`: InfluxDB's line protocol, each line a reading."""

from collections.abc import Callable
from typing import Final

from ingestor.lineprotocol import LineError, parse, read_head, rows
from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.unpack import MAX_READINGS, TagText, WholeNumber
from ingestor.routing.wire import Values, Wire

MEASUREMENT: Final = "measurement"
TIME: Final = "time"


class LineFormat:
    """Line protocol. A reading has the tags and fields of its line, its time as a whole number, and its measurement.

    What a line says itself comes before what it is called: a field called like a tag, and either of them called
    `measurement`, is what the reading has under this name. The time of a line is before all of them.
    """

    def reader(self, wire: Wire) -> Callable[[bytes], Values] | None:  # noqa: ARG002 - it would read one line only
        """See `Format`."""
        return None

    def load(self, payload: bytes, *, exact: bool = False) -> list[Values | UnreadableError]:  # noqa: ARG002 - times are whole
        """See `Format`; a line that is no point stands there as its error."""
        try:
            text = payload.decode()
        except UnicodeDecodeError as wrong:
            raise UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8") from wrong
        readings: list[Values | UnreadableError] = []
        for number, row in rows(text):
            if len(readings) == MAX_READINGS:
                raise UnreadableError(Reason.FORMAT, f"more than {MAX_READINGS:,} readings in one payload")
            readings.append(_reading(number, row))
        if not readings:
            raise UnreadableError(Reason.EMPTY, "the payload has no line with values")
        return readings


def _reading(number: int, row: str) -> Values | UnreadableError:
    try:
        head, fields, time = parse(row)
        measurement, tags = read_head(head)
    except LineError as error:
        return UnreadableError(Reason.FORMAT, f"line {number:,} {error}")
    values: Values = {MEASUREMENT: TagText(measurement)}
    values.update((name, TagText(tag)) for name, tag in tags)
    values.update((name, WholeNumber(value) if type(value) is int else value) for name, value in fields.items())
    if time is not None:
        values[TIME] = int(time)
    return values
