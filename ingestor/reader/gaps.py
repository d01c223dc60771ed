"""Where data is missing, found in readings as they stream by."""

from collections.abc import Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

_Series = frozenset[tuple[str, str]]  # its tags


class Gaps:
    """Looks at batch after batch, of which each has the readings of a series in the order of time.

    Args:
        expected_ns: How often there should be a reading; more than one and a half times that is a gap.
        start_ns: From when on.
        stop_ns: Until when.
        zone: In which time zone times are shown.
    """

    def __init__(self, expected_ns: int, *, start_ns: int, stop_ns: int, zone: ZoneInfo) -> None:
        self._expected_ns = expected_ns
        self._most_ns = expected_ns + expected_ns // 2
        self._start_ns, self._stop_ns = start_ns, stop_ns
        self._zone = zone
        self._last: dict[_Series, int] = {}
        self._found: list[tuple[_Series, int, int]] = []

    def look_at(self, batch: pa.RecordBatch, tags: Sequence[str]) -> None:
        """Take the next batch; `tags` are its columns that tell the series, which follow the time."""
        if not batch.num_rows:
            return
        times = batch.column(0).cast(pa.int64())
        values = batch.columns[1 : 1 + len(tags)]
        begins = [0, *_changes(values, batch.num_rows), batch.num_rows]
        for begin, end in pairwise(begins):
            cells = [(tag, column[begin].as_py()) for tag, column in zip(tags, values, strict=True)]
            series = frozenset((tag, value) for tag, value in cells if value is not None)
            self._look_at_run(series, times.slice(begin, end - begin))

    def table(self, tags: Sequence[str]) -> pa.Table:
        """All gaps, ordered by tags and time; the one that is open at the end is closed."""
        open_ones = [
            (series, last, self._stop_ns) for series, last in self._last.items() if self._is_gap(last, self._stop_ns)
        ]
        rows = sorted(
            (*self._found, *open_ones),
            key=lambda gap: ([(tag not in dict(gap[0]), dict(gap[0]).get(tag, "")) for tag in tags], gap[1]),
        )
        times = pa.timestamp("ns", str(self._zone))
        columns = [pa.array([dict(series).get(tag) for series, _, _ in rows], pa.string()) for tag in tags]
        columns += [pa.array([begin for _, begin, _ in rows], pa.int64()).cast(times)]
        columns += [pa.array([end for _, _, end in rows], pa.int64()).cast(times)]
        columns += [pa.array([self._missing(begin, end) for _, begin, end in rows], pa.int64())]
        return pa.table(columns, names=[*tags, "from", "to", "missing"])

    def _look_at_run(self, series: _Series, times: pa.Array) -> None:
        first, last = times[0].as_py(), times[-1].as_py()
        before = self._last.get(series, self._start_ns)
        if self._is_gap(before, first):
            self._found.append((series, before, first))
        wide = pc.greater(pc.subtract(times[1:], times[:-1]), self._most_ns)
        if pc.any(wide).as_py():
            begins, ends = times[:-1].filter(wide).to_pylist(), times[1:].filter(wide).to_pylist()
            self._found += [(series, begin, end) for begin, end in zip(begins, ends, strict=True)]
        self._last[series] = last

    def _is_gap(self, begin_ns: int, end_ns: int) -> bool:
        return end_ns - begin_ns > self._most_ns

    def _missing(self, begin_ns: int, end_ns: int) -> int:
        """How many readings should have been between these, which are a reading each, or the edge of the time."""
        return max(1, (2 * (end_ns - begin_ns) + self._expected_ns) // (2 * self._expected_ns) - 1)


def _changes(tags: Sequence[pa.Array], rows: int) -> list[int]:
    """The rows at which another series begins."""
    changed = pa.repeat(pa.scalar(value=False), rows - 1)
    for column in tags:
        here, there = column[1:], column[:-1]
        differs = pc.fill_null(pc.not_equal(here, there), pc.xor(pc.is_null(here), pc.is_null(there)))
        changed = pc.or_(changed, differs)
    return [row + 1 for row in pc.indices_nonzero(changed).to_pylist()]
