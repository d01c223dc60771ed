"""In which order the points of a batch are sent: by bucket, and within a bucket by series. Pure.

Lines of one series stand together, which compresses better and is what InfluxDB likes best. Within a series the order
stays, so that of two points of one time the last still wins.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from ingestor.ports import Point, Series

_Name = tuple[str, tuple[tuple[str, str], ...]]


class Groups:
    """Collects a batch in pieces, so that a large one blocks nobody."""

    def __init__(self) -> None:
        self._of_series: dict[Series, list[int]] = {}
        self._buckets: dict[str, dict[_Name, list[int]]] = {}

    def add(self, points: Sequence[Point], first: int) -> None:
        """Take the next points; `first` is the index of the first of them."""
        of_series = self._of_series
        for at, point in enumerate(points, first):
            group = of_series.get(point.series)
            if group is None:
                group = of_series[point.series] = self._group(point.series)
            group.append(at)

    def _group(self, series: Series) -> list[int]:
        """Series are told apart by what they say: two objects of the same words are one."""
        names = self._buckets.setdefault(series.bucket, {})
        return names.setdefault((series.measurement, series.tags), [])

    def by_bucket(self) -> Mapping[str, Sequence[int]]:
        """The indices of each bucket's points, in the order to send them in."""
        return {bucket: list(chain.from_iterable(names.values())) for bucket, names in self._buckets.items()}
