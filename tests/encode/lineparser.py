"""Reads line protocol by its documented grammar, knowing nothing of how it was written."""

import re
from typing import NamedTuple

from ingestor.ports import Value


class Parsed(NamedTuple):
    """What a line says; tags in the order of the line."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: dict[str, Value]
    time_ns: int


_WORD = r"(?:\\[,= ]|[^,= \n])+"
_MEASUREMENT = re.compile(r"(?:\\[, ]|[^, \n])+")
_TAG = re.compile(rf",({_WORD})=({_WORD})")
_FIELD = re.compile(rf'({_WORD})=("(?:\\["\\]|[^"\\])*"|[^", \n]+)')
_TIME = re.compile(r" (-?\d+)\Z")


def parse(line: str) -> Parsed:
    """What a line says.

    Raises:
        AssertionError: It is no line of a point with a time.
    """
    start = _MEASUREMENT.match(line)
    assert start, line
    assert not line.startswith("#"), line
    at, tags = start.end(), []
    while found := _TAG.match(line, at):
        tags.append((_unescape(found[1]), _unescape(found[2])))
        at = found.end()
    fields: dict[str, Value] = {}
    separator = " "
    while line[at] == separator and (found := _FIELD.match(line, at + 1)):
        assert _unescape(found[1]) not in fields, line
        fields[_unescape(found[1])] = _value(found[2])
        at, separator = found.end(), ","
    time = _TIME.match(line, at)
    assert time, line
    assert fields, line
    return Parsed(re.sub(r"\\([, ])", r"\1", start[0]), tuple(tags), fields, int(time[1]))


def _unescape(word: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", word)


def _value(text: str) -> Value:
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in {"True", "False"}:
        return text == "True"
    if text.endswith("i"):
        return int(text[:-1])
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text), text
    return float(text)
