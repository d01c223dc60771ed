"""A file that is written in portions: broken off at any moment and started again, it goes on after the last of them.

`FILE.part` holds the portions and `FILE.part.json` how much of it is finished. A portion is on disk before the note
says so; what stands in `FILE.part` beyond the note is cut off when work goes on.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ingestor.files.table import FileError

Notes = dict[str, Any]


class Part:
    """The unfinished file; use it as a context manager. Only one process at a time may write it.

    Args:
        target: The file that it will be.
        asked: What is to be written: only what was begun for the same goes on.
        anew: Whether to forget what was begun.

    Attributes:
        notes: What was noted with the last finished portion; empty at the beginning.
    """

    def __init__(self, target: Path, asked: Mapping[str, Any], *, anew: bool = False) -> None:
        self._target = target
        self._asked = dict(asked)
        self._anew = anew
        self.path = Path(f"{target}.part")
        self._whole = Path(f"{target}.part.whole")
        self._note = Path(f"{target}.part.json")
        self.notes: Notes = {}

    def __enter__(self) -> Self:
        """Open it, where it was finished last.

        Raises:
            FileError: Another process writes it, it was begun for something else, or a folder is in its place.
            OSError: It cannot be written.
        """
        if self._target.is_dir():
            raise FileError(f"{self._target} is a folder: name a file")
        self._file = self._open_locked()
        try:
            done = 0
            if not self._anew and (found := self._read_note()) is not None:
                self._check(found)
                done, self.notes = found["bytes"], found["notes"]
            self._file.truncate(done)
            self._file.seek(done)
            if not done:
                self._note.unlink(missing_ok=True)
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self.notes:  # nothing of it was finished
            self.path.unlink(missing_ok=True)  # while it is locked: later it may be another's
        self._file.close()

    def write(self, data: bytes) -> None:
        """Add to the portion.

        Raises:
            OSError: The disk is full, say.
        """
        self._file.write(data)

    def finish_portion(self, notes: Notes) -> None:
        """The portion is on disk, and so is the note of it, when this returns.

        Raises:
            OSError: The disk is full, say.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        said = {"asked": self._asked, "bytes": self._file.tell(), "notes": notes}
        fresh = Path(f"{self._note}.new")
        with _removed_on_failure(fresh):
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(said, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self._note)
        self._sync_folder()
        self.notes = notes

    def complete(self, convert: Callable[[Path, Path], None] | None = None) -> None:
        """Put the whole file in its place.

        Args:
            convert: Makes the file (second) of the portions (first); without it they are the file.

        Raises:
            OSError: It cannot be written.
        """
        self._file.flush()
        if convert is None:
            self._put_in_place(self.path)
        else:
            with _removed_on_failure(self._whole):
                convert(self.path, self._whole)
                self._put_in_place(self._whole)
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def give_up(self) -> None:
        """Forget how far it is: the next one begins anew. The portions stay, for a person to look at."""
        self._note.unlink(missing_ok=True)

    def _open_locked(self) -> IO[bytes]:
        """The file, which nobody else writes.

        Between opening and locking it another process may have put it in its place or removed it: then that is
        another file by now, and it is opened anew.
        """
        while True:
            with ExitStack() as stack:
                file = stack.enter_context(self.path.open("ab"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise FileError(f"{self.path} is being written by another process") from None
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                        stack.pop_all()
                        return file

    def _put_in_place(self, whole: Path) -> None:
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.rename(self._target)
        self._sync_folder()

    def _read_note(self) -> dict[str, Any] | None:
        """What was noted, where that fits to what is there."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            found = json.loads(self._note.read_text(encoding="utf-8"))
            if found["bytes"] <= self.path.stat().st_size and found["asked"] is not None and found["notes"]:
                return dict(found)
        return None

    def _check(self, found: Mapping[str, Any]) -> None:
        if found["asked"] != self._asked:
            raise FileError(
                f"{self.path} was begun for something else; ask for the same again, or say --anew to forget it"
            )

    def _sync_folder(self) -> None:
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    """On a full disk half a file is of no use, and takes room."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
