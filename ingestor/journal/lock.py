"""One process at a time writes a journal."""

import fcntl
import os
from pathlib import Path
from typing import Final

from ingestor.errors import DataDirError

NAME: Final = "lock"


class Lock:
    """A lock on a folder, held until closed or until the process ends, however it ends. Readers need none.

    Args:
        folder: Where the file `lock` is; it holds the number of the process, for people.

    Raises:
        DataDirError: Another process holds it.
        OSError: The file cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise DataDirError(
                f"{folder} is in use by another ingestor (process {owner}): "
                "stop it, or give this one a data_dir of its own"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let the next process in."""
        os.close(self._file)
