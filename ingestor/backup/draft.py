"""A backup while it is made: a folder under a temporary name, renamed when it is whole and on the disk.

What is killed in the middle leaves a folder whose name begins with a dot and ends with `.part`; the next one that goes
into the same directory takes it away.
"""

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from ingestor.backup.content import Content, DamagedError
from ingestor.backup.record import FILE_NAME, BackupError, Record, StoredFile

STAMP = "%Y%m%dT%H%M%SZ"
"""How times stand in names: in UTC, as `influx backup` has them."""

_LEFT_OVER = re.compile(r"\.\d{8}T\d{6}Z-.+\.part")
_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS


class CameDamagedError(BackupError):
    """What was to be written is not what it should be: who sent it had a fault."""


class Draft:
    """Use it as a context manager; left without `finish`, nothing stays of it.

    Args:
        directory: Where it goes; it is made where it is not there.
        name: What the folder is called once it is whole.

    Attributes:
        folder: Where its files are just now.
        files: Those that are whole.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._place = directory / name
        self.folder = directory / f".{name}.part"
        self.files: list[StoredFile] = []

    async def __aenter__(self) -> Self:
        """Make the folder.

        Raises:
            BackupError: It cannot be made, or another backup goes into this directory just now.
        """
        with _in_words(self._directory):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self._directory, os.O_RDONLY)
        try:
            with _in_words(self._directory):
                await asyncio.to_thread(self._begin)
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def _begin(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"another backup into {self._directory} is under way: wait until it has ended") from None
        if self._place.exists():
            raise BackupError(f"{self._place} is there already")
        for entry in self._directory.iterdir():
            if _LEFT_OVER.fullmatch(entry.name):
                shutil.rmtree(entry)
        self.folder.mkdir(mode=0o700)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        finally:
            os.close(self._lock)

    def create(self, name: str, content: Content | None = None, *, packs: bool = False) -> "NewFile":
        """A file of it.

        Args:
            name: Its name.
            content: What it should hold, where that is to be looked at.
            packs: Whether to compress what is written.
        """
        return NewFile(self, name, content, packs=packs)

    async def adopt(self, name: str) -> StoredFile:
        """Take in a file that something else put into the folder: it is hashed, and on the disk after that.

        Raises:
            BackupError: It cannot be read.
        """
        with _in_words(self.folder / name):
            self.files.append(await asyncio.to_thread(_looked_at, self.folder / name))
        return self.files[-1]

    async def take_over(self, path: Path, known: StoredFile) -> bool:
        """Have a file of an earlier backup in this one too, without another copy of it where the disk can do that.

        Args:
            path: The file; nobody will ever write to it again.
            known: What was recorded of it.

        Returns:
            Whether that went: False where it is not as it was recorded.

        Raises:
            BackupError: The disk does not take it.
        """
        new = self.folder / path.name
        with _in_words(new):
            found = await asyncio.to_thread(_shared, path, new)
            if found != known:
                new.unlink(missing_ok=True)
                return False
        self.files.append(known)
        return True

    async def finish(self, record: Record) -> Path:
        """Give it its name; returns where it is. From then on it is whole, whatever happens.

        Raises:
            BackupError: The disk does not take it.
        """
        async with self.create(FILE_NAME) as file:
            await file.write(record.text().encode())
        work = asyncio.create_task(asyncio.to_thread(self._rename))
        with _in_words(self._place):
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                with suppress(OSError):
                    await work  # or its files would be taken away while it gets its name
                raise
        return self._place

    def _rename(self) -> None:
        sync_folder(self.folder)
        self.folder.rename(self._place)
        os.fsync(self._lock)


class NewFile:
    """A file that is written, hashed and looked at piece by piece. A context manager; leaving it, it is on the disk.

    Attributes:
        size: Bytes written so far.
    """

    def __init__(self, draft: Draft, name: str, content: Content | None, *, packs: bool) -> None:
        self._draft = draft
        self._name = name
        self._path = draft.folder / name
        self._content = content
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP) if packs else None
        self._hash = hashlib.sha256()
        self.size = 0

    async def __aenter__(self) -> Self:
        with _in_words(self._path):
            self._path.touch(mode=0o600, exist_ok=False)  # there are tokens in it
            self._file = self._path.open("wb")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._drop()
            return
        try:
            with _in_words(self._path), self._file:
                await asyncio.to_thread(self._end)
        except BaseException:
            self._drop()
            raise
        self._draft.files.append(StoredFile(name=self._name, size=self.size, sha256=self._hash.hexdigest()))

    async def write(self, data: bytes) -> None:
        """Add to it.

        Raises:
            BackupError: The disk does not take it, or it is not what the file should hold.
        """
        with _in_words(self._path):
            await asyncio.to_thread(self._add, data)

    def _add(self, data: bytes) -> None:
        self._store(self._packer.compress(data) if self._packer else data)

    def _store(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        if self._content:
            self._content.feed(data)

    def _drop(self) -> None:
        with suppress(OSError):  # no room for the rest of it
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _end(self) -> None:
        if self._packer:
            self._store(self._packer.flush())
        if self._content:
            self._content.finish()
        self._file.flush()
        os.fsync(self._file.fileno())


def _looked_at(path: Path) -> StoredFile:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return StoredFile(name=path.name, size=file.tell(), sha256=digest)


def _shared(path: Path, new: Path) -> StoredFile | None:
    """The file under its second name; None where there is no such file."""
    try:
        os.link(path, new)
    except FileNotFoundError:
        return None
    except OSError:  # not on this disk
        shutil.copyfile(path, new)
        new.chmod(0o600)
    return _looked_at(new)


def free_name(directory: Path, store: str, now: datetime) -> tuple[str, str]:
    """How a new backup is called, and the time in it: that of the next second which has none yet."""
    while (directory / f"{now:{STAMP}}-{store}").exists():
        now += timedelta(seconds=1)
    return f"{now:{STAMP}}-{store}", f"{now:{STAMP}}"


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Inside it, what the disk says becomes an error for people."""
    try:
        yield
    except OSError as error:
        raise BackupError(f"{error.filename or path}: {error.strerror}; of this backup nothing was kept") from error
    except DamagedError as error:
        raise CameDamagedError(f"{path.name} came damaged: {error}; of this backup nothing was kept") from error
