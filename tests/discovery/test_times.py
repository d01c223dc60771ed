"""Which values are times."""

import pytest

from ingestor.discovery.times import TimeWatch, rank
from tests.discovery.streams import said

NOW = 1_795_521_600
MESSAGE = said("a", b"")


def watch(*values: object) -> TimeWatch:
    """Of these values, received at NOW."""
    found = TimeWatch()
    for value in values:
        found.add(value, MESSAGE)
    return found


@pytest.mark.parametrize(
    "value",
    [NOW, NOW + 0.5, NOW * 1_000, NOW * 10**6, NOW * 10**9, "2026-11-24T12:00:00Z", "2026-11-24T20:00:00+08:00", 10**9],
)
def test_times_of_all_units_are_known(value: object) -> None:
    """Between 2000 and a little after the receipt."""
    assert watch(value, None, value).is_time
    assert watch(value).zone is None


@pytest.mark.parametrize(
    "value", [20, 1.5, True, "noon", "2026-11-24", "2026-13-24T12:00:00Z", NOW + 9_999, 10**400, "1999-01-01T00:00Z"]
)
def test_other_values_are_no_times(value: object) -> None:
    """Nor are places with one of them among times."""
    assert not watch(value).is_time
    assert not watch(NOW, value).is_time


def test_times_without_a_zone_are_utc_where_that_is_just_now() -> None:
    """In other zones they would be of another hour."""
    found = watch("2026-11-24T11:59:30", "2026-11-24 11:59:31.5")

    assert (found.is_time, found.zone) == (True, "UTC")
    assert not watch("2026-11-24T19:59:30").is_time
    assert not watch("2026-11-24T11:59:30", "2026-11-24T11:59:30Z").is_time


def test_nothing_is_no_time() -> None:
    """A place that is always null, or never there."""
    assert not watch(None).is_time


def test_two_become_one() -> None:
    """One odd value of another topic counts, too."""
    both = watch(NOW)
    both.merge(watch(5))

    assert not both.is_time


def test_names_tell_how_likely_it_is() -> None:
    """However they are spelt."""
    assert rank("ts") == 0
    assert rank("createdAt") == rank("created_at") is not None
    assert [rank(name) for name in ("temperature", "runtime", "")] == [None, None, None]
