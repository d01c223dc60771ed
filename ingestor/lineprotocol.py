"""The grammar of InfluxDB's line protocol, read strictly: what InfluxDB would not store is refused with a reason.

Most lines take a short road, which splits them at blanks, commas and `=`. A line with a quote, a backslash or anything
unusual takes the long road, which knows the whole grammar and finds the words for what is wrong.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ingestor.ports import Value

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
_TIME: Final = re.compile(r"(?: +(-?\d{1,20}))? *\Z", re.ASCII)
_HEAD_END: Final = re.compile(r"(?<!\\) ")
_PLAIN_VALUE: Final = r'[-+]?(?:\d{1,18}i|[\d.]{1,20}+(?:[eE][-+]?\d\d?)?)|"(?:\\.|[^"\\])*+"|[a-zA-Z]++'
_PLAIN_PAIR: Final = rf'[^,= "\\]++=(?:{_PLAIN_VALUE})'
_PLAIN: Final = re.compile(rf"{_PLAIN_PAIR}(?:,{_PLAIN_PAIR})*+ -?\d{{1,20}}", re.ASCII | re.DOTALL)
"""Fields and a time that are easy to take apart, their numbers too short to be out of range or hard to read."""
_PLAIN_FIELD: Final = re.compile(rf'(?:\A|,)([^,= "\\]++)=({_PLAIN_VALUE})(?=[, ])', re.ASCII | re.DOTALL)
_DIGITS: Final = frozenset("0123456789")
_CUT_OFF: Final = " \t\0"  # the server takes them for blanks at the start of a line
_ROW: Final = re.compile(
    r"""[ \t\0]*+
        (?: \#[^\n]*+                                             # a comment
          | (?:\\[^\n]?|[^\\ \n])*+                               # measurement and tags
            (?:\ (?:="(?:\\.|[^"\\])*+"|\\[^\n]?|[^\\\n])*+)?+  # fields; their texts may go on over breaks
        )\n?
    """,
    re.DOTALL | re.VERBOSE,
)
"""One line with its break."""
_SHOWN: Final = 60  # characters

Tags = tuple[tuple[str, str], ...]


class LineError(ValueError):
    """A line is no point; says why."""


class UnfinishedError(LineError):
    """A text in the line is not closed: perhaps it goes on in the next line."""


class Line(NamedTuple):
    """A line, taken apart: measurement and tags as they stand there (see `read_head`), fields, and the time if any."""

    head: str
    fields: dict[str, Value]
    time: str | None


def rows(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text that may be points, each with the number of the line that it begins in.

    Comments and empty lines are left out, and so are the breaks. The time it takes grows with the text alone.
    """
    number = 1
    for found in _ROW.finditer(text):
        row = found[0]
        inside = row.strip()
        if inside and not inside.startswith("#"):
            yield number, row.rstrip("\r\n")
        number += row.count("\n")


def parse(line: str) -> Line:
    """Take apart a line, which has no line break at its end.

    Raises:
        UnfinishedError: A text in it is not closed.
        LineError: It is no point; says why. What is wrong in its head is said by `read_head`.
    """
    line = line.lstrip(_CUT_OFF)
    return _short_road(line) or _long_road(line)


def read_head(head: str) -> tuple[str, Tags]:
    """The measurement, and the tags, sorted.

    Raises:
        LineError: It is no such thing.
    """
    measurement, tags, end = _read_head(head)
    if end < len(head):
        raise LineError(f"has {_show(head[end:])} among its tags")
    return measurement, tags


def _short_road(line: str) -> Line | None:
    """A line without escapes in the names of fields; None where there is anything unusual about it."""
    at = line.find(" ")
    if line[at - 1 : at] == "\\":
        end = _HEAD_END.search(line)
        at = end.start() if end else -1
    rest = line[at + 1 :]
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
    return Line(line[:at], fields, rest[rest.rindex(" ") + 1 :])


def _long_road(line: str) -> Line:
    at = _read_head(line)[2]
    fields, end = _read_fields(line, at)
    time = _TIME.match(line, end)
    if time is None:
        raise LineError(f"has {_show(line[end:].strip())} in place of a time")
    return Line(line[:at], fields, time[1])


def _read_head(line: str) -> tuple[str, Tags, int]:
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
