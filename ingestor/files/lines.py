"""Line protocol files: their points, line by line, and the lines of points."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ingestor.encode.line import LineEncoder
from ingestor.files.lineprotocol import LineError, LineParser, UnfinishedError
from ingestor.files.table import Block, BlockPoints, Layout, Reading, SeriesBook, Unreadable
from ingestor.files.textfile import MAX_LINE, TextFile, flaw_of, is_cut

_CLOSED = re.compile(r'(?:\\.|[^"\\])*+"', re.DOTALL)
_MAX_JOINED = 64  # attempts for one text: each reads all of it again


def read_lines(file: TextFile, parser: LineParser) -> Iterator[Reading | Unreadable]:
    """The points of a file; comments and empty lines are passed over.

    A text may go on over several lines. Where it never ends, its first line alone is refused, and reading goes on
    with the line after it.

    Raises:
        FileError: The file is damaged.
    """
    for line in file.lines():
        text = line.rstrip("\r\n")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        at = file.at
        if why := flaw_of(line):
            yield Unreadable(at, "" if is_cut(line) else text, why)
            continue
        try:
            yield Reading(at, text, parser.parse(text))
        except UnfinishedError as error:
            yield _joined(file, line, parser) or Unreadable(at, text, str(error))
        except LineError as error:
            yield Unreadable(at, text, str(error))


def _joined(file: TextFile, line: str, parser: LineParser) -> Reading | None:
    """The point of a line whose text goes on in the lines after it; where there is none, these come again."""
    at = file.at
    more: list[str] = []
    for _ in range(_MAX_JOINED):
        if not _close(file, more, room=MAX_LINE - len(line)):
            break
        raw = (line + "".join(more)).rstrip("\r\n")
        try:
            return Reading(at, raw, parser.parse(raw))
        except UnfinishedError:
            continue
        except LineError:
            break
    file.give_back(more)
    return None


def _close(file: TextFile, more: list[str], *, room: int) -> bool:
    """Read on to the next line with a quote that may end a text."""
    room -= sum(map(len, more))
    while room > 0 and (line := file.next()) is not None:
        more.append(line)
        room -= len(line)
        if flaw_of(line):
            return False
        if _CLOSED.match(line):
            return True
    return False


class Written(NamedTuple):
    """Lines, each with its line break; how many values line protocol cannot carry, and why it cannot the first."""

    text: str
    refused: int
    why: str


class LineWriter:
    """Turns blocks into lines.

    Args:
        layout: Of the blocks.
        book: Where series come from.
    """

    def __init__(self, layout: Layout, book: SeriesBook) -> None:
        self._points = BlockPoints(layout, book)
        self._encoder = LineEncoder()

    def encode(self, block: Block) -> Written:
        """The lines of a block."""
        points = self._points.points(block)
        lines, rejections = self._encoder.encode(points)
        refused = sum(len(one.fields or points[one.at].fields) for one in rejections)
        why = rejections[0].detail if rejections else ""
        return Written("".join(f"{line}\n" for line in lines if line), refused, why)
