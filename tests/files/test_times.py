"""Times in files."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.files.times import TimeReader, iso_times

NOON_NS = 1_769_860_800_000_000_000
INT64 = st.integers(-(2**63), 2**63 - 1)


def test_times_are_written_to_the_nanosecond_and_of_one_length() -> None:
    """So they sort as text."""
    assert iso_times([NOON_NS, NOON_NS + 1, -1, 0]) == [
        "2026-01-31T12:00:00.000000000Z",
        "2026-01-31T12:00:00.000000001Z",
        "1969-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00.000000000Z",
    ]


@given(st.lists(INT64))
def test_what_is_written_is_read(times: list[int]) -> None:
    """Each time of 64 bits."""
    assert [TimeReader().read(text) for text in iso_times(times)] == times


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00",
        "2026-01-31t12:00:00.000z",
        "2026-01-31T20:00:00+08:00",
        "2026-01-31T07:00:00,0 -0500",
        "1769860800000000000",
        "2026-01-31T12:00:00.00000000000Z",
    ],
)
def test_times_as_people_and_programs_write_them(text: str) -> None:
    """ISO 8601 in its usual forms, or a number; without a zone it is UTC."""
    assert TimeReader().read(text) == NOON_NS


def test_a_date_is_its_midnight_in_the_zone() -> None:
    """Times that name no zone are of the one that was said, also across a change of clocks."""
    berlin = TimeReader(zone=ZoneInfo("Europe/Berlin"))

    assert berlin.read("2026-01-31") == NOON_NS - 13 * 3_600 * 10**9
    assert berlin.read("2026-07-31T14:00") == int(datetime(2026, 7, 31, 12, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("precision", "text"), [("s", "1769860800"), ("ms", "1769860800000"), ("us", "1769860800000000")]
)
def test_numbers_count_what_is_said(precision: str, text: str) -> None:
    """Seconds, milliseconds or microseconds."""
    assert TimeReader(precision=precision).read(text) == NOON_NS


def test_seconds_are_not_taken_for_nanoseconds() -> None:
    """They would be in January 1970; whoever means that says so."""
    with pytest.raises(ValueError, match="1970 as nanoseconds: say what it counts"):
        TimeReader().read("1769860800")

    assert TimeReader(precision="ns").read("1769860800") == 1_769_860_800


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither ISO 8601"),
        ("yesterday", "neither ISO 8601"),
        ("31.01.2026 12:00", "neither ISO 8601"),
        ("2026-01-31T12:00:00.1234567891Z", "neither ISO 8601"),
        ("٢٠٢٦-01-31", "neither ISO 8601"),
        ("2026-02-30", "not in the calendar"),
        ("2026-01-31T25:00", "not in the calendar"),
        ("2300-01-01", "further from 1970"),
        ("9223372036854775808", "further from 1970"),
        ("1" * 90, "neither ISO 8601"),
    ],
)
def test_what_is_no_time_is_told(text: str, why: str) -> None:
    """The text says what is wrong, and is never long."""
    with pytest.raises(ValueError, match=why) as told:
        TimeReader().read(text)

    assert len(str(told.value)) < 150
