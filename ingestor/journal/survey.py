"""What a journal's folder holds, found out without changing anything in it."""

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from ingestor.journal.floor import Floor, read_floor
from ingestor.journal.scan import Scan, read_seal
from ingestor.journal.segment import Segment

DAMAGED: Final = "damaged"
"""The folder inside the journal's into which damaged files are set aside."""
_UNBOUNDED: Final = 2**64


@dataclass(frozen=True, slots=True)
class Survey:
    """The files of a journal.

    Attributes:
        segments: In order. Files may be missing between them.
        leftovers: Files that were given up already, and only not deleted yet.
        floor: What was deleted on purpose.
    """

    segments: tuple[Segment, ...]
    leftovers: tuple[Segment, ...]
    floor: Floor

    @property
    def end(self) -> int:
        """The next position. It is never smaller than any position ever given, however few files are left."""
        return max([self.floor.position, *(segment.end for segment in self.segments)])

    @property
    def newest_ns(self) -> int:
        """The newest time of receipt ever given, as far as the files know."""
        return max([self.floor.newest_ns, *(segment.newest_ns for segment in self.segments)])


def survey(folder: Path) -> Survey:
    """Look at every file: finished ones by their seal, others by a scan, the last one down to its payloads.

    Raises:
        OSError: A file cannot be read. (Sectors that cannot be read are damage, not an error.)
    """
    floor = read_floor(folder)
    named = (Segment.named(path) for path in folder.iterdir())
    # Of two that begin at the same position the smaller one was given up before it held anything.
    found = sorted(filter(None, named), key=lambda segment: (segment.first, segment.path.stat().st_size))
    segments: list[Segment] = []
    leftovers: list[Segment] = []
    for segment, bound in zip_longest(found, (after.first for after in found[1:])):
        if segment.first < floor.position or segment.first == bound:
            leftovers.append(segment)
        else:
            segments.append(segment)
            if not read_seal(segment):
                _scan(segment, bound=bound)
    return Survey(tuple(segments), tuple(leftovers), floor)


def _scan(segment: Segment, *, bound: int | None) -> None:
    """Fill in the facts of a file that is not finished; `bound` is where the next file begins, if there is one."""
    file_bytes = segment.size = segment.path.stat().st_size
    with Scan(segment, bound=_UNBOUNDED if bound is None else bound) as scan:
        while header := scan.peek():
            if bound is None:
                if scan.unfinished(header):
                    break
                scan.body(header)
            segment.include(header)
            scan.skip(header)
        cut_off = bound is None and scan.cut_off
        blank = scan.blank(scan.offset)
        segment.damaged = scan.damaged or not (scan.position == bound or blank or cut_off)
        segment.size, rest = scan.offset, file_bytes - scan.offset
        segment.extra, segment.runway = (0, rest) if blank else (rest, 0)
