"""The few system calls that make bytes durable; tests put a failing disk in their place."""

import fcntl
import os
import sys
from itertools import pairwise
from pathlib import Path

_PAGE_BYTES = 4096


class Disk:
    """Where segment files are written. Blocking; every call raises OSError when the disk does."""

    def create(self, path: Path) -> int:
        """Make a new file, durable in its folder, and return its descriptor."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            self.sync_folder(path.parent)
        except OSError:
            os.close(file)
            path.unlink()
            raise
        return file

    def write(self, file: int, data: bytes, *, at: int) -> None:
        """Write all of `data` at an offset. What is there after an error is undefined."""
        view = memoryview(data)
        while view:
            written = os.pwrite(file, view, at)
            view, at = view[written:], at + written

    def pave(self, file: int, data: bytes, *, at: int) -> None:
        """Write all of `data`, which is to be overwritten bit by bit.

        A page at a time: Linux keeps what was written in one go together in memory, and takes all of that for changed
        when any of it is.
        """
        edges = [at, *range(at + _PAGE_BYTES - at % _PAGE_BYTES, at + len(data), _PAGE_BYTES), at + len(data)]
        for start, end in pairwise(edges):
            self.write(file, data[start - at : end - at], at=start)

    def sync(self, file: int) -> None:
        """Return when the file's content is on the disk itself."""
        if sys.platform == "darwin":
            fcntl.fcntl(file, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(file)

    def truncate(self, file: int, size: int) -> None:
        """Cut the file, durably."""
        os.ftruncate(file, size)
        self.sync(file)

    def settle(self, path: Path) -> None:
        """Let the next read of a file come from the disk, not from what an earlier process left in memory.

        After a failed sync Linux calls pages clean that never reached the disk. A process that died just then
        leaves them for its successor, which must not take them for durable.
        """
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self.sync(file)
            if sys.platform == "linux":
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)

    def rename(self, old: Path, new: Path) -> None:
        """Move a file within the file system."""
        old.rename(new)

    def unlink(self, path: Path) -> None:
        """Delete a file; that it is gone already is no error."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Return when files made, moved and deleted in the folder would be so after a power cut."""
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
