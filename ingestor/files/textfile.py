"""Text files line by line, plain or compressed, in bounded memory; lines can be given back."""

import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from ingestor.files.table import FileError

MAX_LINE: int = 4 * 2**20
"""Characters of a line, or of lines that belong together."""

_GZIP = b"\x1f\x8b"
_UTF16 = ("\udcff\udcfe", "\udcfe\udcff")
_NO_UTF8 = re.compile("[\ud800-\udfff]")


def is_cut(line: str) -> bool:
    """Whether a line is longer than MAX_LINE, so that its rest is missing."""
    return len(line) >= MAX_LINE and not line.endswith("\n")


def flaw_of(line: str) -> str:
    """Why a line is not to be read, whatever stands in it; "" where it may be."""
    if len(line) < MAX_LINE and line.isascii():  # nearly all of them
        return ""
    if is_cut(line):
        return f"is longer than {MAX_LINE:,} characters"
    return "is not in UTF-8: save the file in that encoding" if _NO_UTF8.search(line) else ""


class TextFile:
    """A file that is read line by line; use it as a context manager.

    What is not UTF-8 becomes lone surrogates: such a line alone is refused (`flaw_of`), not the file.

    Args:
        path: The file; what begins as gzip does is decompressed.

    Attributes:
        size: Of the file, in bytes.
        at: The number of the line read last, from 1.

    Raises:
        OSError: When entered: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._back: deque[str] = deque()
        self.size = 0
        self.at = 0

    def __enter__(self) -> Self:
        self._raw = self._path.open("rb")
        self.size = self._path.stat().st_size
        packed = self._raw.peek(2)[:2] == _GZIP
        data = cast("IO[bytes]", gzip.GzipFile(fileobj=self._raw) if packed else self._raw)
        self._text = io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape", newline="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()
        self._raw.close()

    @property
    def done(self) -> int:
        """How many bytes of the file were read."""
        return self._raw.tell()

    def next(self) -> str | None:
        """The next line with its line break; of a longer one the first MAX_LINE characters; None at the end.

        Raises:
            FileError: The file is damaged from here on, or it is UTF-16.
        """
        try:
            line = self._back.popleft() if self._back else self._read()
        except (EOFError, OSError, zlib.error) as error:
            raise FileError(f"{self._path} cannot be read beyond line {self.at:,}: {error}") from None
        if not line:
            return None
        if not self.at and line.startswith(_UTF16):
            raise FileError(f"{self._path} is in UTF-16: save it in UTF-8")
        self.at += 1
        return line

    def give_back(self, lines: list[str]) -> None:
        """The lines read last will come again."""
        self._back.extendleft(reversed(lines))
        self.at -= len(lines)

    def lines(self) -> Iterator[str]:
        """All further lines.

        Raises:
            FileError: The file is damaged from here on.
        """
        while (line := self.next()) is not None:
            yield line

    def _read(self) -> str:
        line = rest = self._text.readline(MAX_LINE)
        while is_cut(rest):
            rest = self._text.readline(MAX_LINE)
        return line
