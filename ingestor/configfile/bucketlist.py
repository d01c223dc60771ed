"""A list of buckets in a file of its own, `buckets.json`: the rows of `buckets` in the configuration, in JSON; pure."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from ingestor.config import Bucket
from ingestor.configfile.wording import fault_of
from ingestor.errors import ConfigError, Problem

_SPACE = " \t\r\n"


class _Row(NamedTuple):
    """An item of the list as it was read; `repeated` are keys that it gives twice."""

    value: object
    line: int
    repeated: Sequence[str]


def parse_buckets(text: str, file: str) -> Sequence[Bucket]:
    """The buckets that the text lists.

    Args:
        text: A JSON list of objects with `name`, `description` and `retention`, the last two of them optional.
        file: What to call it where something is wrong.

    Raises:
        ConfigError: With every problem, each with its line.
    """
    buckets: list[Bucket] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    try:
        rows = list(_rows(text))
    except json.JSONDecodeError as error:
        raise ConfigError([Problem(f"not JSON: {error.msg}", f"{file}:{error.lineno}")]) from None
    except RecursionError:
        raise ConfigError([Problem("not a list of buckets: it is nested too deep", file)]) from None
    except ValueError:  # Python reads no integer of thousands of digits
        raise ConfigError([Problem("not a list of buckets: a number in it is too long", file)]) from None
    for row in rows:
        where = f"{file}:{row.line}"
        problems += [Problem(f"{key}: given twice", where) for key in row.repeated]
        try:
            bucket = Bucket.model_validate(row.value)
        except ValidationError as error:
            problems += [Problem(words, where) for words in _words(error)]
            continue
        if bucket.name in lines:
            problems.append(Problem(f"{bucket.name}: declared in line {lines[bucket.name]} already", where))
        lines.setdefault(bucket.name, row.line)
        buckets.append(bucket)
    if problems:
        raise ConfigError(problems)
    return buckets


def _rows(text: str) -> Iterator[_Row]:
    """The items of the list, each with its line, which JSON's own reader does not tell."""
    repeated: list[str] = []

    def an_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return dict(pairs)

    decoder = json.JSONDecoder(object_pairs_hook=an_object)
    at = _expect(text, 0, "[")
    more = text[at : at + 1] != "]"
    while more:
        value, end = decoder.raw_decode(text, at)
        yield _Row(value, text.count("\n", 0, at) + 1, tuple(repeated))
        repeated.clear()
        end = _skip(text, end)
        more = text[end : end + 1] != "]"
        at = _expect(text, end, ",") if more else end
    end = _skip(text, at + 1)
    if end < len(text):
        raise json.JSONDecodeError("the list has ended, and something follows", text, end)


def _expect(text: str, at: int, sign: str) -> int:
    """Where it goes on after the sign."""
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        needed = "a list of buckets begins with [" if sign == "[" else "expecting , or ]"
        raise json.JSONDecodeError(needed, text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _words(error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False):
        if found["type"] == "model_type":
            yield 'a bucket is an object, like {"name": "Farm", "description": "", "retention": "30d"}'
            continue
        loc = ("buckets", 0, *found["loc"])
        what = (
            "must be text, in quotes"
            if found["type"] == "string_type"
            else fault_of({**found, "loc": loc}, texts={}).what
        )
        yield f"{'.'.join(map(str, found['loc']))}: {what}"
