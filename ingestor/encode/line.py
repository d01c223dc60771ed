"""Line protocol that cannot be wrong: what InfluxDB would refuse, change or silently drop does not leave here.

What comes back as it was written was tried out on real servers (2.8 and 1.13) with every short text of the
characters that mean something; tests/stores/influxdb/test_line_server.py does it again. Two things are behind most
of the rules. There is no escape for a backslash in a name, so one before a comma, `=`, space or quote is read as
that character's. And the server cuts its input into lines before it looks at a line: a line that it misreads can
take the lines after it with it, so a doubtful name is refused even where it might do alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Final, NamedTuple

from ingestor.ports import FieldType, Point, Reason, Rejection, Series, Value, type_of_value

_REMEMBERED_BYTES: Final = 16 * 2**20
_PLAN_BYTES: Final = 600  # objects and their entries, without the text in them

_MAX_KEY_BYTES: Final = 65_535  # of a series and a field, as they are written, with 4 bytes between them
_MAX_TEXT_BYTES: Final = 1_048_576
_MIN_TIME_NS: Final = -(2**63) + 2
_MAX_TIME_NS: Final = 2**63 - 2
_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**63 - 1

_SHOWN: Final = 80  # characters of a name or value in an explanation

_PLAIN: Final = 2.0**62
"""Numbers whose square sum has a root below this are finite and far from the ends of int64, and so is a time."""

_RESERVED_TAGS: Final = frozenset({"time", "_field", "_measurement", "_time", "_value", "_start", "_stop"})
"""The server refuses the first three; the others are columns of every answer in Flux, which cannot tell them apart."""

_TAKEN_FOR_ESCAPE: Final = re.compile(r'\\(?:[,= "]|\Z)')
_ESCAPE_MEASUREMENT: Final = str.maketrans({",": r"\,", " ": r"\ "})
_ESCAPE_KEY: Final = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})

_FORMATS: Final = {FieldType.FLOAT: "%r", FieldType.INT: "%di", FieldType.BOOL: "%r", FieldType.TEXT: '"%s"'}
_PYTHON_TYPES: Final = {kind: python for python, kind in type_of_value.items()}


class Encoded(NamedTuple):
    """The line of each point, without a line break at its end; "" for a point that is refused as a whole."""

    lines: list[str]
    rejections: list[Rejection]


class LineEncoder:
    """Turns points into lines, and remembers what it worked out for the series it met lately.

    Args:
        max_bytes: How much memory that may take, about: names come from topics, and strangers invent topics.
    """

    def __init__(self, *, max_bytes: int = _REMEMBERED_BYTES) -> None:
        self._plans: dict[tuple[Series | str, ...], _Plan] = {}
        self._max_bytes = max_bytes
        self._room_bytes = max_bytes

    def encode(self, points: Sequence[Point]) -> Encoded:
        """The lines of the points, one each and in their order, and what cannot be written, with the reason.

        A field that is refused leaves the rest of its point. Lines are valid Unicode.
        """
        lines: list[str] = []
        rejections: list[Rejection] = []
        plans, add = self._plans, lines.append
        for series, time_ns, fields in points:
            plan = plans.get((series, *fields)) or self._remember(series, fields)
            values = (*fields.values(), time_ns)
            try:
                # One look for NaN, infinity, integers and times at the ends of their range: see _PLAIN.
                plain = [*map(type, values)] == plan.types and hypot(*values) < _PLAIN  # type: ignore[arg-type]
            except OverflowError:
                plain = False
            if plain:
                add(plan.template % values)
                continue
            line, rejection = plan.write(len(lines), time_ns, fields)
            add(line)
            if rejection:
                rejections.append(rejection)
        return Encoded(lines, rejections)

    def _remember(self, series: Series, fields: Mapping[str, Value]) -> "_Plan":
        plan = _Plan.of(series, tuple(fields))
        weight = _PLAN_BYTES + series.weight + 4 * (len(plan.head) + len(plan.template))
        if weight > self._room_bytes:
            self._plans.clear()
            self._room_bytes = self._max_bytes
        self._plans[series, *fields] = plan
        self._room_bytes -= weight
        return plan


@dataclass(slots=True, frozen=True)
class _Plan:
    """How points of one series with the same fields in the same order are written.

    `types` are those of the values and of the time, where the template can write them; else there are none.
    `keys` are the fields as they are written, "" where one is refused: `flaws` tells why.
    """

    types: list[type]
    template: str
    head: str
    keys: tuple[str, ...]
    kinds: Mapping[str, FieldType]
    flaws: Mapping[str, str]
    refusal: tuple[Reason, str] | None

    @classmethod
    def of(cls, series: Series, names: Sequence[str]) -> "_Plan":
        if refusal := _refuse_series(series):
            return cls([], "", "", (), series.types, {}, refusal)
        head = _head(series)
        flaws = {name: flaw for name in names if (flaw := _refuse_field(name, series.types, head=head))}
        keys = tuple("" if name in flaws else name.translate(_ESCAPE_KEY) for name in names)
        if flaws or any(series.types[name] is FieldType.TEXT for name in names):
            return cls([], "", head, keys, series.types, flaws, None)
        types = [*(_PYTHON_TYPES[series.types[name]] for name in names), int]
        formats = (_FORMATS[series.types[name]] for name in names)
        parts = ",".join(f"{key.replace('%', '%%')}={form}" for key, form in zip(keys, formats, strict=True))
        return cls(types, f"{head.replace('%', '%%')} {parts} %d", head, keys, series.types, flaws, None)

    def write(self, at: int, time_ns: int, fields: Mapping[str, Value]) -> tuple[str, Rejection | None]:
        """The line of a point that needs a closer look, "" where nothing is left of it; and what is refused."""
        if self.refusal:
            return "", Rejection(at, *self.refusal)
        if not _MIN_TIME_NS <= time_ns <= _MAX_TIME_NS:
            return "", Rejection(at, Reason.REJECTED, f"InfluxDB cannot hold the time {_show(time_ns)} (ns since 1970)")
        flaws = dict(self.flaws)
        parts = []
        for key, (name, value) in zip(self.keys, fields.items(), strict=True):
            if name in flaws:
                continue
            kind = self.kinds[name]
            if flaw := _refuse_value(value, kind):
                flaws[name] = f"{_show(name)} {flaw}"
            else:
                parts.append(f"{key}={_FORMATS[kind] % _ready(value, kind)}")
        line = f"{self.head} {','.join(parts)} {time_ns}" if parts else ""
        if not flaws:
            return line, None
        return line, Rejection(at, Reason.REJECTED, "; ".join(flaws.values()), tuple(flaws) if parts else ())


def _head(series: Series) -> str:
    tags = (f",{name.translate(_ESCAPE_KEY)}={value.translate(_ESCAPE_KEY)}" for name, value in series.tags)
    return series.measurement.translate(_ESCAPE_MEASUREMENT) + "".join(tags)


def _refuse_series(series: Series) -> tuple[Reason, str] | None:
    """Why no point of a series can be written; None where they can."""
    measurement = series.measurement
    if flaw := _refuse_name(measurement):
        return Reason.REJECTED, f"measurement {_show(measurement)} {flaw}"
    if measurement.startswith("#"):
        return Reason.REJECTED, f"measurement {_show(measurement)} begins with #: InfluxDB takes it for a comment"
    for name, value in series.tags:
        if flaw := _refuse_name(name):
            return Reason.REJECTED, f"tag {_show(name)} {flaw}"
        if name in _RESERVED_TAGS:
            return Reason.REJECTED, f"tag {_show(name)} has a name that InfluxDB keeps for itself"
        if flaw := _refuse_text(value):
            return Reason.TAG, f"tag {_show(name)} is {_show(value)}, which {flaw}"
    return None


def _refuse_field(name: str, types: Mapping[str, FieldType], *, head: str) -> str:
    """Why a field cannot be written, whatever its value; "" where it can."""
    flaw = _refuse_name(name)
    if not flaw and name == "time":
        flaw = "is the name of a point's time: InfluxDB drops a field of that name"
    if not flaw and name not in types:
        flaw = "is not declared in its series"
    size = 0 if flaw else len(head.encode()) + 4 + len(name.translate(_ESCAPE_KEY).encode())
    if size > _MAX_KEY_BYTES:
        flaw = f"has a key of {size:,} bytes with its measurement and tags; InfluxDB takes {_MAX_KEY_BYTES:,}"
    return flaw and f"field {_show(name)} {flaw}"


def _refuse_name(name: str) -> str:
    if name.startswith("\t"):  # of a measurement or of the first field, the server takes it for a blank
        return "begins with a tab: InfluxDB cuts it off"
    return _refuse_text(name)


def _refuse_text(text: str) -> str:
    """What is wrong with a name or a tag's value; "" where nothing is."""
    if not text:
        return "is empty"
    if "\n" in text:
        return "has a line break"
    if "\0" in text:
        return "has a NUL: InfluxDB cuts it off, or takes the point for one of another series"
    if _TAKEN_FOR_ESCAPE.search(text):
        return "has a backslash at its end, or before a comma, =, space or quote: InfluxDB has no escape for it"
    return "" if _is_unicode(text) else "is not valid Unicode"


def _refuse_value(value: Value, kind: FieldType) -> str:
    """Why a value cannot be written as the declared type; "" where it can. A whole number can be a float."""
    sent = type_of_value.get(type(value))
    if sent is not kind and (sent, kind) != (FieldType.INT, FieldType.FLOAT):
        return f"is {type(value).__name__ if sent is None else sent.value}, and declared as {kind.value}"
    if isinstance(value, str):
        return _refuse_field_text(value)
    if kind is FieldType.FLOAT and not _is_finite(value):
        return f"is {_show(value)}, which is no finite number"
    if kind is FieldType.INT and not _MIN_INT <= value <= _MAX_INT:
        return f"is {_show(value)}: InfluxDB takes integers of 64 bits"
    return ""


def _refuse_field_text(value: str) -> str:
    if not _is_unicode(value):
        return "is not valid Unicode"
    if 4 * len(value) > _MAX_TEXT_BYTES and len(value.encode()) > _MAX_TEXT_BYTES:
        return f"has {len(value.encode()):,} bytes; InfluxDB takes texts of {_MAX_TEXT_BYTES:,}"
    return ""


def _is_finite(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # an integer beyond any float
        return False


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ready(value: Value, kind: FieldType) -> Value:
    """The value as its format takes it."""
    if isinstance(value, str):
        return value.replace("\\", r"\\").replace('"', r"\"")
    return float(value) if kind is FieldType.FLOAT else value


def _show(value: Value) -> str:
    """A value or a name for people, however long it is."""
    if isinstance(value, str):
        return repr(_cut(value))
    try:
        return _cut(f"{value:,}")
    except ValueError:  # Python writes no integer of thousands of digits
        return "a number of very many digits"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
