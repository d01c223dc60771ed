"""Waiting between attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.retry import Backoff, asked_wait


def test_waits_double_up_to_the_cap() -> None:
    """Without luck each wait is twice the last, until the cap."""
    backoff = Backoff(1, 10, lambda: 1.0)

    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_no_wait_is_negative_or_over_the_cap(drawn: list[float]) -> None:
    """Whatever chance draws, a wait lies between nothing and the cap."""
    luck = iter(drawn)
    backoff = Backoff(0.5, 30, lambda: next(luck))

    assert all(0 <= backoff.next() <= 30 for _ in drawn)


def test_one_success_does_not_start_over() -> None:
    """A server that works for a moment between failures is still waited for longer and longer."""
    backoff = Backoff(1, 100, lambda: 1.0)
    waits = []
    for moment in range(5):
        backoff.succeeded(moment * 1000.0)
        waits.append(backoff.next())

    assert waits == [1, 2, 4, 8, 16]


def test_starts_over_after_a_stable_period() -> None:
    """After a minute of successes the next failure is a first one again."""
    backoff = Backoff(1, 100, lambda: 1.0)
    backoff.next()
    backoff.next()
    backoff.succeeded(100.0)
    backoff.succeeded(160.0)

    assert backoff.next() == 1


def test_stable_period_counts_from_the_last_failure() -> None:
    """Successes on both sides of a failure do not add up."""
    backoff = Backoff(1, 100, lambda: 1.0)
    backoff.succeeded(0.0)
    backoff.next()
    backoff.succeeded(59.0)
    backoff.succeeded(70.0)

    assert backoff.next() == 2


def test_jitter_is_drawn_for_each_wait() -> None:
    """Two waits in a row use two draws."""
    draws = iter([0.5, 0.25])
    backoff = Backoff(1, 100, lambda: next(draws))

    assert [backoff.next(), backoff.next()] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("asked", "secs"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120),
        ("Tue, 24 Nov 2026 11:00:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_servers_ask_for_a_wait_in_seconds_or_by_a_date(asked: str, secs: float | None) -> None:
    """A date is compared with the server's own clock; nonsense asks for nothing."""
    assert asked_wait({"retry-after": asked, "date": "Tue, 24 Nov 2026 12:00:00 GMT"}) == secs


def test_a_date_alone_asks_for_nothing() -> None:
    """Our clock may be another one than the server's."""
    assert asked_wait({"retry-after": "Tue, 24 Nov 2026 12:02:00 GMT"}) is None
    assert asked_wait({}) is None
