"""Simulated racks in turn, and how steadily."""

import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.cli.devices import Pace, emissions

NOON_NS = 1_735_732_800 * 10**9


def test_every_rack_sends_bare_numbers_and_one_message() -> None:
    """A round has all topics of all racks."""
    topics = [one.topic for one in islice(emissions(2, clock=lambda: NOON_NS), 12)]
    bare = ["temperature", "humidity", "co2", "light", "power"]

    assert topics == [
        *[f"rack1/{name}" for name in bare], "farm/rack1/climate",
        *[f"rack2/{name}" for name in bare], "farm/rack2/climate",
    ]  # fmt: skip


def test_no_rack_tells_a_time_twice() -> None:
    """Also where a clock stands still: two messages of one rack would be one point."""
    messages = [one for one in islice(emissions(3, clock=lambda: NOON_NS), 600) if one.topic.startswith("farm/")]
    told = [(one.topic, json.loads(one.payload)["ts"]) for one in messages]

    assert len(told) == 100
    assert len(set(told)) == len(told)


def test_only_the_last_racks_are_faulty() -> None:
    """As many of them as asked for; the others never are."""
    some = list(islice(emissions(4, clock=lambda: NOON_NS, faulty=2), 24 * 50))
    faulty = {one.topic.replace("farm/", "").split("/")[0] for one in some if one.fault}

    assert faulty == {"rack3", "rack4"}


def test_the_same_seed_is_the_same_farm() -> None:
    """And another one is another."""
    first, again, other = (
        list(islice(emissions(2, clock=lambda: NOON_NS, seed=seed, faulty=1), 60)) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_messages_come_at_a_steady_rate() -> None:
    """The first at once, then one every tenth of a second."""
    pace = Pace(10, now=0.0)

    assert [pace.take(now, at_most=9) for now in (0.0, 0.05, 0.11, 0.35, 0.39)] == [1, 0, 1, 2, 0]


def test_it_says_when_the_next_one_is_due() -> None:
    """Whoever waits as long as it says finds one due, and none before."""
    pace = Pace(4, now=0.0)
    pace.take(0.0, at_most=1)

    assert pace.due_in(0.1) == pytest.approx(0.15)
    assert pace.take(0.24, at_most=1) == 0
    assert pace.due_in(0.25) == 0.0
    assert pace.take(0.25, at_most=1) == 1


def test_what_is_not_taken_stays_due() -> None:
    """A publisher without room takes the rest later."""
    pace = Pace(10, now=0.0)

    assert [pace.take(0.5, at_most=2), pace.due_in(0.5), pace.take(0.5, at_most=9)] == [2, 0.0, 4]


def test_after_a_long_pause_only_a_second_is_made_up_for() -> None:
    """A broker that was away is not flooded when it is back."""
    pace = Pace(10, now=0.0)
    pace.take(0.0, at_most=1)

    assert pace.take(60.0, at_most=1_000) == 10
    assert pace.due_in(60.0) == pytest.approx(0.1)


@given(rate=st.floats(0.01, 100_000), steps=st.lists(st.floats(0, 1.5), max_size=40), room=st.integers(1, 200))
def test_it_is_never_ahead_of_the_rate(rate: float, steps: list[float], room: int) -> None:
    """Whatever the clock and the publisher do, no more is given out than the rate allows, and never a negative."""
    pace, now, given_out = Pace(rate, now=0.0), 0.0, 0
    for step in steps:
        now += step
        taken = pace.take(now, at_most=room)
        given_out += taken

        assert 0 <= taken <= room
        assert given_out <= now * rate + 1
        assert pace.due_in(now) >= 0
