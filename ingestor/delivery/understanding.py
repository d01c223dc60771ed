"""What one message comes to under a routing table, and how that differs from one table to another. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from ingestor.deadletters import Fate
from ingestor.delivery.parcel import Parcel
from ingestor.ports import Chunk, Decoders, Message, Point

_FATES: Final = (Fate.STORED, "unrouted", "ignored")
"""What a message counts as of which nothing was set aside, by the names of the counters."""

PointKey = tuple[str, str, tuple[tuple[str, str], ...], int]
"""Where a store keeps a point: bucket, measurement, tags, time."""


class Understood(NamedTuple):
    """A message under one table: its points, what it counts as, and how many fields are left out of the points.

    That is so where the store refuses none of them.
    """

    points: Mapping[PointKey, Point]
    fate: str
    fields_left_out: int


class Difference(NamedTuple):
    """What becomes of the points of a message: `gone` are those to delete, the numbers tell the others apart.

    A point that keeps its place and loses a field is among those to delete, and is `changed`.
    """

    gone: tuple[Point, ...] = ()
    changed: int = 0
    added: int = 0
    same: int = 0


def understand(position: int, message: Message, decoders: Decoders) -> Understood:
    """What a message comes to."""
    parcel = Parcel(position)
    parcel.take(Chunk(position, [message]), decoders)
    account = parcel.settle()
    points: dict[PointKey, Point] = {}
    for point in parcel.points:
        key = (point.series.bucket, point.series.measurement, point.series.tags, point.time_ns)
        before = points.get(key)
        points[key] = point if before is None else point._replace(fields={**before.fields, **point.fields})
    fates = (*account.fates.values(), *_FATES)
    fate = next(fate for fate in fates if account.counts[fate])
    return Understood(points, fate, account.counts["fields_set_aside"])


def differ(before: Iterable[Understood], now: Understood) -> Difference:
    """How a message differs from all that it may have been before; without any, all of it is added."""
    gone: dict[PointKey, Point] = {}
    kinds: Counter[str] = Counter()
    known: dict[PointKey, Point] = {}
    for one in before:
        for key, point in one.points.items():
            known[key] = point
            left = now.points.get(key)
            if left is None or not point.fields.keys() <= left.fields.keys():
                gone[key] = point
    for key, point in now.points.items():
        was = known.get(key)
        kinds["added" if was is None else "same" if was.fields == point.fields else "changed"] += 1
    return Difference(tuple(gone.values()), **kinds)
