"""Going through one segment file, frame by frame, past whatever is damaged in it."""

import errno
import os
from itertools import pairwise
from types import TracebackType
from typing import Self

from ingestor.journal.frame import HEADER_BYTES, MAGIC, Header, intact
from ingestor.journal.segment import Segment, paint

_BLOCK = 128 * 1024
_SECTOR = 4096


class Scan:
    """Finds the frames of a file in order; what is not a valid frame is skipped up to the next valid one.

    Frames that lie outside the positions that can be in the file are not valid: before where the scan has
    come to, or at and after `bound`, where the next file begins.

    Args:
        segment: Whose file is opened; `size` and `bound` say how far to go.
        bound: The first position that is not in this file.

    Attributes:
        position: Of the message that is expected next.
        offset: Where its frame is expected.
        damaged: Bytes were met that are not what was written.
    """

    def __init__(self, segment: Segment, *, bound: int) -> None:
        self.segment = segment
        self.position = segment.first
        self.offset = 0
        self.damaged = False
        self.bound = bound
        self._size = segment.size
        self._file = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        self._window = b""
        self._window_at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def extend(self, *, bound: int) -> None:
        """Go on in a file that has grown since."""
        self.bound, self._size = bound, self.segment.size

    def peek(self) -> Header | None:
        """The header of the next whole frame, without moving on; None at the end or where the file breaks off.

        `position` differs from the header's `first` where frames between them are lost.
        """
        if self.position >= self.bound:
            return None
        if header := self._header(self._take(self.offset, HEADER_BYTES)):
            return None if header.sealing else self._whole(header)
        found = self._search(self.offset + 1)
        if found is None:
            return None
        self.damaged = True
        self.offset = found
        return self.peek()

    def _whole(self, header: Header) -> Header | None:
        return header if self.offset + HEADER_BYTES + header.length <= self._size else None

    def body(self, header: Header) -> bytes | None:
        """The body of the frame that `peek` returned; None where it is damaged."""
        body = self._take(self.offset + HEADER_BYTES, header.length)
        if intact(header, body, self.segment.salt):
            return body
        self.damaged = True
        return None

    def unfinished(self, header: Header) -> bool:
        """Whether the frame that `peek` returned was being written into the runway when a crash came.

        Its end is then still painted, and so is all that follows.
        """
        start = self.offset + HEADER_BYTES
        if not self.blank(start + header.length - min(header.length, 1)):
            return False
        return not intact(header, self._take(start, header.length), self.segment.salt)

    @property
    def cut_off(self) -> bool:
        """Whether what stands at `offset` is the beginning of a frame whose writing was interrupted."""
        data = self._take(self.offset, HEADER_BYTES)
        if len(data) < HEADER_BYTES:
            return MAGIC.startswith(data[: len(MAGIC)])
        if self._header(data) is not None:
            return True
        written = next((size for size in range(1, HEADER_BYTES) if self._painted(data[size:], self.offset + size)), 0)
        return written > 0 and MAGIC.startswith(data[: min(written, len(MAGIC))]) and self.blank(self.offset + written)

    def blank(self, at: int) -> bool:
        """Whether there is only runway from a place on, or nothing."""
        for start in range(at, self._size, _BLOCK):
            block = self._take(start, _BLOCK)
            if not self._painted(block, start):
                return False
        return True

    def _painted(self, data: bytes, at: int) -> bool:
        return data == paint(self.segment.salt, at, len(data))

    def skip(self, header: Header) -> None:
        """Move on to what follows the frame that `peek` returned."""
        self.position = header.end
        self.offset += HEADER_BYTES + header.length

    def _header(self, data: bytes) -> Header | None:
        header = Header.parse(data, self.segment.salt)
        if header is None or header.sealing:
            return header
        return header if self.position <= header.first and header.end <= self.bound else None

    def _search(self, start: int) -> int | None:
        """Where the next valid header starts, looking at every place from `start` on."""
        while start + HEADER_BYTES <= self._size:
            block = self._take(start, min(_BLOCK, self._size - start))
            if len(block) < HEADER_BYTES:
                return None
            at = block.find(MAGIC[:-1])
            while 0 <= at <= len(block) - HEADER_BYTES:
                if self._header(block[at : at + HEADER_BYTES]):
                    return start + at
                at = block.find(MAGIC[:-1], at + 1)
            start += len(block) - HEADER_BYTES + 1
        return None

    def _take(self, at: int, size: int) -> bytes:
        """Bytes of the file, fewer at its end."""
        size = min(size, self._size - at)
        skip = at - self._window_at
        if skip < 0 or skip + size > len(self._window):
            self._window = _read(self._file, at, min(max(size, _BLOCK), self._size - at))
            self._window_at, skip = at, 0
        return self._window[skip : skip + size]


def _read(file: int, at: int, size: int) -> bytes:
    """Bytes of the file; zeros in place of sectors that the disk cannot read, for the checksums to find."""
    try:
        return os.pread(file, size, at)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    edges = [at, *range(at + _SECTOR - at % _SECTOR, at + size, _SECTOR), at + size]
    return b"".join(_read_sector(file, start, end - start) for start, end in pairwise(edges))


def _read_sector(file: int, at: int, size: int) -> bytes:
    try:
        return os.pread(file, size, at)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return bytes(size)


def read_seal(segment: Segment) -> bool:
    """Fill in a finished file's facts from its seal; false where it has no valid one."""
    file = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size - HEADER_BYTES
        data = _read(file, size, HEADER_BYTES) if size >= 0 else b""
    finally:
        os.close(file)
    seal = Header.parse(data, segment.salt)
    if seal is None or not seal.sealing or seal.first != segment.first:
        return False
    segment.include(seal)
    segment.size, segment.extra, segment.sealed = size, HEADER_BYTES, True
    return True
