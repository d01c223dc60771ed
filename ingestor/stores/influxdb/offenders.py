"""Which lines and points an InfluxDB's words are about. Pure; where it is not sure it names none, or too many."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ingestor.ports import FieldType, Point, Reason, type_of_value
from ingestor.stores.influxdb.answers import ends
from ingestor.stores.influxdb.influxql import TYPES

_QUOTED = "unable to parse '"
_GO_STRING = r'"((?:[^"\\]|\\.)*)"'
_CONFLICT = re.compile(
    rf"field type conflict: input field {_GO_STRING} on measurement {_GO_STRING} is type (\w+), [\w ]*"
)
_TOO_LONG = re.compile(
    rf"input field {_GO_STRING} on measurement {_GO_STRING} is too long, \d{{1,12}} > (\d{{1,12}})\b"
)
_NO_NAME = re.compile(r'invalid field name: input field "(time)" on measurement "(.{0,1000}?)" is invalid')
_COLUMN = re.compile(r"invalid column type for column '(.*?)'.*")
_DROPPED = re.compile(r".* dropped=(\d{1,12})\b", re.DOTALL)
_OUTLIER = re.compile(r" at (\S{1,50}Z) dropped because it violates a [\w ]{1,50} Bound at \S{1,50}Z")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
_RETENTION = re.compile(r"outside retention policy of duration \S+|beyond retention policy")
_ROOM_LEFT = re.compile(r"max-series-per-database(?! exceeded database=.{0,1000} limit=(\d+) series=\1 )")
_NUMBERED = re.compile(r"\bline (\d{1,12}): ([^\n]*)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Named(NamedTuple):
    """A field that the server refuses: in which points it may be, and why.

    `measurement` is None where the server did not say. Only texts longer than `longer_than` bytes are meant,
    where that is not None, and only values of the type `sent`, where that is known.
    """

    field: str
    measurement: str | None
    reason: Reason
    detail: str
    sent: FieldType | None = None
    longer_than: int | None = None

    @property
    def sure(self) -> bool:
        """Whether every point that fits is meant, wherever it is stored."""
        return self.longer_than is not None or self.field == "time"

    def fits(self, point: Point) -> bool:
        """Whether the point may be meant."""
        value = point.fields.get(self.field)
        if value is None or self.measurement not in {None, point.series.measurement}:
            return False
        if self.longer_than is not None:
            return isinstance(value, str) and len(value.encode()) > self.longer_than
        declared = point.series.types.get(self.field)
        return self.sent is None or self.sent in {declared, type_of_value[type(value)]}


def quoted(words: str, lines: Sequence[str]) -> Mapping[int, str]:
    """The lines that are quoted as not to be parsed, by index, and why; found in the order of the request."""
    found = {}
    at = words.find(_QUOTED)
    for index, line in enumerate(lines):
        if at < 0:
            break
        begin = at + len(_QUOTED)
        if words.startswith(f"{line}'", begin):
            why = begin + len(line)
            at = words.find(f"\n{_QUOTED}", why)
            at = at + 1 if at >= 0 else -1
            found[index] = words[why : at - 1 if at >= 0 else None].lstrip("': ")
    return found


def numbered(body: bytes, count: int) -> Mapping[int, str]:
    """The lines, of so many, that are told by their number, by index from 0, and why.

    3 sends one object or a list in `data`, Cloud one `line`, and more in the words of its message.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = body.decode(errors="replace")
    if not isinstance(found, dict):
        found = {"message": str(found)}
    message = str(found.get("message") or found.get("error") or "")
    data = found.get("data") or ()
    told = [(found.get("line"), message), *((int(number), why) for number, why in _NUMBERED.findall(message))]
    told += [
        (entry.get("line_number"), str(entry.get("error_message", message)))
        for entry in (data if isinstance(data, list) else [data])
        if isinstance(entry, dict)
    ]
    return {number - 1: why for number, why in told if isinstance(number, int) and 1 <= number <= count}


def named_field(words: str) -> Named | None:
    """The field that the server's words are about; None where they name none."""
    words = ends(words)
    if found := _CONFLICT.search(words):
        field, measurement, sent = _unquote(found[1]), _unquote(found[2]), TYPES.get(found[3])
        return Named(field, measurement, Reason.TYPE_CONFLICT, _reason_of(found[0]), sent=sent)
    if found := _TOO_LONG.search(words):
        field, measurement, limit = _unquote(found[1]), _unquote(found[2]), int(found[3])
        return Named(field, measurement, Reason.REJECTED, found[0], longer_than=limit)
    if found := _NO_NAME.search(words):
        return Named(found[1], found[2], Reason.REJECTED, found[0])
    if found := _COLUMN.search(words):
        return Named(found[1], None, Reason.TYPE_CONFLICT, found[0])
    return None


def dropped(words: str) -> int | None:
    """How many points the server says it did not store."""
    found = _DROPPED.match(ends(words))
    return int(found[1]) if found else None


def all_dropped(words: str, count: int) -> bool:
    """Whether the server says that so many points were dropped, and would drop each of them on its own as well.

    Near its limit of series, 1.x refuses all new ones of a request at once, though some of them would fit.
    """
    return dropped(words) == count and not _ROOM_LEFT.search(ends(words))


def outside_retention(words: str, times: Sequence[int]) -> tuple[Sequence[int], str]:
    """The points, by index of their times (ns), that are outside the retention, and why.

    InfluxDB drops what is older than a bound that moves, but for points whose shard is still there: that is always
    the oldest of a request. With the write window of 1.13 it can be the newest as well. It tells how many it
    dropped, and, but for old versions, the times of the oldest and the newest of them: both must fit.
    """
    words = ends(words)
    count = dropped(words) or 0
    named = [_nanoseconds(time) for time in _OUTLIER.findall(words)]
    by_time = sorted(range(len(times)), key=times.__getitem__)
    detail = _RETENTION.search(words)
    for some, why in ((by_time[:count], "too old"), (by_time[len(times) - count :], "too far ahead")):
        if count and (not named or named == [times[some[0]], times[some[-1]]]):
            return some, f"{why} for the bucket: {detail[0] if detail else words}"
    return (), ""


def _reason_of(conflict: str) -> str:
    return conflict.removeprefix("field type conflict: ")


def _unquote(text: str) -> str:
    """What Go quoted with %q; its escapes are among those of Python."""
    try:
        return str(ast.literal_eval(f'"{text}"'))
    except (ValueError, SyntaxError):
        return text


def _nanoseconds(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - _EPOCH
    except ValueError:  # the year 0, or the 99th of a month
        return None
    return (whole.days * 86_400 + whole.seconds) * 10**9 + int((found[2] or "0").ljust(9, "0"))
