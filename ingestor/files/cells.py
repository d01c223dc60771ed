"""Cells of CSV: how a line falls into them, and what each of them says. Pure."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from ingestor.ports import FieldType, Value

_INT: Final = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,5})?", re.ASCII)
_WITH_COMMA: Final = re.compile(r"[+-]?\d[\d.,]{0,400}", re.ASCII)
_BOOLS: Final = {"true": True, "t": True, "false": False, "f": False}
_INT64: Final = range(-(2**63), 2**63)
_INFINITY: Final = float("inf")
_SHOWN: Final = 40
_SEPARATORS: Final = ",;\t"


class Splitter:
    """Splits the lines of one file.

    Args:
        separator: What stands between cells.
    """

    def __init__(self, separator: str) -> None:
        self._separator = separator
        between = re.escape(separator)
        cell = rf' *"(?:[^"]|"")*+" *|[^"{between}]*+'
        self._line = re.compile(rf"(?:{cell})(?:{between}(?:{cell}))*+")
        self._cells = re.compile(rf"(?:\A|{between})({cell})")

    def split(self, line: str) -> list[str | None] | None:
        """The cells of a line: None where nothing stands, "" for the empty text; None for all if quotes are wrong."""
        if '"' not in line:
            return [cell or None for cell in line.split(self._separator)]
        if not self._line.fullmatch(line):
            return None
        return [_unquoted(cell) if '"' in cell else cell or None for cell in self._cells.findall(line)]


def _unquoted(cell: str) -> str:
    return cell.strip(" ")[1:-1].replace('""', '"')


def separator_of(line: str) -> str:
    """What stands between the cells of a header: comma, semicolon or tab."""
    return max(_SEPARATORS, key=line.count)


def guess_type(cells: Iterable[str | None]) -> FieldType:
    """What a column holds, as far as some of its cells tell: numbers are floats, unless somebody says otherwise."""
    said = [cell for cell in cells if cell is not None]
    if said and all(map(_FLOAT.fullmatch, said)):
        return FieldType.FLOAT
    if said and all(cell.lower() in {"true", "false"} for cell in said):
        return FieldType.BOOL
    return FieldType.TEXT


def have_commas(cells: Iterable[str | None]) -> bool:
    """Whether these are numbers with a comma in some of them, of which nobody can say what it means."""
    said = [cell for cell in cells if cell is not None]
    return any("," in cell for cell in said) and all(map(_WITH_COMMA.fullmatch, said))


def reader_of(kind: FieldType) -> Callable[[str], Value]:
    """What reads the cells of a column; it raises ValueError with the reason where a cell holds no such value."""
    readers: dict[FieldType, Callable[[str], Value]] = {
        FieldType.FLOAT: _float,
        FieldType.INT: _int,
        FieldType.BOOL: _bool,
        FieldType.TEXT: str,
    }
    return readers[kind]


def shown(text: str) -> str:
    """A cell or a name for people, however long it is."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def twice(names: Iterable[str]) -> str | None:
    """The first name that occurs a second time."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _float(text: str) -> float:
    number = float(text) if _FLOAT.fullmatch(text) else _INFINITY
    if not -_INFINITY < number < _INFINITY:
        raise ValueError(f"{shown(text)} is no finite number")
    return number


def _int(text: str) -> int:
    number = int(text) if _INT.fullmatch(text) else None
    if number is None or number not in _INT64:
        raise ValueError(f"{shown(text)} is no whole number of 64 bits")
    return number


def _bool(text: str) -> bool:
    try:
        return _BOOLS[text.lower()]
    except KeyError:
        raise ValueError(f"{shown(text)} is neither true nor false") from None
