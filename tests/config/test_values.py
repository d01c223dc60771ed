"""How single values of the configuration are written, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.config import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "secs"), [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)]
)
def test_durations_have_units(text: str, secs: float) -> None:
    """A duration is a number with a unit, and is seconds afterwards."""
    assert parse_duration(text) == secs


@pytest.mark.parametrize(("text", "size"), [("0B", 0), ("1.5KiB", 1536), ("8MiB", 8 * 2**20), ("4GB", 4 * 10**9)])
def test_sizes_have_units(text: str, size: int) -> None:
    """A size is a number with a unit, and is bytes afterwards."""
    assert parse_size(text) == size


@pytest.mark.parametrize("value", [30, 1.5, "30", "s", "-1s", "1 s", "1e3s", "inf s", None, True, "1MiB"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A bare number could be anything, so it is refused with an example of what to write."""
    with pytest.raises(ValueError, match="500ms, 30s"):
        parse_duration(value)


@pytest.mark.parametrize("value", [30, "30", "MiB", "-1MiB", "1 MiB", "1Mib", None, True, "30s"])
def test_what_is_no_size_is_refused(value: object) -> None:
    """The same for sizes."""
    with pytest.raises(ValueError, match="64MiB"):
        parse_size(value)


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_durations_grow_with_their_number(count: int, unit: str) -> None:
    """One more of a unit is longer, whichever the unit."""
    assert parse_duration(f"{count + 1}{unit}") > parse_duration(f"{count}{unit}") >= 0
