"""What the journal's tests share: messages that can be told apart, disks that fail, damage to files."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from ingestor.journal import Cursor, Journal
from ingestor.journal.disk import Disk
from ingestor.journal.frame import HEADER_BYTES, MAGIC
from ingestor.ports import Chunk, Lost, Message

QOS_1 = 0b0010
NEVER_MS = 60_000
"""A group time that no test lives to see: only 16 waiting messages, or closing, make a group."""


def messages(count: int, *, start: int = 0, payload_bytes: int = 20, flags: int = QOS_1) -> list[Message]:
    """Messages whose payload begins with their number; their times of receipt are numbers too, from 1."""
    return [
        Message(
            f"rack{number % 3}/temperature",
            b"%d " % number + b"x" * max(0, payload_bytes - len(b"%d " % number)),
            number + 1,
            flags,
            number % 65_535 + 1 if flags & 0b0110 else 0,
        )
        for number in range(start, start + count)
    ]


def number(message: Message) -> int:
    """The number that `messages` gave to a message."""
    return int(message.payload.split(b" ", 1)[0])


class FailingDisk(Disk):
    """A disk that fails as long as it is told to.

    Attributes:
        write_error: Number of the error that writes raise, after `written` bytes.
        sync_error: Number of the error that syncs raise.
        truncate_error: Number of the error that cuts raise.
        create_error: Number of the error that new files raise.
    """

    def __init__(self) -> None:
        self.write_error: int | None = None
        self.sync_error: int | None = None
        self.truncate_error: int | None = None
        self.create_error: int | None = None
        self.written = 0
        self.failures = 0

    def _fail(self, code: int | None) -> None:
        if code is not None:
            self.failures += 1
            raise OSError(code, os.strerror(code))

    def create(self, path: Path) -> int:
        """As the base, or fail."""
        self._fail(self.create_error)
        return super().create(path)

    def write(self, file: int, data: bytes, *, at: int) -> None:
        """As the base, or write a part and fail."""
        if self.write_error is not None:
            super().write(file, data[: self.written], at=at)
        self._fail(self.write_error)
        super().write(file, data, at=at)

    def sync(self, file: int) -> None:
        """As the base, or fail."""
        self._fail(self.sync_error)
        super().sync(file)

    def truncate(self, file: int, size: int) -> None:
        """As the base, or fail."""
        self._fail(self.truncate_error)
        super().truncate(file, size)


class SmallDisk(Disk):
    """A disk with room for so many bytes in segment files; deleting makes room again."""

    def __init__(self, folder: Path, room: int) -> None:
        self._folder = folder
        self.room = room

    def write(self, file: int, data: bytes, *, at: int) -> None:
        """As the base while there is room."""
        used = sum(path.stat().st_size for path in self._folder.glob("*.seg"))
        if len(data) > 24 and used + len(data) > self.room:
            super().write(file, data[: self.room - used], at=at)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data, at=at)


async def write(journal: Journal, batch: Sequence[Message], *, group: int = 16) -> None:
    """Append messages so that they stand on disk in frames of `group` messages (at least 16)."""
    for start in range(0, len(batch), group):
        await journal.append(batch[start : start + group])


async def read_until(cursor: Cursor, end: int, *, max_messages: int = 1000) -> list[Chunk | Lost]:
    """All that a cursor gives until it is at a position."""
    found: list[Chunk | Lost] = []
    while cursor.position < end:
        found.append(await cursor.read(max_messages=max_messages, max_bytes=2**20))
    return found


def numbers(found: Sequence[Chunk | Lost]) -> list[int]:
    """The numbers of the messages in what a cursor gave."""
    return [number(message) for chunk in found if isinstance(chunk, Chunk) for message in chunk.messages]


def losses(found: Sequence[Chunk | Lost]) -> list[Lost]:
    """What is lost in what a cursor gave, runs that touch joined."""
    joined: list[Lost] = []
    for lost in found:
        if not isinstance(lost, Lost):
            continue
        if joined and joined[-1].why == lost.why and joined[-1].position + joined[-1].missing == lost.position:
            joined[-1] = joined[-1]._replace(missing=joined[-1].missing + lost.missing)
        else:
            joined.append(lost)
    return joined


def segment_files(folder: Path) -> list[Path]:
    """The segment files, oldest first."""
    return sorted(folder.glob("*.seg"))


def frame_offsets(path: Path) -> list[int]:
    """Where the frames of an undamaged file begin."""
    data, found, at = path.read_bytes(), [], 0
    while data[at : at + 4] == MAGIC:
        found.append(at)
        at += HEADER_BYTES + int.from_bytes(data[at + 12 : at + 16], "little")
    return found


def overwrite(path: Path, at: int, data: bytes) -> None:
    """Damage a file in place."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)
