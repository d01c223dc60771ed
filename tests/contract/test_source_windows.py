"""What is made of windows is the same in every store, and what plain Python makes of the same readings."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestor.ports import Point
from tests.contract.sourcemodel import Asked, answer
from tests.contract.sourcesubjects import AROUND, CHANGES, Subject, assert_same, rows

FUNCTIONS = (
    "mean", "min", "max", "sum", "count", "first", "last", "median", "p5", "p95", "p99.9", "difference", "rate",
)  # fmt: skip
FILLS = ("none", "null", "previous", "linear", 0, 1.5)


def around(place: str, **wish: object) -> Asked:
    """A question about the time around a change of clocks, in the zone of the place."""
    begin, end = CHANGES[place] - AROUND, CHANGES[place] + AROUND
    asked = {"start": begin, "stop": end, "zone": place.split(maxsplit=1)[0], "every": "1h", **wish}
    return Asked(**asked)  # type: ignore[arg-type]  # as given


def check(farm: Subject, written: list[Point], asked: Asked) -> None:
    """Compare an answer with what it has to be."""
    assert_same(rows(farm.read("Farm", **asked.wish())), answer(written, asked))


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("place", CHANGES)
def test_every_function_and_fill(farm: Subject, written: list[Point], place: str, fill: str | float) -> None:
    """Each function gives its value for each window, series and field of any type, over a change of clocks, too.

    Windows without readings get what was asked for, and only within a series.
    """
    check(farm, written, around(place, functions=FUNCTIONS, fill=fill))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_alone(farm: Subject, written: list[Point], function: str) -> None:
    """It is asked for by itself, for days in which clocks are changed, and its columns are called as the fields are."""
    check(farm, written, around("Australia/Lord_Howe", functions=(function,), every="1d"))


@pytest.mark.parametrize("every", ["7m", "2h", "6h", "36h", "1d", "1w"])
@pytest.mark.parametrize("place", CHANGES)
def test_every_length(farm: Subject, written: list[Point], place: str, every: str) -> None:
    """Windows begin where the clock of the zone shows a multiple of their length; days have 23 to 25 hours."""
    check(farm, written, around(place, every=every, functions=("count", "last")))


@pytest.mark.parametrize("every", ["1s", "7s", "90s"])
@pytest.mark.parametrize("place", CHANGES)
def test_windows_of_seconds(farm: Subject, written: list[Point], place: str, every: str) -> None:
    """Short windows go on over a change of clocks; most of them are empty."""
    start, stop = CHANGES[place] - timedelta(minutes=20), CHANGES[place] + timedelta(minutes=20)
    check(farm, written, around(place, start=start, stop=stop, every=every, functions=("last", "rate"), fill="null"))


def test_several_functions(farm: Subject, written: list[Point]) -> None:
    """With several functions each field has a column for each."""
    asked = around("Asia/Singapore", functions=("mean", "rate", "count", "last", "p90"), every="3h")
    check(farm, written, asked)


def test_window_that_is_cut(farm: Subject, written: list[Point]) -> None:
    """A window that is only in part within the time is labelled with its beginning, and has the readings within."""
    start = CHANGES["Asia/Singapore"] + timedelta(minutes=17, seconds=3)
    check(farm, written, Asked(start, start + timedelta(hours=5, minutes=1), "Asia/Singapore", "2h", ("count",)))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(list(CHANGES)),
    begin=st.integers(-3_000, 3_000),
    minutes=st.integers(1, 4_000),
    every=st.builds("{}{}".format, st.integers(1, 90), st.sampled_from("mh")) | st.sampled_from(["1d", "2d", "1w"]),
    functions=st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=3, unique=True),
    fields=st.none() | st.lists(st.sampled_from(["temperature", "humidity", "count"]), min_size=1, unique=True),
    fill=st.sampled_from(FILLS[:5]),
    racks=st.sampled_from([{}, {"rack": "rack1"}, {"rack": ["rack2", ""]}, {"level": "2", "rack": ["rack1"]}]),
)
@pytest.mark.long
def test_any_question(
    farm: Subject, written: list[Point], place: str, begin: int, minutes: int, **wish: object
) -> None:
    """Whatever is asked together, the answer is what plain Python makes of the readings."""
    start = CHANGES[place] + timedelta(minutes=begin)
    functions, fields = wish["functions"], wish["fields"]
    asked = around(
        place,
        start=start,
        stop=start + timedelta(minutes=minutes),
        every=wish["every"],
        functions=tuple(functions),  # type: ignore[arg-type]  # a list
        fields=tuple(fields) if fields else None,  # type: ignore[arg-type]
        fill=wish["fill"],
        where=wish["racks"],
    )
    check(farm, written, asked)
