"""Whether the bytes of a file are what it should hold, as they go by: archives, databases, compressed or not. Pure."""

import re
import zlib
from enum import StrEnum
from typing import Protocol

_GZIP = 16 + zlib.MAX_WBITS
_AT_ONCE = 2**20  # bytes unpacked; a file of zeros is a thousand times as large as what is on the disk
_BLOCK = 512
_NUL_BLOCK = bytes(_BLOCK)


class DamagedError(Exception):
    """The bytes are not what they should be; the text says what is wrong, as `it …`."""


class Kind(StrEnum):
    """What a file holds."""

    SHARD = "shard"
    """A tar archive with the files of a shard."""
    BOLT = "bolt"
    SQLITE = "sqlite"


class _Check(Protocol):
    def feed(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class Content:
    """Takes the bytes of a file from first to last.

    Args:
        kind: What it should hold.
        gzipped: Whether it is compressed.
    """

    def __init__(self, kind: Kind, *, gzipped: bool) -> None:
        self._archive = _Archive() if kind is Kind.SHARD else None
        inside: _Check = self._archive or _Beginning(kind)
        self._check: _Check = _Gzip(inside) if gzipped else inside

    def feed(self, data: bytes) -> None:
        """Take some more.

        Raises:
            DamagedError: They cannot be right.
        """
        self._check.feed(data)

    def finish(self) -> None:
        """That was all.

        Raises:
            DamagedError: Something is missing.
        """
        self._check.finish()

    @property
    def deletions(self) -> bool:
        """Whether a shard has points that are deleted, and still in its files."""
        return self._archive is not None and self._archive.tombstones > 0


class _Gzip:
    """Unpacks, with its checksum; hands on what is inside."""

    def __init__(self, inside: _Check) -> None:
        self._inside = inside
        self._unpacker = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> None:
        while data:
            if self._unpacker.eof:
                raise DamagedError("it goes on after its end")
            try:
                unpacked = self._unpacker.decompress(data, _AT_ONCE)
            except zlib.error as error:
                raise DamagedError(f"it cannot be unpacked ({error})") from error
            self._inside.feed(unpacked)
            data = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def finish(self) -> None:
        try:
            self._inside.feed(self._unpacker.flush())
        except zlib.error as error:
            raise DamagedError(f"it cannot be unpacked ({error})") from error
        if not self._unpacker.eof:
            raise DamagedError("it ends too early")
        self._inside.finish()


class _Beginning:
    """A database, by the mark at its beginning: what it holds is for its server to say."""

    _MARKS = {Kind.BOLT: (16, b"\xed\xda\x0c\xed"), Kind.SQLITE: (0, b"SQLite format 3\0")}  # noqa: RUF012 - a table

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._begin = b""

    def feed(self, data: bytes) -> None:
        self._begin += data[: 64 - len(self._begin)]

    def finish(self) -> None:
        at, mark = self._MARKS[self._kind]
        if not self._begin.startswith(mark, at):
            raise DamagedError(f"it is no {self._kind} database")


class _Archive:
    """A tar archive: every header has its sum, every file all its bytes, and nothing comes after the end.

    InfluxDB sends the archive of a shard while it is made, without a length. Where it fails in the middle, the answer
    ends early or with words in JSON, and neither HTTP nor gzip tells.
    """

    def __init__(self) -> None:
        self.tombstones = 0
        self._rest = b""
        self._skip = 0
        self._ends = 0

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
            else:
                step = min(_BLOCK - len(self._rest), len(data) - at)
                self._rest += data[at : at + step]
                if len(self._rest) == _BLOCK:
                    block, self._rest = self._rest, b""
                    self._header(block)
            at += step

    def finish(self) -> None:
        if self._rest or self._skip or self._ends < 2:
            raise DamagedError("its archive ends too early")

    def _header(self, block: bytes) -> None:
        if block == _NUL_BLOCK:
            self._ends += 1
            return
        if self._ends:
            raise DamagedError("its archive goes on after its end")
        if self._number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 0x20:
            raise DamagedError("its archive is broken")
        size = self._number(block[124:136])
        self._skip = -(-size // _BLOCK) * _BLOCK
        if block[:100].rstrip(b"\0").endswith(b".tombstone"):
            self.tombstones += 1

    @staticmethod
    def _number(field: bytes) -> int:
        """In octal digits, or in binary where it is larger than those can say."""
        if field[0] == 0x80:
            return int.from_bytes(field[1:], "big")
        digits = field.strip(b"\0 ")
        if re.fullmatch(b"[0-7]*", digits) is None:
            raise DamagedError("its archive is broken")
        return int(digits or b"0", 8)
