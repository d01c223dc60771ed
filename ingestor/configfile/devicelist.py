"""The table of devices as a CSV file: the rows of `devices` in the configuration, for people with a spreadsheet; pure.

Its first line names the columns: `id`, `interval`, `from` and `until` as in the configuration, `FIELD.offset` and
`FIELD.factor` for calibration; every other column is a tag. An empty cell says nothing.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ingestor.config import Device
from ingestor.configfile.wording import fault_of
from ingestor.errors import ConfigError, Problem

_OWN = ("id", "interval", "from", "until")
_CORRECTIONS = ("offset", "factor")


def parse_devices(text: str, file: str) -> Sequence[Device]:
    """The devices that the text lists.

    Args:
        text: CSV with a line of names; commas or semicolons, whichever its first line has.
        file: What to call it where something is wrong.

    Raises:
        ConfigError: With every problem, each with its line.
    """
    devices: list[Device] = []
    problems: list[Problem] = []
    for line, row in _rows(text, file):
        where = f"{file}:{line}"
        try:
            devices.append(Device.model_validate(_nested(row)))
        except ValidationError as error:
            problems += [Problem(words, where) for words in _words(error)]
    if problems:
        raise ConfigError(problems)
    return devices


def _rows(text: str, file: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row with its line, its cells by column; empty cells are left out, and so are empty lines."""
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(), delimiter=";" if ";" in first and "," not in first else ",", strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if "id" not in names:
            raise ConfigError([Problem("the first line names the columns, and one of them is id", f"{file}:1")])
        if twice := sorted({name for name in names if not name or names.count(name) > 1}):
            raise ConfigError([Problem(f"column {twice[0]!r} is there twice, or has no name", f"{file}:1")])
        for cells in reader:
            if len(cells) > len(names):
                what = f"has {len(cells)} cells, and there are {len(names)} columns"
                raise ConfigError([Problem(what, f"{file}:{reader.line_num}")])
            row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise ConfigError([Problem(f"not CSV: {error}", f"{file}:{reader.line_num}")]) from None


def _nested(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"tags": {}, "calibration": {}}
    for name, cell in row.items():
        field, dot, what = name.rpartition(".")
        if name in _OWN:
            found[name] = cell
        elif dot and what in _CORRECTIONS:
            found["calibration"].setdefault(field, {})[what] = cell
        else:
            found["tags"][name] = cell
    return found


def _words(error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False):
        loc = ("devices", 0, *found["loc"])
        name = ".".join(str(part) for part in found["loc"] if part not in {"calibration", "tags"})
        yield f"{name}: {fault_of({**found, 'loc': loc}, texts={}).what}"
