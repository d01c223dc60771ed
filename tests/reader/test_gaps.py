"""Where data is missing, found in batches as they come."""

from collections.abc import Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.reader.gaps import Gaps

Reading = tuple[int, str | None]


def found(batches: Sequence[Sequence[Reading]], *, stop: int = 100) -> list[tuple[str | None, int, int, int]]:
    """Rack, from, to and how many are missing, where one is expected every ten."""
    gaps = Gaps(10, start_ns=0, stop_ns=stop, zone=ZoneInfo("Asia/Singapore"))
    for batch in batches:
        times = pa.array([time for time, _ in batch], pa.int64()).cast(pa.timestamp("ns", "UTC"))
        racks = pa.array([rack for _, rack in batch], pa.string())
        gaps.look_at(pa.record_batch([times, racks], names=["time", "rack"]), ["rack"])
    table = gaps.table(["rack"])
    ends = [table[name].cast(pa.int64()).to_pylist() for name in ("from", "to")]
    return list(zip(table["rack"].to_pylist(), *ends, table["missing"].to_pylist(), strict=True))


def test_no_gap() -> None:
    """Readings that come a little late or early are all there."""
    assert found([[(time, "a") for time in (9, 20, 35, 41, 50, 64, 70, 80, 91)]]) == []


def test_gap_between_readings() -> None:
    """Of more than one and a half times the interval, some are missing."""
    assert found([[(10, "a"), (26, "a"), (60, "a"), (75, "a"), (90, "a")]]) == [("a", 10, 26, 1), ("a", 26, 60, 2)]


def test_gaps_at_both_ends() -> None:
    """What is missing before the first and after the last reading is told, too."""
    assert found([[(40, "a"), (50, "a")]]) == [("a", 0, 40, 3), ("a", 50, 100, 4)]


def test_gaps_of_each_series() -> None:
    """Series are looked at by themselves, and come in the order of their tags; without a tag is a series."""
    assert found([[(10, "b"), (10, None), (10, "a")]], stop=30) == [
        ("a", 10, 30, 1),
        ("b", 10, 30, 1),
        (None, 10, 30, 1),
    ]


def test_gap_between_batches() -> None:
    """The last reading of a series is remembered until its next batch; an empty batch changes nothing."""
    assert found([[(10, "a"), (10, "b")], [], [(50, "a")], [(20, "b")]], stop=50) == [
        ("a", 10, 50, 3),
        ("b", 20, 50, 2),
    ]


def test_nothing_read() -> None:
    """A series that was never read is not known; the table has its columns."""
    assert found([]) == []


@given(st.lists(st.integers(0, 99), min_size=1, unique=True), st.integers(1, 5))
def test_however_readings_are_cut_into_batches(times: list[int], size: int) -> None:
    """The gaps are the same, and each is where two readings are far apart."""
    ordered = sorted(times)
    rows: list[Reading] = [(time, "a") for time in ordered]
    cut = found([rows[begin : begin + size] for begin in range(0, len(rows), size)])
    ends = [0, *ordered, 100]

    assert cut == found([rows])
    assert [gap[1:3] for gap in cut] == [(one, other) for one, other in pairwise(ends) if other - one > 15]
    assert all(gap[3] == pytest.approx((gap[2] - gap[1]) / 10 - 1, abs=0.5) for gap in cut)
