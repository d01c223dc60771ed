"""CSV as this program writes it: any spreadsheet reads it, and `ingestor import` gives back the same. Pure.

One header line. `time` and `measurement` come first, then the tags (`rack:tag`), then the fields with their type and,
where they have one, their unit (`temperature:float:°C`). Times are ISO 8601 in UTC with nanoseconds, floats the
shortest text that gives the same number. An empty cell says that there is nothing, `""` is the empty text.
"""

import re
from collections.abc import Sequence
from itertools import repeat
from typing import Final

from ingestor.files.table import Block, Column, Layout
from ingestor.files.times import iso_times
from ingestor.ports import FieldType, Value

TIME: Final = "time"
MEASUREMENT: Final = "measurement"

_NEEDS_QUOTES: Final = re.compile(r'[",\r\n;\t]|^\s|\s$|^#')
_PART: Final = re.compile(r"(?:\\.|[^:\\])*+", re.DOTALL)
_TAG: Final = "tag"


def header(layout: Layout) -> str:
    """The first line of a file."""
    cells = [TIME, MEASUREMENT, *(f"{_escape(tag)}:{_TAG}" for tag in layout.tags), *map(_heading, layout.fields)]
    return ",".join(map(cell, cells)) + "\n"


def encode(layout: Layout, block: Block) -> str:
    """The lines of a block."""
    columns: list[Sequence[str]] = [_texts(values) for values in block.tags]
    columns += [_cells(values, field.type) for values, field in zip(block.fields, layout.fields, strict=True)]
    measurement = repeat(cell(layout.measurement), len(block.times))
    rows = zip(iso_times(block.times), measurement, *columns, strict=True)
    return "".join(f"{line}\n" for line in map(",".join, rows))


def cell(text: str | None) -> str:
    """A text as it stands in a line; nothing at all for None."""
    if text is None:
        return ""
    if not text or _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def read_heading(heading: str) -> str | Column | None:
    """What the heading of a column says: a field, the name of a tag, or None where it is not one of ours."""
    parts = _split(heading)
    name = _unescape(parts[0])
    if len(parts) == 2 and parts[1] == _TAG:
        return name
    if len(parts) in {2, 3} and parts[1] in set(FieldType):
        return Column(name, FieldType(parts[1]), _unescape(parts[2]) if len(parts) == 3 else None)
    return None


def _split(heading: str) -> list[str]:
    """The parts between the colons that no backslash precedes."""
    parts, at = [], 0
    while found := _PART.match(heading, at):
        parts.append(found[0])
        at = found.end() + 1
        if at > len(heading) or heading[at - 1] != ":":
            break
    return parts


def _heading(field: Column) -> str:
    unit = f":{_escape(field.unit)}" if field.unit else ""
    return f"{_escape(field.name)}:{field.type.value}{unit}"


def _escape(name: str) -> str:
    return name.replace("\\", r"\\").replace(":", r"\:")


def _unescape(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL)


def _cells(values: Sequence[Value | None], kind: FieldType) -> Sequence[str]:
    if kind is FieldType.TEXT:
        return _texts(values)
    if kind is FieldType.BOOL:
        said = {None: "", True: "true", False: "false"}
        return [said[value] for value in values]  # type: ignore[index] # they are bools
    return ["" if value is None else repr(value) for value in values]


def _texts(values: Sequence[Value | None]) -> Sequence[str]:
    """Mostly the same few texts again and again."""
    said = {text: cell(text) for text in set(values)}  # type: ignore[arg-type] # they are texts
    return [said[text] for text in values]
