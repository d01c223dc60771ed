"""The readings of a file, whatever its format: its name says it, and of CSV its first line."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from ingestor.files.annotated import is_annotated, read_annotated
from ingestor.files.lineprotocol import LineParser
from ingestor.files.lines import read_lines
from ingestor.files.parquet import ParquetReadings
from ingestor.files.sheet import Roles, read_sheet
from ingestor.files.table import FileError, Reading, SeriesBook, Unreadable
from ingestor.files.textfile import TextFile
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType

_SUFFIXES = (".csv", ".csv.gz", ".lp", ".lp.gz", ".parquet")
_MOST_HEAD = 100  # lines


@dataclass(frozen=True, slots=True)
class Options:
    """What a person says of a file.

    Attributes:
        bucket: Where its readings go.
        roles: What its columns are.
        times: How times are read.
    """

    bucket: str
    roles: Roles = field(default_factory=Roles)
    times: TimeReader = field(default_factory=TimeReader)


class Readings(NamedTuple):
    """What a file holds.

    Attributes:
        items: Its readings, and what is none.
        share: How much of it was read, from 0 to 1.
        head: The lines that any part of it needs in front: the header of CSV.
        unit: What `at` of an item counts.
    """

    items: Iterator[Reading | Unreadable]
    share: Callable[[], float]
    head: str = ""
    unit: str = "line"


@contextmanager
def open_readings(path: Path, options: Options, *, known: Mapping[str, FieldType]) -> Iterator[Readings]:
    """The readings of a file, which is closed in the end.

    Args:
        path: The file.
        options: What is said of it.
        known: The types of a model's fields, which are not guessed.

    Raises:
        FileError: It cannot be read, now or while its readings are taken.
    """
    suffix = next((suffix for suffix in _SUFFIXES if path.name.endswith(suffix)), None)
    if suffix is None:
        raise FileError(f"{path}: the name says what it is: one of {', '.join(_SUFFIXES)}")
    try:
        with ExitStack() as stack:
            yield _opened(stack, path, suffix, options, known)
    except FileError as error:
        raise FileError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def _opened(stack: ExitStack, path: Path, suffix: str, options: Options, known: Mapping[str, FieldType]) -> Readings:
    try:
        if not S_ISREG(path.stat().st_mode):
            raise FileError(f"{path} is no file, but a folder, a pipe or a device")
        if suffix == ".parquet":
            file = ParquetReadings(path, bucket=options.bucket, roles=options.roles, times=options.times)
            stack.callback(file.close)
            return Readings(file.read(), lambda: file.done / max(file.rows, 1), unit="row")
        return _of_text(stack.enter_context(TextFile(path)), options, known, lines=suffix.startswith(".lp"))
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None


def _of_text(text: TextFile, options: Options, known: Mapping[str, FieldType], *, lines: bool) -> Readings:
    def share() -> float:
        return text.done / max(text.size, 1)

    bucket, roles, times = options.bucket, options.roles, options.times
    head = _head(text)
    if not head:
        raise FileError("there is nothing in it to import")
    if lines:
        return Readings(read_lines(text, LineParser(SeriesBook(bucket), times)), share)
    if is_annotated(head):
        items = read_annotated(text, bucket=bucket, measurement=roles.measurement, times=times)
    else:
        items = read_sheet(text, bucket=bucket, roles=roles, times=times, known=known)
    return Readings(items, share, head)


def _head(text: TextFile) -> str:
    """The header and the annotations before it."""
    head: list[str] = []
    for line in text.lines():
        head.append(line)
        if (line.strip() and not is_annotated(line)) or len(head) == _MOST_HEAD:
            break
    text.give_back(head)
    return "".join(head)
