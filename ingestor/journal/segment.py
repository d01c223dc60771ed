"""One segment file: what is known of it, how it is named, and appending to it."""

import errno
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ingestor.journal.disk import Disk
from ingestor.journal.frame import HEADER_BYTES, Header

_log = logging.getLogger(__name__)
_RUNWAY_BYTES = 64 * 1024
_NAME = re.compile(r"([0-9]{20})-([0-9a-f]{8})\.seg")


@dataclass(slots=True, eq=False)
class Segment:
    """The facts of one file.

    The name holds what the file cannot do without: the position of its first message, and the salt of its
    checksums. Only the writing thread changes the numbers, after the bytes they speak of are durable, so
    that other threads may read up to `size` at any time. Whoever meets damage sets `damaged`.

    Attributes:
        path: Of the file.
        salt: Where its checksums start from.
        first: The position of its first message.
        end: The position after its last one.
        size: Bytes of the file in which messages are looked for.
        extra: Bytes of the file after those: the seal, or what a crash left.
        runway: Painted bytes after those, into which the next frames are written.
        qos1: How many of its messages were delivered at QoS 1.
        oldest_ns: Time of receipt of its first message, 0 while there is none.
        newest_ns: The same of its last message.
        sealed: It is finished.
        damaged: Some of its bytes are not what was written.
    """

    path: Path
    salt: int
    first: int
    end: int
    size: int = 0
    extra: int = 0
    runway: int = 0
    qos1: int = 0
    oldest_ns: int = 0
    newest_ns: int = 0
    sealed: bool = False
    damaged: bool = False

    @classmethod
    def named(cls, path: Path) -> Self | None:
        """An empty segment of that name; None if it is not a segment's name."""
        match = _NAME.fullmatch(path.name)
        if not match:
            return None
        first = int(match[1])
        return cls(path, int(match[2], 16), first, first)

    @property
    def file_bytes(self) -> int:
        """What it takes of the journal's bound."""
        return self.size + self.extra + self.runway

    def include(self, header: Header) -> None:
        """Count a frame, or all that a seal sums up."""
        self.end = max(self.end, header.end)
        self.qos1 += header.qos1
        self.oldest_ns = self.oldest_ns or header.oldest_ns
        self.newest_ns = max(self.newest_ns, header.newest_ns)

    def seal(self) -> bytes:
        """What is written behind the last frame of a finished file, so that opening it need not scan it."""
        records = self.end - self.first
        return Header(self.first, records, self.qos1, self.oldest_ns, self.newest_ns, sealing=True).pack(self.salt)


def paint(salt: int, at: int, size: int) -> bytes:
    """What so many bytes of the runway hold from a place in the file on.

    Not zeros: those are what a disk gives for what it has lost. And bytes that no text holds, so that a frame, which
    ends with a payload, hardly ever ends like this.
    """
    pattern = bytes(0xF8 | salt >> shift & 7 for shift in range(0, 24, 3))
    start = at % len(pattern)
    return (pattern * (size // len(pattern) + 2))[start : start + size]


class SegmentWriter:
    """Appends to one file, in one thread.

    Args:
        segment: The file's facts, kept current.
        file: Its descriptor; closed by `close`.
        disk: How to write.

    Attributes:
        trusted: What is appended can be made durable, as far as is known.
    """

    def __init__(self, segment: Segment, file: int, disk: Disk) -> None:
        self.segment = segment
        self.trusted = True
        self._file = file
        self._disk = disk

    @classmethod
    def create(cls, folder: Path, first: int, disk: Disk) -> Self:
        """Start a new file whose first message will have that position.

        Raises:
            OSError: As the disk says; no file is left.
        """
        salt = int.from_bytes(os.urandom(4))
        path = folder / f"{first:020d}-{salt:08x}.seg"
        return cls(Segment(path, salt, first, first), disk.create(path), disk)

    @classmethod
    def reopen(cls, segment: Segment, disk: Disk) -> Self:
        """Go on with a file that a process before this one began."""
        return cls(segment, os.open(segment.path, os.O_RDWR | os.O_CLOEXEC), disk)

    def takes(self, first: int) -> bool:
        """Whether a frame that begins with this position may be appended."""
        return self.trusted and not self.segment.damaged and self.segment.end == first

    def trim(self) -> None:
        """Cut off what a crash left behind the last whole frame.

        Raises:
            OSError: It cannot be.
        """
        if self.segment.extra:
            self._disk.truncate(self._file, self.segment.size)
            self.segment.extra = 0

    def append(self, header: Header, frame: bytes, *, room: int = 0) -> None:
        """Return when the frame is durable.

        Small frames are written into a runway that is there already. That does not change what the file system
        keeps about the file, which a sync would write too: on an SD card that is most of what is written.

        Args:
            header: Of the frame.
            frame: All of it.
            room: By how much the file may grow in all, if it may have a runway.

        Raises:
            OSError: It is not, and the file is as before; or `trusted` is false now, and it takes no more.
        """
        segment = self.segment
        runway, new_runway = segment.runway - len(frame), min(_RUNWAY_BYTES, room // 4)
        lengthen = runway < 0 and len(frame) <= new_runway // 4
        if lengthen:
            runway = new_runway
        try:
            self._disk.write(self._file, frame, at=segment.size)
            if lengthen:
                end = segment.size + len(frame)
                self._disk.pave(self._file, paint(segment.salt, end, runway), at=end)
        except OSError:
            self._cut()
            raise
        try:
            self._disk.sync(self._file)
        except OSError:
            # The kernel may have dropped the dirty pages and would call the next sync a success: a file that
            # failed once never proves anything again.
            self.trusted = False
            self._cut()
            raise
        if not os.fstat(self._file).st_nlink:
            self.trusted = False
            raise FileNotFoundError(errno.ENOENT, "a file of the journal was deleted", str(segment.path))
        # In this order: whoever sees the new end, in another thread, must find the bytes within the size.
        segment.size += len(frame)
        segment.runway = max(0, runway)
        segment.include(header)

    def _cut(self) -> None:
        try:
            self._disk.truncate(self._file, self.segment.size)
            self.segment.runway = 0
        except OSError:
            # Readers stop where the next segment begins, so what is left here does not count.
            self.trusted = False

    def finish(self) -> None:
        """Seal the file, if it can be, and close it. Without a seal the next start scans it."""
        segment = self.segment
        if self.trusted:
            try:
                self._disk.write(self._file, segment.seal(), at=segment.size)
                self._disk.truncate(self._file, segment.size + HEADER_BYTES)
                segment.extra, segment.runway, segment.sealed = HEADER_BYTES, 0, True
            except OSError:
                self._cut()
        self.close()

    def close(self) -> None:
        """Let go of the file, to go on with it another time."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def log_damage(segment: Segment) -> None:
    """Name a damaged file."""
    _log.error("journal_damaged file=%s: what it lost is counted, and the file will be set aside", segment.path)
