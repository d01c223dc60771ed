"""Reading a journal's files in order, from any position, and saying exactly what is missing. Blocking."""

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, Protocol

from ingestor.journal.floor import Floor
from ingestor.journal.frame import QOS_1, QOS_BITS, WEIGHT, decode
from ingestor.journal.group import Group
from ingestor.journal.retention import UNACKNOWLEDGED
from ingestor.journal.scan import Scan
from ingestor.journal.segment import Segment, log_damage
from ingestor.ports import LossReason, Lost, Message

_ENOUGH_BYTES: Final = 512 * 1024
"""Small frames are read together, so that a hop between threads is worth it."""

_first = attrgetter("first")


class Catalog(Protocol):
    """Where a reader sees which files there are, at any moment."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The files, oldest first."""

    @property
    def floor(self) -> Floor:
        """What was deleted on purpose."""


class FileReader:
    """Reads files in order, in bounded memory; used by one thread at a time.

    Args:
        catalog: The files; those that are deleted meanwhile are noticed.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._scan: Scan | None = None

    def close(self) -> None:
        """Let go of the open file."""
        if self._scan is not None:
            self._scan.close()
            self._scan = None

    def read(self, position: int) -> Group | Lost:
        """Messages from a position on: one frame, or several small ones; or what is missing there.

        Args:
            position: Older than the newest message on disk.

        Raises:
            OSError: A file cannot be opened or read for now.
        """
        segments, floor = self._catalog.segments, self._catalog.floor.position
        at = bisect_right(segments, position, key=_first) - 1
        if at < 0:
            return self._gap(position, segments[0].first if segments else floor)
        segment = segments[at]
        bound = segments[at + 1].first if at + 1 < len(segments) else max(segment.end, floor)
        if position >= segment.end:
            return self._gap(position, bound)
        try:
            scan = self._open(segment, position, bound=min(bound, segment.end))
        except FileNotFoundError:
            return self._gap(position, bound)
        return self._read(scan, position)

    def _gap(self, position: int, end: int) -> Lost:
        floor = self._catalog.floor.position
        if position < floor:
            return Lost(position, min(end, floor) - position, LossReason.DROPPED)
        return Lost(position, end - position, LossReason.DAMAGED)

    def _open(self, segment: Segment, position: int, *, bound: int) -> Scan:
        """The scan of a file, at the position or shortly before it."""
        if self._scan is None or self._scan.segment is not segment or self._scan.position > position:
            self.close()
            self._scan = Scan(segment, bound=bound)
        else:
            self._scan.extend(bound=bound)
        return self._scan

    def _read(self, scan: Scan, position: int) -> Group | Lost:
        groups: list[Group] = []
        weight, end = 0, position
        while weight < _ENOUGH_BYTES and end < scan.bound:
            found = _frame(scan, end)
            if isinstance(found, int):
                if groups:
                    break
                _note_damage(scan.segment)
                return Lost(position, found - position, LossReason.DAMAGED)
            groups.append(found)
            weight, end = weight + found.weight, found.end
        if len(groups) == 1:
            return groups[0]
        return Group(position, [message for group in groups for message in group.messages], weight)


def _frame(scan: Scan, position: int) -> Group | int:
    """The messages of the frame with that position, from there on; or where messages begin again."""
    header = scan.peek()
    while header and header.end <= position:
        scan.skip(header)
        header = scan.peek()
    if header is None:
        return scan.bound
    if header.first > position:
        return header.first
    body = scan.body(header)
    if body is None:
        return header.end
    scan.skip(header)
    messages = decode(header, body)[position - header.first :]
    return Group(position, messages, header.length + WEIGHT * len(messages))


def _note_damage(segment: Segment) -> None:
    if not segment.damaged:
        segment.damaged = True
        log_damage(segment)


def newest_qos1(catalog: Catalog) -> Iterator[Message]:
    """The newest QoS 1 messages on disk, as many as there are packet ids, oldest first; damage is passed over."""
    segments = catalog.segments
    start, surplus = len(segments), -UNACKNOWLEDGED
    while start and surplus < 0:
        start -= 1
        surplus += segments[start].qos1
    for segment in segments[start:]:
        yield from _qos1(segment, skip=max(0, surplus))
        surplus -= segment.qos1


def _qos1(segment: Segment, *, skip: int) -> Iterator[Message]:
    """The QoS 1 messages of a file after the first `skip` ones."""
    try:
        scan = Scan(segment, bound=segment.end)
    except FileNotFoundError:
        return
    with scan:
        while header := scan.peek():
            if header.qos1 > skip and (body := scan.body(header)):
                wanted = [message for message in decode(header, body) if message.flags & QOS_BITS == QOS_1]
                yield from wanted[skip:]
            skip = max(0, skip - header.qos1)
            scan.skip(header)
