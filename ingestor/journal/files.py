"""Looking into a journal from outside, also while a service writes it: nothing is locked or changed."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingestor.journal.reader import FileReader
from ingestor.journal.survey import DAMAGED, Survey, survey
from ingestor.ports import Chunk, Lost, Message

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """One file: its name, the positions in it, its size, and the times of receipt of its first and last message.

    `torn_bytes` stand behind the last whole frame: of a crash, or of a frame that is being written right now.
    """

    file: str
    first: int
    end: int
    bytes: int
    qos1: int
    oldest_ns: int
    newest_ns: int
    sealed: bool
    damaged: bool
    torn_bytes: int


@dataclass(frozen=True, slots=True)
class JournalInfo:
    """What a journal holds; `set_aside` are damaged files that it is done with. Times are 0 where it is empty."""

    segments: tuple[SegmentInfo, ...]
    start: int
    end: int
    bytes: int
    oldest_ns: int
    newest_ns: int
    set_aside: tuple[str, ...]


class JournalFiles:
    """The files of a journal as they are at one moment.

    Args:
        directory: The journal's.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be read.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._survey = _survey(directory)

    def info(self) -> JournalInfo:
        """Facts about every file and all of them together."""
        found = self._survey
        segments = tuple(
            SegmentInfo(
                segment.path.name,
                segment.first,
                segment.end,
                segment.file_bytes,
                segment.qos1,
                segment.oldest_ns,
                segment.newest_ns,
                segment.sealed,
                segment.damaged,
                0 if segment.sealed else segment.extra,
            )
            for segment in found.segments
        )
        return JournalInfo(
            segments,
            found.segments[0].first if found.segments else found.end,
            found.end,
            sum(segment.bytes for segment in segments),
            next((segment.oldest_ns for segment in segments if segment.oldest_ns), 0),
            found.newest_ns,
            tuple(sorted(path.name for path in (self._directory / DAMAGED).glob("*.seg"))),
        )

    def position_at(self, moment_ns: int) -> int:
        """The position of the first message that was received at a moment or after; the end where there is none."""
        for segment in self._survey.segments:
            if segment.newest_ns >= moment_ns:
                found = (at for at, message in self.messages(segment.first) if message.received_ns >= moment_ns)
                return next(found, self._survey.end)
        return self._survey.end

    def chunks(self, position: int = 0) -> Iterator[Chunk | Lost]:
        """All that stands from a position on, a frame or so at a time, and in between what is lost."""
        reader = FileReader(self._survey)
        try:
            while position < self._survey.end:
                found = reader.read(position)
                if isinstance(found, Lost):
                    position += found.missing
                    yield found
                else:
                    position = found.end
                    yield Chunk(found.first, found.messages)
        finally:
            reader.close()

    def messages(self, position: int = 0) -> Iterator[tuple[int, Message]]:
        """Position and message of all that stands from a position on, passing over what is lost."""
        for found in self.chunks(position):
            if isinstance(found, Chunk):
                yield from enumerate(found.messages, found.position)


def _survey(directory: Path) -> Survey:
    """A survey while a service may be deleting files."""
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            return survey(directory)
    return survey(directory)
