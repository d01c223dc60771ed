"""What a store remembers about its server from one batch to the next. Bounded in memory, lost at a restart."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

LIMIT_SECS = 3600.0
"""How long the size of a body is limited after one was too large: a proxy may have been mended meanwhile.

Finding the limit anew costs a few requests that are refused, and no point.
"""

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
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def at(self, now_secs: float) -> None:
        """It is so late now, by any clock: a limit that was met long ago is forgotten."""
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
        found.refused = False
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

    __slots__ = ("faults", "faulty", "line", "refused")

    def __init__(self) -> None:
        self.line: str | None = None
        self.refused = False
        self.faulty = 0
        self.faults = 0
