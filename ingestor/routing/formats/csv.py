"""Format `csv`: lines of cells (RFC 4180), each line a reading."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Final

from ingestor.config.routes import CsvOf
from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.value import read_word
from ingestor.routing.unpack import MAX_READINGS
from ingestor.routing.wire import Values, Wire
from ingestor.routing.words import show
from sensors import Kind

_TRUTH: Final = {"true": True, "false": False}


class CsvFormat:
    """Lines of cells; an empty cell says nothing, and a column without a name is passed over.

    Args:
        rule: The delimiter, and the columns: where it names none, the first line of each payload does.
        kinds: What known columns hold. A cell of any other is a number, true or false where it reads as one, else text.

    Raises:
        ValueError: There can be no such delimiter, or two columns have the same name.
    """

    def __init__(self, rule: CsvOf, kinds: Mapping[str, Kind]) -> None:
        if rule.delimiter in '" \r\n':
            raise ValueError("csv.delimiter: quotes, blanks and line breaks cannot stand between cells")
        if twice := _twice(rule.columns):
            raise ValueError(f"csv.columns: {twice} is there twice")
        self._delimiter = rule.delimiter
        self._columns = rule.columns
        self._kinds = kinds

    def reader(self, wire: Wire) -> Callable[[bytes], Values] | None:  # noqa: ARG002 - it would read one line only
        """See `Format`."""
        return None

    def load(self, payload: bytes, *, exact: bool = False) -> list[Values | UnreadableError]:
        """See `Format`; a line with more or fewer cells than there are columns stands there as its error."""
        try:
            text = payload.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            raise UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8") from wrong
        lines = self._lines(text)
        columns = self._columns or _named(lines)
        readings = [self._reading(number, columns, cells, exact=exact) for number, cells in lines]
        if not readings:
            raise UnreadableError(Reason.EMPTY, "the payload has no line with values")
        return readings

    def _lines(self, text: str) -> Iterator[tuple[int, Sequence[str]]]:
        """The lines that say something, by the number of their last one: a quoted cell may go over several."""
        lines = csv.reader(StringIO(text, newline=""), delimiter=self._delimiter, strict=True)
        try:
            for count, cells in enumerate(line for line in lines if any(map(str.strip, line))):
                if count > MAX_READINGS:
                    raise UnreadableError(Reason.FORMAT, f"more than {MAX_READINGS:,} readings in one payload")
                yield lines.line_num, cells
        except csv.Error as error:
            raise UnreadableError(Reason.FORMAT, f"not CSV: {error} in line {lines.line_num:,}") from error

    def _reading(
        self, number: int, columns: Sequence[str], cells: Sequence[str], *, exact: bool
    ) -> Values | UnreadableError:
        if len(cells) != len(columns):
            said = f"line {number:,} has {len(cells):,} cells where {len(columns):,} belong"
            return UnreadableError(Reason.FORMAT, said)
        return {
            name: self._value(name, cell, exact=exact)
            for name, cell in zip(columns, cells, strict=True)
            if name and cell.strip()
        }

    def _value(self, name: str, cell: str, *, exact: bool) -> object:
        kind = self._kinds.get(name)
        if kind is Kind.TEXT:
            return cell
        word = cell.strip()
        if kind is None and word.lower() in _TRUTH:
            return _TRUTH[word.lower()]
        value = read_word(word, kind or Kind.FLOAT)
        return word if exact and isinstance(value, float) else value


def _named(lines: Iterator[tuple[int, Sequence[str]]]) -> Sequence[str]:
    """The columns as the first line names them."""
    columns = [cell.strip() for cell in next(lines, (0, []))[1]]
    if twice := _twice(columns):
        raise UnreadableError(Reason.FORMAT, f"two columns are called {show(twice)}")
    return columns


def _twice(columns: Sequence[str]) -> str | None:
    """The first name that two columns have."""
    return next((name for name, count in Counter(columns).items() if name and count > 1), None)
