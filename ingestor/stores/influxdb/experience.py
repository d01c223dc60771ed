"""What a store remembers about its server from one batch to the next. Bounded in memory, lost at a restart."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

LIMIT_SECS = 3600.0
"""How long the size of a body is limited after one was too large: a proxy may have been mended meanwhile.

Finding the limit anew costs a few requests that are refused, and no point.
"""

_LAST_ATTEMPT = 10  # in vain for one bucket alone; then others get their turn, which may be well
_MAX_BUCKETS = 128  # a bucket's name may come from topics
_MAX_LINE = 8 * 2**10


class Experience:
    """Of one server: how much it takes at once, what each bucket took last, and what it keeps failing on.

    Attributes:
        max_bytes: No larger body is worth sending, before compression; None while no limit was met.
    """

    def __init__(self) -> None:
        self.max_bytes: int | None = None
        self._now_secs = self._limited_secs = 0.0
        self._accepts = self._began = 0
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def at(self, now_secs: float) -> None:
        """An attempt begins, so late by any clock: a limit that was met long ago is forgotten."""
        self._began = self._accepts
        self._now_secs = now_secs
        if not 0 <= now_secs - self._limited_secs < LIMIT_SECS:  # clocks are also put back
            self.forget_limit()

    def meet(self, buckets: Iterable[str]) -> None:
        """Points of these buckets are to be written; tell it all buckets of a batch before the first is tried."""
        for bucket in buckets:
            self._of(bucket)

    def accepted(self, bucket: str, lines: Sequence[str]) -> None:
        """The server stored these lines."""
        found = self._of(bucket)
        self._accepts += 1
        found.accepted_at = self._accepts
        found.refused = False
        found.vain = 0
        found.line = lines[-1] if len(lines[-1]) <= _MAX_LINE else None

    def accepted_line(self, bucket: str) -> str | None:
        """The last line of the last request that the bucket took: sending it again changes nothing.

        An older one would not do: what it wrote may have been written over since.
        """
        return self._of(bucket).line

    def refused(self, bucket: str) -> bool:
        """Note that the token may not write a bucket; returns whether that is so for all buckets met so far."""
        self._of(bucket).refused = True
        return all(known.refused for known in self._buckets.values())

    def in_vain(self, bucket: str) -> bool:
        """Note that an attempt found nothing that the bucket takes; returns whether to blame the bucket for it.

        That is so where another took something since the first such attempt; or after many attempts, where there
        is another that may be well: while one bucket is waited for, nobody would find out.
        """
        found = self._of(bucket)
        if not found.vain:
            found.vain_since = self._began
        found.vain += 1
        others = [known for known in self._buckets.values() if known is not found]
        if any(known.accepted_at > found.vain_since for known in others):
            return True
        return found.vain >= _LAST_ATTEMPT and not all(known.vain for known in others)

    def fails(self, bucket: str) -> bool:
        """Whether the last attempt for the bucket was in vain."""
        return self._of(bucket).vain > 0

    def too_large(self, size: int) -> None:
        """A body of so many bytes was too large; others of that size may be under way."""
        half = max(1, size // 2)
        self.max_bytes = min(half, self.max_bytes or half)
        self._limited_secs = self._now_secs

    def forget_limit(self) -> None:
        """Any body may be sent again."""
        self.max_bytes = None

    def faulted(self, bucket: str, lines: Sequence[str]) -> int:
        """The server failed on these lines; returns how many times in a row it has."""
        found, key = self._of(bucket), hash(tuple(lines))
        found.faults = found.faults + 1 if found.faulty == key else 1
        found.faulty = key
        return found.faults

    def _of(self, bucket: str) -> "_Bucket":
        found = self._buckets.get(bucket)
        if found is None:
            found = self._buckets[bucket] = _Bucket()
            if len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(bucket)
        return found


class _Bucket:
    """What is remembered of one bucket."""

    __slots__ = ("accepted_at", "faults", "faulty", "line", "refused", "vain", "vain_since")

    def __init__(self) -> None:
        self.line: str | None = None
        self.refused = False
        self.faulty = 0
        self.faults = 0
        self.accepted_at = 0
        self.vain = self.vain_since = 0
