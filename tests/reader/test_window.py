"""Where windows begin: at what the clock of a zone shows, over changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestor.reader.question import Interval, parse_interval
from ingestor.reader.window import Stretch, before, edges, length_ns, stretches
from tests.contract.sourcemodel import nanoseconds, windows

HOUR_NS = 3_600 * 10**9
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Asia/Singapore", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "America/Sao_Paulo"]


def shown(every: str, zone: str, start: str, stop: str) -> list[str]:
    """The beginnings of windows as the clock shows them, and the end of the last."""
    place = ZoneInfo(zone)
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=place) for text in (start, stop))
    found = edges(parse_interval(every), place, start_ns=nanoseconds(begin), stop_ns=nanoseconds(end))
    return [datetime.fromtimestamp(edge // 10**9, place).strftime("%a %d %H:%M%z") for edge in found]


def test_days_begin_at_midnight() -> None:
    """Also before and after the change of the clock."""
    assert shown("1d", "Europe/Berlin", "2026-03-28T05:00", "2026-03-30T05:00") == [
        "Sat 28 00:00+0100",
        "Sun 29 00:00+0100",
        "Mon 30 00:00+0200",
        "Tue 31 00:00+0200",
    ]


def test_days_have_23_to_25_hours() -> None:
    """The day of the change is an hour shorter in spring, and longer in autumn."""
    for date, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        noon = nanoseconds(datetime.fromisoformat(date).replace(hour=12, tzinfo=BERLIN))
        begin, end = edges(Interval(1, "d"), BERLIN, start_ns=noon, stop_ns=noon + 1)

        assert end - begin == hours * HOUR_NS


def test_weeks_begin_on_monday() -> None:
    """At midnight of the zone."""
    assert shown("1w", "Asia/Singapore", "2026-11-25T08:00", "2026-11-30T00:00") == [
        "Mon 23 00:00+0800",
        "Mon 30 00:00+0800",
    ]


def test_hours_are_hours_where_the_clock_is_turned_back() -> None:
    """Two o'clock comes twice, and begins a window twice."""
    assert shown("1h", "Europe/Berlin", "2026-10-25T01:30", "2026-10-25T03:00") == [
        "Sun 25 01:00+0200",
        "Sun 25 02:00+0200",
        "Sun 25 02:00+0100",
        "Sun 25 03:00+0100",
    ]


def test_hours_where_the_clock_is_put_forward() -> None:
    """Two o'clock does not come; windows of two hours begin where it would have been passed."""
    assert shown("2h", "Europe/Berlin", "2026-03-29T00:00", "2026-03-29T05:00") == [
        "Sun 29 00:00+0100",
        "Sun 29 03:00+0200",
        "Sun 29 04:00+0200",
        "Sun 29 06:00+0200",
    ]


def test_zones_with_half_hours() -> None:
    """Hours are those of the clock of the place."""
    assert shown("1h", "America/St_Johns", "2026-06-01T10:10", "2026-06-01T10:20") == [
        "Mon 01 10:00-0230",
        "Mon 01 11:00-0230",
    ]


def test_day_without_midnight() -> None:
    """Where the clock is put forward at midnight, the day begins with the change."""
    assert shown("1d", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-04T12:00") == [
        "Sat 03 00:00-0300",
        "Sun 04 01:00-0200",
        "Mon 05 00:00-0200",
    ]


@settings(max_examples=25)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2018, 1, 1), datetime(2019, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - UTC
    minutes=st.integers(1, 5_000),
    every=st.builds("{}{}".format, st.integers(1, 100), st.sampled_from("mh")) | st.sampled_from(["1d", "3d", "1w"]),
)
def test_as_a_look_at_the_clock_tells(zone: str, start: datetime, minutes: int, every: str) -> None:
    """Windows begin where somebody who looks at the clock each minute would begin them."""
    stop = start + timedelta(minutes=minutes)
    found = list(edges(parse_interval(every), ZoneInfo(zone), start_ns=nanoseconds(start), stop_ns=nanoseconds(stop)))

    assert found[:-1] == windows(every, zone, start, stop)
    assert found[-1] >= nanoseconds(stop)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    start_ns=st.integers(-(2**62), 2**62),
    length=st.integers(1, 10**17),
    every=st.builds(Interval, st.integers(1, 500), st.sampled_from("hdw")),
)
def test_stretches_are_the_same_windows(zone: ZoneInfo, start_ns: int, length: int, every: Interval) -> None:
    """Stretches follow each other without a gap, and their windows are those that there are."""
    stop_ns = start_ns + length
    runs = list(stretches(every, zone, start_ns=start_ns, stop_ns=stop_ns))
    begins = [begin for first, stop, of in runs for begin in range(first, stop, of)]

    assert [one.stop_ns for one in runs[:-1]] == [other.start_ns for other in runs[1:]]
    assert [*begins, runs[-1].stop_ns] == list(edges(every, zone, start_ns=start_ns, stop_ns=stop_ns))
    assert begins[0] <= start_ns < begins[0] + 2 * length_ns(every) + 48 * HOUR_NS
    assert begins[-1] < stop_ns <= runs[-1].stop_ns


def test_few_stretches() -> None:
    """A year in Berlin has five: the two days of the changes stand alone."""
    start, stop = (nanoseconds(datetime(year, 1, 1, tzinfo=BERLIN)) for year in (2026, 2027))
    found = list(stretches(Interval(1, "d"), BERLIN, start_ns=start, stop_ns=stop))

    assert [stretch.length_ns // HOUR_NS for stretch in found] == [24, 23, 24, 25, 24]
    assert (found[0].start_ns, found[-1].stop_ns) == (start, stop)


@pytest.mark.parametrize("start_ns", [-(2**63), 2**63 - 10])
def test_edges_of_what_64_bits_can_tell(start_ns: int) -> None:
    """A window that begins before or ends behind that is cut there."""
    first, last = edges(Interval(2, "w"), BERLIN, start_ns=start_ns, stop_ns=start_ns + 9)

    assert -(2**63) <= first < last < 2**63


def test_before() -> None:
    """Days are those of the calendar, hours those of a clock that nobody changes."""
    noon = datetime(2026, 3, 29, 12, tzinfo=BERLIN)

    assert before(nanoseconds(noon), Interval(1, "d"), BERLIN) == nanoseconds(noon - timedelta(days=1))
    assert nanoseconds(noon) - before(nanoseconds(noon), Interval(24, "h"), BERLIN) == 24 * HOUR_NS
    assert before(0, Interval(2, "w"), ZoneInfo("UTC")) == -14 * 24 * HOUR_NS


def test_stretch_of_seconds() -> None:
    """Seconds go on over all changes in one stretch."""
    year = 365 * 24 * HOUR_NS

    assert list(stretches(Interval(10, "s"), BERLIN, start_ns=0, stop_ns=year)) == [Stretch(0, year, 10**10)]
