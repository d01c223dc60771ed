"""The records of a CSV file: lines, or several lines where a quoted cell has line breaks in it."""

from collections.abc import Iterator
from typing import NamedTuple

from ingestor.files.cells import Splitter
from ingestor.files.table import Unreadable
from ingestor.files.textfile import MAX_LINE, TextFile, flaw_of, is_cut

BAD_QUOTES = "has a quote that is not closed, or that stands inside of a cell without quotes"

_COMMENT = "# line "
"""How a line begins that tells why the one below it was rejected."""


class Record(NamedTuple):
    """A record: the line where it begins, from 1, that as it is written, and its cells."""

    at: int
    raw: str
    cells: list[str | None]


def read_records(file: TextFile, splitter: Splitter) -> Iterator[Record | Unreadable]:
    """The records of a file; empty lines are passed over, and those that tell why others were rejected.

    Where quotes are wrong, the first line alone is refused, and reading goes on with the line after it.

    Raises:
        FileError: The file is damaged.
    """
    for line in file.lines():
        if not line.strip() or line.startswith(_COMMENT):
            continue
        at, more = file.at, []
        odd = line.count('"') % 2 == 1
        room = MAX_LINE - len(line)
        while odd and room > 0 and (following := file.next()) is not None:
            more.append(following)
            odd ^= following.count('"') % 2 == 1
            room -= len(following)
        raw = (line + "".join(more)).rstrip("\r\n") if more else line.rstrip("\r\n")
        why = flaw_of(line)
        if more and not why:
            why = next(filter(None, map(flaw_of, more)), "")
        cells = None if odd or why else splitter.split(raw)
        if cells is None:
            file.give_back(more)
            yield Unreadable(at, "" if is_cut(line) else line.rstrip("\r\n"), why or BAD_QUOTES)
        else:
            yield Record(at, raw, cells)
