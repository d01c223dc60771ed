"""Times, sizes and counts as people read them."""

import pytest

from ingestor.cli.units import counted, readable_size, readable_span, readable_time, short_time


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (4 * 2**30, "4.0 GiB"), (5000 * 2**40, "5000.0 TiB")],
)
def test_sizes_have_the_largest_unit_that_fits(size: int, text: str) -> None:
    """Bytes are whole, larger units have a tenth."""
    assert readable_size(size) == text


@pytest.mark.parametrize(
    ("secs", "text"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_700, "1 h 1 min"),
        (7 * 86_400, "7 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_spans_have_the_two_largest_units(secs: float, text: str) -> None:
    """A smaller unit that is nothing is left out."""
    assert readable_span(secs) == text


def test_moments_are_in_utc() -> None:
    """A moment is told to the millisecond, and says that it is UTC."""
    assert readable_time(1_735_689_600_123_000_000) == "2025-01-01T00:00:00.123Z"


@pytest.mark.parametrize(("number", "text"), [(0, "0 buckets"), (1, "1 bucket"), (1_200, "1,200 buckets")])
def test_one_is_singular(number: int, text: str) -> None:
    """Only one is one."""
    assert counted(number, "bucket") == text


def test_odd_plurals_are_given() -> None:
    """Where an s does not make the plural, the caller says what does."""
    assert (counted(1, "entry", "entries"), counted(2, "entry", "entries")) == ("1 entry", "2 entries")


def test_a_short_time_leaves_out_the_date_of_today() -> None:
    """Of another day it leaves out the seconds; today is that of UTC, as the time is."""
    noon_ns = 43_200 * 10**9

    assert short_time(3_661 * 10**9, now_ns=noon_ns) == "01:01:01Z"
    assert short_time(3_661 * 10**9, now_ns=noon_ns + 86_400 * 10**9) == "1970-01-01 01:01Z"
