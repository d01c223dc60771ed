"""A point of a batch while it is being settled: what of it is still to be sent, and what was refused. Pure."""

from collections.abc import Callable, Iterator, Sequence

from ingestor.ports import Point, Reason, Rejection
from ingestor.stores.influxdb import offenders
from ingestor.stores.influxdb.answers import shorten


class Entry:
    """A point on its way: what of it is still to be sent, and what of it was refused."""

    __slots__ = ("at", "details", "fields", "line", "point", "reason")

    def __init__(self, at: int, point: Point, line: str) -> None:
        self.at = at
        self.point = point
        self.line = line
        self.reason: Reason | None = None
        self.details: list[str] = []
        self.fields: list[str] = []

    def reject(self, reason: Reason, detail: str) -> None:
        """Nothing of it will be sent any more."""
        self.reason = self.reason or reason
        self.details.append(shorten(detail))
        self.line = ""

    def strip(self, named: offenders.Named, encode: Callable[[Point], str]) -> None:
        """Send it without a field."""
        kept = {name: value for name, value in self.point.fields.items() if name != named.field}
        self.point = self.point._replace(fields=kept)
        self.reject(named.reason, named.detail)
        self.fields.append(named.field)
        self.line = encode(self.point) if kept else ""

    def rejection(self) -> Rejection | None:
        """What is said about it in the end; None where all of it is stored."""
        if self.reason is None:
            return None
        return Rejection(self.at, self.reason, "; ".join(self.details), tuple(self.fields) if self.line else ())

    @property
    def size(self) -> int:
        """Its bytes in a body."""
        return len(self.line.encode()) + 1

    @property
    def time_ns(self) -> int:
        """When it was measured."""
        return self.point.time_ns

    @property
    def series(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it belongs to, in words."""
        return self.point.series.measurement, self.point.series.tags

    @property
    def place(self) -> tuple[object, int]:
        """Where it is stored: of two points in one place the later counts."""
        return self.series, self.time_ns


def in_pieces(entries: Sequence[Entry], limit: int) -> Iterator[Sequence[Entry]]:
    """In pieces of at most so many bytes, in their order; what is larger alone is a piece of its own."""
    piece: list[Entry] = []
    size = 0
    for entry in entries:
        more = entry.size
        if piece and size + more > limit:
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += more
    yield piece


def size_of(entries: Sequence[Entry]) -> int:
    """Bytes of a body with these."""
    return sum(entry.size for entry in entries)
