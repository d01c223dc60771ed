"""Points from the readings of a script."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ingestor.ports import FieldType, Flaw, Point, Reason
from ingestor.writer import pointmaker
from ingestor.writer.pointmaker import PointMaker, nanoseconds
from sensors import Measurement, Tag
from sensors.climate import Climate
from sensors.water import WaterLevel


class Odd(Measurement):
    """A model with a field of each kind."""

    place: Tag
    count: int | None = None
    words: str | None = None
    on: bool | None = None
    level: float | None = None


def make(
    reading: Measurement, *, maker: PointMaker | None = None, measurement: str | None = None, time_ns: int | None = None
) -> Point:
    """The point of a reading at the time 100."""
    made = (maker or PointMaker()).make(reading, bucket="Farm", measurement=measurement, time_ns=time_ns, now_ns=100)
    assert isinstance(made, Point)
    return made


def test_a_reading_becomes_a_point() -> None:
    """Tags and fields are those of the model, with its units; what was not measured is not there."""
    series, time_ns, fields = make(Climate(rack="rack1", temperature=21.5))

    assert (series.bucket, series.measurement, series.tags) == ("Farm", "climate", (("rack", "rack1"),))
    assert (time_ns, fields) == (100, {"temperature": 21.5})
    assert series.types["temperature"] is FieldType.FLOAT
    assert series.units["temperature"] == "°C"


def test_each_kind_of_field_keeps_its_type() -> None:
    """A whole number in a float's place is a float, and everything else is what it is."""
    fields = make(Odd(place="here", count=3, words="007", on=False, level=2)).fields

    assert fields == {"count": 3, "words": "007", "on": False, "level": 2.0}
    assert [type(value) for value in fields.values()] == [int, str, bool, float]


@pytest.mark.parametrize(
    ("reading", "given", "measurement"),
    [
        (WaterLevel(water_level=3.0), None, "water_level"),
        (Odd(place="here", on=True), None, "Odd"),
        (Climate(temperature=1.0), "greenhouse", "greenhouse"),
    ],
)
def test_the_measurement_is_named_as_routes_do(reading: Measurement, given: str | None, measurement: str) -> None:
    """The name of the catalog, or of the class, or what is given."""
    assert make(reading, measurement=given).series.measurement == measurement


def test_the_time_is_given_or_the_readings_own_or_now() -> None:
    """In this order; and what is now only increases."""
    maker = PointMaker()
    timed, plain = Climate(temperature=1.0, time=50), Climate(temperature=1.0)
    times = [
        make(timed, maker=maker, time_ns=7).time_ns,
        make(timed, maker=maker).time_ns,
        make(plain, maker=maker).time_ns,
        make(plain, maker=maker).time_ns,
    ]

    assert times == [7, 50, 100, 101]


def test_one_series_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores and registry remember what they know of it; of very many series some are forgotten."""
    monkeypatch.setattr(pointmaker, "_MAX_SERIES", 3)
    maker = PointMaker()
    first, again = (make(Climate(rack="rack1", temperature=at), maker=maker).series for at in (1.0, 2.0))
    for number in range(10):
        make(Climate(rack=f"rack{number}", temperature=1.0), maker=maker)

    assert first is again
    assert len(maker._series) <= 3


@pytest.mark.parametrize("text", ["", "two\nlines", "x" * 5000])
def test_a_tag_that_cannot_be_stored_is_told(text: str) -> None:
    """As in the service, the reading is set aside."""
    made = PointMaker().make(Odd(place=text, on=True), bucket="Farm", measurement=None, time_ns=1, now_ns=1)

    assert isinstance(made, Flaw)
    assert (made.reason, made.detail.partition(":")[0]) == (Reason.TAG, "tag place")


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (None, None),
        (-5, -5),
        (datetime(1970, 1, 1, 0, 0, 1, 2, tzinfo=UTC), 1_000_002_000),
        (datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), 0),
        (datetime(2026, 11, 25, 1, 2, 3, 456_789, tzinfo=UTC), 1_795_568_523_456_789_000),
    ],
    ids=str,
)
def test_times_are_exact(time: datetime | int | None, expected: int | None) -> None:
    """To the microsecond, in any zone; nanoseconds stay what they are."""
    assert nanoseconds(time) == expected


@pytest.mark.parametrize("time", [datetime(2026, 1, 1), 2**63, datetime(2600, 1, 1, tzinfo=UTC)], ids=str)  # noqa: DTZ001
def test_times_that_mean_nothing_are_refused(time: datetime | int) -> None:
    """A time without a zone could be any of 24; one beyond 64 bits cannot be stored."""
    with pytest.raises(ValueError, match=r"^time "):
        nanoseconds(time)


@pytest.mark.parametrize("time", [1_764_000_000.5, True, "2026-11-25"], ids=repr)
def test_what_is_no_time_is_refused(time: object) -> None:
    """Seconds as `time.time()` gives them would be a moment in 1970."""
    with pytest.raises(TypeError, match=r"nanoseconds as time\.time_ns"):
        nanoseconds(time)  # type: ignore[arg-type]
