"""Messages, series, points and letters with defaults for all that a test does not care about."""

from collections.abc import Mapping

from ingestor.deadletters import WHOLE_MESSAGE, Fate, Letter
from ingestor.ports import FieldType, Message, Point, Reason, Series, Value

TYPES = {
    "temperature": FieldType.FLOAT,
    "humidity": FieldType.FLOAT,
    "count": FieldType.INT,
    "state": FieldType.TEXT,
    "on": FieldType.BOOL,
}
"""A field of each type, and one more."""


def message(payload: bytes = b"21.5", *, topic: str = "rack1/climate", received_ns: int = 1, flags: int = 0) -> Message:
    """A message as the journal has it."""
    return Message(topic, payload, received_ns, flags)


def series(
    bucket: str = "Farm",
    measurement: str = "climate",
    *,
    tags: Mapping[str, str] | None = None,
    types: Mapping[str, FieldType] | None = None,
) -> Series:
    """A series of one rack."""
    return Series(bucket, measurement, {"rack": "rack1"} if tags is None else tags, types=types or TYPES)


def point(of: Series | None = None, *, time_ns: int = 1, **fields: Value) -> Point:
    """A point; without fields it has a temperature."""
    return Point(of or series(), time_ns, fields or {"temperature": 21.5})


def letter(
    position: int = 0,
    *,
    of: Message | None = None,
    part: int = WHOLE_MESSAGE,
    reason: Reason = Reason.TYPE,
    fate: Fate = Fate.SET_ASIDE,
) -> Letter:
    """A dead letter; of the message that was received as many ns after 1970 as its position."""
    return Letter(position, of or message(received_ns=position), part, reason, "text", (), fate)
