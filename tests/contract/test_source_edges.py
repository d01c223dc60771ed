"""Readings at the very edges of windows, and windows over the ends of months and years, are the same in every store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ingestor.ports import FieldType, Point
from tests.builders import series
from tests.contract.sourcemodel import SECS, Asked, answer, nanoseconds, windows
from tests.contract.sourcesubjects import SUBJECTS, Subject, assert_same, rows

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Singapore", "Australia/Lord_Howe")
FUNCTIONS = ("count", "first", "last", "min", "max", "sum", "mean", "median", "difference")
TURNS = {"before 1970": datetime(1968, 2, 29, tzinfo=UTC), "1970": datetime(1970, 1, 1, tzinfo=UTC),
         "a change of clocks": datetime(2026, 4, 4, 15, tzinfo=UTC)}  # fmt: skip
WINTER = datetime(2027, 12, 20, tzinfo=UTC), datetime(2028, 3, 6, tzinfo=UTC)
"""Over the end of a year, of a January, and of a February of 29 days."""


@pytest.fixture(scope="module", params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Every store in turn, with readings of a winter."""
    made = SUBJECTS[request.param](tmp_path_factory.mktemp("edges"), request)
    made.write(winter())
    return made


def winter() -> list[Point]:
    """Readings every seven hours."""
    types = {"temperature": FieldType.FLOAT, "count": FieldType.INT}
    of = series("Winter", "climate", tags={"rack": "rack1"}, types=types)
    hours = int((WINTER[1] - WINTER[0]).total_seconds()) // 3_600
    return [
        Point(of, nanoseconds(WINTER[0] + timedelta(hours=hour)), {"temperature": hour % 11 / 4, "count": hour})
        for hour in range(0, hours, 7)
    ]


def at_edges(bucket: str, every: str, zone: str, turn: datetime) -> Iterator[Point]:
    """A reading on each of some edges, a nanosecond before, and one after."""
    of = series(bucket, "climate", tags={"rack": "rack1"}, types={"count": FieldType.INT, "state": FieldType.TEXT})
    length = timedelta(seconds=SECS[every[-1]])
    for edge in windows(every, zone, turn - 2 * length, turn + 2 * length):
        for number, past in enumerate((-1, 0, 1)):
            yield Point(of, edge + past, {"count": 10 * number + edge // 10**9 % 10, "state": f"{past} of {edge}"})


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("every", ["1s", "1m", "1h", "1d", "1w"])
def test_readings_on_edges(subject: Subject, every: str, turn: str) -> None:
    """A reading on an edge belongs to the window that begins there, one a nanosecond before to the last."""
    about = TURNS[turn]
    for zone in ZONES:
        bucket = f"{every} {turn} {zone.replace('/', ' ')}"
        points = list(at_edges(bucket, every, zone, about))
        subject.write(points)
        length = timedelta(seconds=SECS[every[-1]])
        asked = Asked(about - 4 * length, about + 4 * length, zone, every, FUNCTIONS, fill="null")

        assert_same(rows(subject.read(bucket, **asked.wish()), ["rack"]), answer(points, asked))


@pytest.mark.parametrize("every", ["1d", "3d", "1w", "2w", "31d"])
@pytest.mark.parametrize("zone", ZONES)
def test_ends_of_months(subject: Subject, zone: str, every: str) -> None:
    """Windows of days and weeks take no notice of them."""
    for fill in ("none", "previous"):
        asked = Asked(*WINTER, zone, every, FUNCTIONS, fill=fill)

        assert_same(rows(subject.read("Winter", **asked.wish()), ["rack"]), answer(winter(), asked))
