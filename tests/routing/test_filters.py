"""Arithmetic of topic filters, against a second opinion that only knows single topics."""

from itertools import combinations, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.filters import Filter, subscriptions

LEVELS = ("", "a", "b", "$x")
ALL_TOPICS = tuple("/".join(levels) for depth in (1, 2, 3, 4) for levels in product(LEVELS, repeat=depth))
"""Every topic of up to four levels of this small alphabet."""


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A filter of up to three levels of the same alphabet; no topic of ALL_TOPICS is too short to tell two apart."""
    levels = draw(st.lists(st.sampled_from((*LEVELS, "+")), max_size=3))
    return "/".join([*levels, "#"] if not levels or draw(st.booleans()) else levels) or "+"


FILTERS = texts().map(Filter.parse)


def matches_by_the_book(wanted: list[str], given_: list[str], *, first: bool = True) -> bool:
    """MQTT 5, section 4.7, level by level."""
    if not wanted or not given_:
        return wanted in ([], ["#"]) and not given_
    if first and given_[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    if wanted[0] == "#":
        return True
    return wanted[0] in ("+", given_[0]) and matches_by_the_book(wanted[1:], given_[1:], first=False)


def taken(pattern: Filter) -> set[str]:
    """All topics that a filter takes."""
    wanted = str(pattern).split("/")
    return {topic for topic in ALL_TOPICS if matches_by_the_book(wanted, topic.split("/"))}


@given(texts(), st.sampled_from(ALL_TOPICS))
def test_matching_agrees_with_the_book(pattern: str, topic: str) -> None:
    """A filter matches what the standard says it does."""
    assert Filter.parse(pattern).matches(topic.split("/")) == matches_by_the_book(pattern.split("/"), topic.split("/"))


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("sport/#", "sport", True),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
    ],
)
def test_matching_agrees_with_the_examples_of_the_standard(pattern: str, topic: str, *, expected: bool) -> None:
    """The standard's own examples come out as it says."""
    assert Filter.parse(pattern).matches(topic.split("/")) is expected


@given(FILTERS, FILTERS)
def test_meet_is_what_both_take(one: Filter, other: Filter) -> None:
    """The common part takes exactly the topics that both take."""
    shared = one.meet(other)

    assert (taken(shared) if shared is not None else set()) == taken(one) & taken(other)


@given(FILTERS, FILTERS)
def test_covering_is_taking_all(wide: Filter, narrow: Filter) -> None:
    """One filter covers another when it takes all of its topics."""
    assert wide.covers(narrow) == (taken(wide) >= taken(narrow))


@given(FILTERS, FILTERS, FILTERS)
def test_join_is_the_narrowest_that_covers_both(one: Filter, other: Filter, third: Filter) -> None:
    """The joint filter of two that share topics covers both, and every other filter that does covers it."""
    if one.meet(other) is None:
        return
    joint = one.join(other)

    assert joint.covers(one)
    assert joint.covers(other)
    assert not (third.covers(one) and third.covers(other)) or third.covers(joint)


@given(st.lists(texts(), max_size=8), st.randoms(use_true_random=False))
def test_subscriptions_bring_everything_once(wanted: list[str], random: Random) -> None:
    """Every topic of the filters is taken, by one of the result only, in whatever order the filters come."""
    chosen = [Filter.parse(pattern) for pattern in subscriptions(wanted)]
    shuffled = random.sample(wanted, len(wanted))

    assert all(any(wide.covers(pattern) for wide in chosen) for pattern in map(Filter.parse, wanted))
    assert all(one.meet(other) is None for one, other in combinations(chosen, 2))
    assert len(chosen) <= len(set(wanted))
    assert subscriptions(shuffled) == subscriptions(wanted)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ([], ()),
        (["a/b", "a/+", "a/#"], ("a/#",)),
        (["a/b", "c/d"], ("a/b", "c/d")),
        (["a/+", "+/b"], ("+/+",)),
        (["a/+/#", "+/b"], ("+/+/#",)),
        (["farm/+/climate", "farm/rack1/+", "+/temperature"], ("+/temperature", "farm/+/+")),
        (["a/+", "+/b", "c/d"], ("+/+",)),
        (["#", "$SYS/#"], ("#", "$SYS/#")),
        (["#", "+/#"], ("#",)),
    ],
)
def test_subscriptions_of_ordinary_filters(wanted: list[str], chosen: tuple[str, ...]) -> None:
    """Covered filters are left out, crossing ones joined, others left alone."""
    assert subscriptions(wanted) == chosen


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "between 1 and"),
        ("a" * 65_536, "between 1 and"),
        ("é" * 40_000, "between 1 and"),
        ("a\0", "NUL"),
        ("a\ud800", "surrogate"),
        ("a+/b", "whole levels"),
        ("a#", "whole levels"),
        ("a/#/b", "comes last"),
        ("$share/group/a", "shared_group"),
    ],
)
def test_what_is_no_filter_is_refused(text: str, words: str) -> None:
    """Each rule of the standard that is broken is told in words."""
    with pytest.raises(ValueError, match=words):
        Filter.parse(text)


@given(texts())
def test_filters_come_back_as_they_were(text: str) -> None:
    """What is a filter can be written again; only one that says nothing more than `#` is written so."""
    assert str(Filter.parse(text)) == ("#" if text == "+/#" else text)
