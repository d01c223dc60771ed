"""What a store remembers about its server from one batch to the next. Bounded in memory, lost at a restart."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

_MAX_BUCKETS = 128  # a bucket's name may come from topics
_MAX_LINE = 8 * 2**10


class Experience:
    """Of one server: how much it takes at once, what each bucket took last, and what it keeps failing on.

    Attributes:
        max_bytes: No larger body is worth sending, before compression; None while no limit was met.
    """

    def __init__(self) -> None:
        self.max_bytes: int | None = None
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

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
        """A body of so many bytes was too large."""
        self.max_bytes = max(1, min(size, self.max_bytes or size) // 2)

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
