"""Which files may be deleted. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ingestor.journal.segment import Segment

UNACKNOWLEDGED: Final = 65_535
"""So many packet ids there are: no more QoS 1 messages than this can be without the broker's having our answer."""


class Need(NamedTuple):
    """What a cursor still wants: everything from `position` on; one that `yields` goes without if there is no room."""

    position: int
    yields: bool

    def of(self, segment: Segment) -> bool:
        """Whether any message of the file is among it."""
        return self.position < segment.end


def count_expired(segments: Sequence[Segment], needs: Sequence[Need], *, before_ns: int) -> int:
    """How many of the oldest files nobody needs any more; never the one that is being written.

    Args:
        segments: All of them, oldest first.
        needs: Of every cursor; without any, nothing expires.
        before_ns: What was received later is kept.
    """
    if not needs:
        return 0
    newer_qos1 = sum(segment.qos1 for segment in segments)
    for count, segment in enumerate(segments[:-1]):
        newer_qos1 -= segment.qos1
        recent = segment.newest_ns > before_ns
        answerable = segment.qos1 > 0 and newer_qos1 < UNACKNOWLEDGED
        if recent or answerable or any(need.of(segment) for need in needs):
            return count
    return max(0, len(segments) - 1)


def count_for_room(segments: Iterable[Segment], needs: Sequence[Need], *, missing_bytes: int) -> int:
    """How many of the oldest files have to go to make room; 0 where a cursor that does not yield needs one of them.

    Room comes before age and before what the broker may still send again.
    """
    if not needs:
        return 0
    count = 0
    for segment in segments:
        if missing_bytes <= 0:
            break
        if any(need.of(segment) and not need.yields for need in needs):
            return 0
        missing_bytes -= segment.file_bytes
        count += 1
    return count
