"""All segment files of a journal: opening, appending, deleting. Blocking; used by one thread at a time."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from ingestor.journal.disk import Disk
from ingestor.journal.floor import Floor, FloorFile
from ingestor.journal.frame import HEADER_BYTES, encode
from ingestor.journal.lock import Lock
from ingestor.journal.segment import Segment, SegmentWriter, log_damage
from ingestor.journal.survey import DAMAGED, survey
from ingestor.ports import Message

_DAMAGED_KEPT: Final = 4

_log = logging.getLogger(__name__)


class NoRoomError(Exception):
    """The journal would exceed its bound.

    Args:
        missing_bytes: So much has to be freed.
    """

    def __init__(self, missing_bytes: int) -> None:
        super().__init__(f"{missing_bytes} bytes missing")
        self.missing_bytes = missing_bytes


class Shelf:
    """The files of a journal, oldest first, and the one that is being written.

    Other threads may read `segments` and `floor` at any time: the tuple is replaced, never changed.

    Args:
        folder: Where the files are; it is made.
        max_bytes: Of all files together; a single message larger than this still goes into an empty journal.
        segment_bytes: After how many bytes a file is finished.
        disk: How to write.

    Raises:
        DataDirError: Another process uses the folder.
        OSError: It cannot be read or written.
    """

    def __init__(self, folder: Path, *, max_bytes: int, segment_bytes: int, disk: Disk) -> None:
        self.segments: tuple[Segment, ...] = ()
        self.bytes_written = 0
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._disk = disk
        self._writer: SegmentWriter | None = None
        self._older_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            self._lock = Lock(folder)
            opened.callback(self._lock.close)
            self._floor_file = FloorFile(folder, disk)
            opened.callback(self._floor_file.close)
            self._recover()
            opened.pop_all()

    def _recover(self) -> None:
        last = max((path for path in self._folder.iterdir() if Segment.named(path)), default=None)
        if last is not None:
            self._disk.settle(last)
        found = survey(self._folder)
        self.floor, self.end, self.newest_ns = found.floor, found.end, found.newest_ns
        self.segments = found.segments
        # Both of its sectors now, while there may be room; from here on they are overwritten in place.
        self._floor_file.write(self.floor)
        self._floor_file.write(self.floor)
        for segment in found.leftovers:
            self._discard(segment)
        for segment in self.segments:
            if segment.damaged:
                log_damage(segment)
        for segment in self.segments:
            if not (segment.sealed or segment.damaged):
                self._mend(segment)
        self._hold(self.segments)
        self._disk.sync_folder(self._folder)

    def _mend(self, segment: Segment) -> None:
        """Cut off what was not committed, and go on with the last file; finish one that a fault had left behind."""
        if segment.extra:
            _log.warning("journal_torn_tail_cut file=%s bytes=%d", segment.path, segment.extra)
        writer = SegmentWriter.reopen(segment, self._disk)
        writer.trim()
        if segment is self.segments[-1]:
            self._writer = writer
        else:
            writer.finish()

    def _hold(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self._older_bytes = sum(segment.file_bytes for segment in segments[:-1])

    @property
    def file_bytes(self) -> int:
        """Of all files together, those set aside left out."""
        return self._older_bytes + (self.segments[-1].file_bytes if self.segments else 0)

    def append(self, messages: Sequence[Message], *, first: int) -> None:
        """Return when the messages are durable.

        Args:
            messages: At least one.
            first: The position of the first of them, `end` or later.

        Raises:
            NoRoomError: They do not fit in; nothing was written.
            OSError: They are not durable; they may be appended again.
        """
        writer = self._writer
        if writer is None or not writer.takes(first):
            writer = self._roll(first)
        header, frame = encode(messages, first=first, salt=writer.segment.salt)
        room = self._max_bytes - self.file_bytes - HEADER_BYTES  # a seal may be needed before the frame
        missing = len(frame) - writer.segment.runway - room
        if missing > 0 and self.file_bytes:
            raise NoRoomError(missing)
        if writer.segment.size and writer.segment.size + len(frame) > self._segment_bytes:
            writer = self._roll(first)
            header, frame = encode(messages, first=first, salt=writer.segment.salt)
        writer.append(header, frame, room=min(room, self._segment_bytes - writer.segment.size))
        self.bytes_written += len(frame)
        self.end = header.end

    def _roll(self, first: int) -> SegmentWriter:
        """Finish the file being written, and begin the one that starts with the position `first`."""
        if self._writer is not None:
            self._writer.finish()
            self._writer = None
        if self.segments and self.segments[-1].end == self.segments[-1].first:
            # Two files must not begin at the same position, so one that holds nothing makes way.
            self._discard(self.segments[-1])
            self._hold(self.segments[:-1])
        writer = SegmentWriter.create(self._folder, first, self._disk)
        self._hold((*self.segments, writer.segment))
        self._writer = writer
        return writer

    def delete(self, count: int) -> None:
        """Delete the oldest files. What a cursor had not read of them, it will be told, was dropped.

        Raises:
            OSError: Some are left, and may be deleted again.
        """
        if count == len(self.segments) and self.segments[-1].end > self.segments[-1].first:
            self._roll(self.end)
        for _ in range(min(count, len(self.segments) - 1)):
            segment = self.segments[0]
            # First in the floor, durably, then deleted: never the other way round. What is missing between this
            # file and the next one was not deleted by us, and stays above the floor.
            self.floor = Floor(segment.end, max(self.floor.newest_ns, segment.newest_ns))
            self._floor_file.write(self.floor)
            self._discard(segment)
            self._hold(self.segments[1:])
        self._disk.sync_folder(self._folder)

    def _discard(self, segment: Segment) -> None:
        if not segment.damaged:
            self._disk.unlink(segment.path)
            return
        aside = self._folder / DAMAGED
        aside.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            self._disk.rename(segment.path, aside / segment.path.name)
            _log.warning("journal_file_set_aside file=%s", aside / segment.path.name)
        for old in sorted(aside.glob("*.seg"))[:-_DAMAGED_KEPT]:
            self._disk.unlink(old)
            _log.warning("journal_damaged_file_deleted file=%s kept=%d", old, _DAMAGED_KEPT)

    def close(self) -> None:
        """Let go of the files and of the lock."""
        if self._writer is not None:
            self._writer.close()
        self._floor_file.close()
        self._lock.close()
