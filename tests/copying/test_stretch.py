"""Cutting a time into stretches."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.copying.stretch import Stretches

TIMES = st.integers(-(2**62), 2**62)
AMOUNTS = st.integers(0, 10**7)


def cut(stretches: Stretches, amounts: list[int]) -> list[tuple[int, int]]:
    """The stretches that come while they hold these amounts."""
    found = []
    for amount in amounts:
        stretch = stretches.take()
        if stretch is None:
            break
        found.append(stretch)
        stretches.settle(amount)
    return found


@given(TIMES, st.integers(1, 2**62), st.integers(1, 10**15), st.lists(AMOUNTS, min_size=1))
def test_stretches_follow_each_other(start: int, length: int, first: int, amounts: list[int]) -> None:
    """The first begins where the time does, each next one where the last ended, and none ends later than the time."""
    found = cut(Stretches(start, start + length, length_ns=first, aim=1_000), amounts)

    assert [begin for begin, _ in found] == [start, *(end for _, end in found[:-1])]
    assert all(begin < end <= start + length for begin, end in found)


@given(TIMES, st.integers(1, 2**62), st.lists(AMOUNTS, min_size=1))
def test_whole_units(start: int, length: int, amounts: list[int]) -> None:
    """All but the last stretch end at a multiple of the unit."""
    found = cut(Stretches(start, start + length, length_ns=1, aim=1_000, unit_ns=86_400), amounts)

    assert all(end % 86_400 == 0 for _, end in found if end != start + length)


def test_lengths_go_by_what_came() -> None:
    """Empty stretches grow, too full ones shrink, and all of it comes to an end."""
    lengths = [end - begin for begin, end in cut(Stretches(0, 10**6, length_ns=100, aim=10), [0, 0, 80, 10, 10])]

    assert lengths == [100, 800, 6_400, 800, 800]


def test_a_stretch_stays_until_it_is_settled() -> None:
    """Who asks twice gets the same."""
    stretches = Stretches(0, 100, length_ns=60, aim=1)

    assert stretches.take() == stretches.take() == (0, 60)


def test_an_empty_time_has_no_stretch() -> None:
    """At its end there is nothing more, and settling nothing changes nothing."""
    stretches = Stretches(5, 5, length_ns=60, aim=1)
    stretches.settle(1)

    assert stretches.take() is None
