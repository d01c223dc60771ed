"""What was deleted on purpose, remembered across restarts: everything before a position."""

import os
import struct
import zlib
from pathlib import Path
from typing import Final, NamedTuple

from ingestor.journal.disk import Disk

NAME: Final = "floor"
_RECORD = struct.Struct("<QQI")
_SLOTS: Final = (0, 4096)


class Floor(NamedTuple):
    """Messages before `position` were deleted by us, not lost; none of them was received after `newest_ns`."""

    position: int = 0
    newest_ns: int = 0


def read_floor(folder: Path) -> Floor:
    """What the file says; zeros where there is none that can be read."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return Floor()
    return max(_parse(data[start : start + _RECORD.size]) for start in _SLOTS)


def _parse(data: bytes) -> Floor:
    if len(data) != _RECORD.size:
        return Floor()
    position, newest_ns, checksum = _RECORD.unpack(data)
    return Floor(position, newest_ns) if zlib.crc32(data[:16]) == checksum else Floor()


class FloorFile:
    """Keeps the floor in a file of two sectors that are overwritten in turn.

    In place, because that needs no room on a disk that is full. In turn, because a write that breaks off may spoil
    its sector: then what was written before it still stands.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._disk = disk
        self._turn = 0
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def write(self, floor: Floor) -> None:
        """Return when the floor is durable.

        Raises:
            OSError: It is not; the one before it still counts.
        """
        numbers = struct.pack("<QQ", *floor)
        self._disk.write(self._file, numbers + zlib.crc32(numbers).to_bytes(4, "little"), at=_SLOTS[self._turn])
        self._disk.sync(self._file)
        self._turn = (self._turn + 1) % len(_SLOTS)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
