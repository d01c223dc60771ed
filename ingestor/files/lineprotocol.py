"""InfluxDB's line protocol, read strictly: a line is a point as InfluxDB would store it, or is refused with a reason.

Most lines take a short road, which splits them at blanks, commas and `=`. A line with a quote, a backslash or anything
unusual takes the long road, which knows the whole grammar and finds the words for what is wrong. Pure.
"""

import re
from typing import Final

from ingestor.files.table import SeriesBook
from ingestor.files.times import TimeReader
from ingestor.ports import Point, Series, Value, type_of_value

_INT: Final = re.compile(r"-?\d{1,20}", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,5})?", re.ASCII)
_BOOLS: Final = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False),
}
_INT64: Final = range(-(2**63), 2**63)
_INFINITY: Final = float("inf")

_WORD: Final = r"(?:\\[,= ]|[^,= ])++"
_MEASUREMENT: Final = re.compile(r"(?:\\[, ]|[^, ])++")
_TAG: Final = re.compile(rf",({_WORD})=({_WORD})(?=[, ]|\Z)")
_KEY: Final = re.compile(r'((?:\\[,= "]|[^,= ])++)=')
_TEXT: Final = re.compile(r'"((?:\\.|[^"\\])*+)"', re.DOTALL)
_BARE: Final = re.compile(r"[^, ]++")
_TIME: Final = re.compile(r" +(-?\d{1,20}) *\Z", re.ASCII)
_HEAD_END: Final = re.compile(r"(?<!\\) ")
_PLAIN_VALUE: Final = r'[-+]?(?:\d{1,18}i|[\d.]{1,20}+(?:[eE][-+]?\d\d?)?)|"(?:\\.|[^"\\])*+"|[a-zA-Z]++'
_PLAIN_PAIR: Final = rf'[^,= "\\]++=(?:{_PLAIN_VALUE})'
_PLAIN: Final = re.compile(rf"{_PLAIN_PAIR}(?:,{_PLAIN_PAIR})*+ -?\d{{1,20}}", re.ASCII | re.DOTALL)
"""Fields and a time that are easy to take apart, their numbers too short to be out of range or hard to read."""
_PLAIN_FIELD: Final = re.compile(rf'(?:\A|,)([^,= "\\]++)=({_PLAIN_VALUE})(?=[, ])', re.ASCII | re.DOTALL)
_DIGITS: Final = frozenset("0123456789")
_CUT_OFF: Final = " \t\0"  # the server takes them for blanks at the start of a line

_REMEMBERED: Final = 20_000  # series
_SHOWN: Final = 60  # characters

_Tags = tuple[tuple[str, str], ...]


class LineError(ValueError):
    """A line is no point; says why."""


class UnfinishedError(LineError):
    """A text in the line is not closed: perhaps it goes on in the next line."""


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
        line = line.lstrip(_CUT_OFF)
        try:
            return self._short_road(line) or self._long_road(line)
        except LineError:
            raise
        except ValueError as error:  # of its time
            raise LineError(str(error)) from None

    def _short_road(self, line: str) -> Point | None:
        """The point of a line without escapes in the names of fields; None where there is anything unusual about it."""
        at = line.find(" ")
        if line[at - 1 : at] == "\\":
            end = _HEAD_END.search(line)
            at = end.start() if end else -1
        head, rest = line[:at], line[at + 1 :]
        if at < 0 or not _PLAIN.fullmatch(rest):
            return None
        fields: dict[str, Value] = {}
        found = _PLAIN_FIELD.findall(rest)
        try:
            for name, text in found:
                last = text[-1]
                if last in _DIGITS:
                    fields[name] = float(text)
                elif last == "i":
                    fields[name] = int(text[:-1])
                else:
                    fields[name] = _unquote(text) if last == '"' else _BOOLS[text]
        except (ValueError, KeyError):
            return None
        if len(fields) < len(found):
            return None
        return self._point(head, fields, self._times.number(rest[rest.rindex(" ") + 1 :]))

    def _long_road(self, line: str) -> Point:
        at = _read_head(line)[2]
        fields, end = _read_fields(line, at)
        time = _TIME.match(line, end)
        if time is None:
            rest = line[end:].strip()
            raise LineError(f"has {_show(rest)} in place of a time" if rest else "has no time")
        return self._point(line[:at], fields, self._times.number(time[1]))

    def _point(self, head: str, fields: dict[str, Value], time_ns: int) -> Point:
        kinds = tuple(map(type, fields.values()))
        key = (head, *fields, *kinds)
        series = self._series.get(key)
        if series is None:
            measurement, tags, end = _read_head(head)
            if end < len(head):
                raise LineError(f"has {_show(head[end:])} among its tags")
            if len(self._series) >= _REMEMBERED:
                self._series.clear()
            types = tuple((name, type_of_value[kind]) for name, kind in zip(fields, kinds, strict=True))
            series = self._series[key] = self._book.of(measurement, tags, types)
        return Point(series, time_ns, fields)


def _read_head(line: str) -> tuple[str, _Tags, int]:
    """The measurement and the tags, sorted, and where they end."""
    start = _MEASUREMENT.match(line)
    if start is None:
        raise LineError("begins with no measurement")
    tags: dict[str, str] = {}
    at = start.end()
    while found := _TAG.match(line, at):
        name = _unescape(found[1])
        if name in tags:
            raise LineError(f"has the tag {_show(name)} twice")
        tags[name] = _unescape(found[2])
        at = found.end()
    if line.startswith(",", at):
        raise LineError(f"has a tag without a name or a value at {_show(line[at:])}")
    return re.sub(r"\\([, ])", r"\1", start[0]), tuple(sorted(tags.items())), at


def _read_fields(line: str, at: int) -> tuple[dict[str, Value], int]:
    """The fields after the tags, and where they end."""
    at = len(line) - len(line[at:].lstrip(" "))
    fields: dict[str, Value] = {}
    while True:
        key = _KEY.match(line, at)
        if key is None:
            raise LineError(f"has no field at {_show(line[at:])}" if line[at:].strip() else "has no field")
        name = re.sub(r'\\([,= "])', r"\1", key[1])
        if name in fields:
            raise LineError(f"has the field {_show(name)} twice")
        fields[name], at = _read_value(line, key.end(), name)
        if not line.startswith(",", at):
            return fields, at
        at += 1


def _read_value(line: str, at: int, name: str) -> tuple[Value, int]:
    """The value of a field, and where it ends."""
    if line.startswith('"', at):
        text = _TEXT.match(line, at)
        if text is None:
            raise UnfinishedError(f"field {_show(name)} has a text without an end")
        return _unquote(text[0]), text.end()
    bare = _BARE.match(line, at)
    value = _number(bare[0]) if bare else None
    if bare is None or value is None:
        said = bare[0] if bare else ""
        raise LineError(f"field {_show(name)} is {_show(said)}: neither a number of 64 bits nor true, false or a text")
    return value, bare.end()


def _number(text: str) -> float | int | bool | None:
    """A value that is no text; None where it is none that can be stored."""
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if -_INFINITY < number < _INFINITY else None
    if text[-1:] in {"i", "u"} and _INT.fullmatch(text, 0, len(text) - 1):
        whole = int(text[:-1])
        return whole if whole in _INT64 and (text[-1] == "i" or whole >= 0) else None
    return _BOOLS.get(text)


def _unquote(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def _unescape(word: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", word) if "\\" in word else word


def _show(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
