"""What could not be imported, in a file beside the imported one: mended there, that can be imported itself."""

from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ingestor.files.table import FileError, Reading, Unreadable


class Rejected:
    """`farm.rejected.csv` beside `farm.csv.gz`, made when something is rejected; use it as a context manager.

    Above each line stands a comment with its number and the reason; in front stands what the format needs there.

    Args:
        file: The imported file.
        head: What any part of it needs in front.
        unit: What numbers count: lines or rows.

    Attributes:
        path: Where they are; None while there are none.
    """

    def __init__(self, file: Path, *, head: str, unit: str) -> None:
        self._target = file.with_name(_name(file.name))
        self._head = head
        self._unit = unit
        self._file: IO[str] | None = None
        self.path: Path | None = None

    def __enter__(self) -> Self:
        """Nothing of an earlier import stays.

        Raises:
            FileError: What stands in its place cannot be removed.
        """
        try:
            self._target.unlink(missing_ok=True)
        except OSError as error:
            raise self._told(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._file is not None:
                self._file.close()
        except OSError as full:
            raise self._told(full) from None

    def add(self, item: Reading | Unreadable, reason: str) -> None:
        """Write one of them.

        Raises:
            FileError: The disk is full, say.
        """
        raw = item.raw or (_as_text(item) if isinstance(item, Reading) else "")
        said = reason.replace("\n", " ").replace("\r", " ")
        text = f"# {self._unit} {item.at}: {said}\n{raw}\n" if raw else f"# {self._unit} {item.at}: {said}\n"
        try:
            if self._file is None:
                self._file = self._target.open("w", encoding="utf-8", errors="surrogateescape", newline="")
                self.path = self._target
                self._file.write(self._head)
            self._file.write(text)
        except OSError as error:
            raise self._told(error) from None

    def _told(self, error: OSError) -> FileError:
        return FileError(f"{self._target} cannot be written: {error.strerror}")


def _name(name: str) -> str:
    stem, _, suffix = name.removesuffix(".gz").rpartition(".")
    return f"{stem}.rejected.{suffix if suffix in {'csv', 'lp'} else 'txt'}"


def _as_text(item: Reading) -> str:
    """A reading of a file that is no text."""
    series, time_ns, fields = item.point
    return f"# {series!r} at {time_ns} ns: {', '.join(f'{name}={value!r}' for name, value in fields.items())}"
