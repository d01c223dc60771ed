"""Topic templates."""

import itertools
import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.topic import NamePattern, Relation, Template

LEVEL = st.text(st.characters(exclude_characters="/+#{}\0", exclude_categories=["Cs"]), max_size=4)


@pytest.mark.parametrize(
    ("text", "pattern", "captures"),
    [
        ("{rack}/temperature", "+/temperature", ("rack",)),
        ("farm/{rack}/{rest...}", "farm/+/#", ("rack", "rest")),
        ("+/{a}/#", "+/+/#", ("a",)),
        ("{all...}", "#", ("all",)),
        ("a//b", "a//b", ()),
    ],
)
def test_a_template_is_a_filter_with_names(text: str, pattern: str, captures: tuple[str, ...]) -> None:
    """Named levels are wildcards to the broker."""
    template = Template.parse(text)

    assert str(template.filter) == pattern
    assert template.captures == captures
    assert str(template) == text


@pytest.mark.parametrize(
    ("text", "topic", "captures"),
    [
        ("{rack}/temperature", "rack1/temperature", {"rack": "rack1"}),
        ("{rack}/temperature", "rack1/humidity", None),
        ("{rack}/temperature", "/temperature", {"rack": ""}),
        ("{rack}/temperature", "$SYS/temperature", None),
        ("+/{a}/#", "x/y/z", {"a": "y"}),
        ("farm/{rest...}", "farm/a/b/c", {"rest": "a/b/c"}),
        ("farm/{rest...}", "farm/", {"rest": ""}),
        ("farm/{rest...}", "farm", {}),
        ("{all...}", "a/b", {"all": "a/b"}),
    ],
)
def test_named_levels_are_captured(text: str, topic: str, captures: dict[str, str] | None) -> None:
    """A topic that is taken gives its named levels; the rest may be no level at all."""
    assert Template.parse(text).match(topic.split("/")) == captures


@given(st.lists(st.tuples(LEVEL, st.booleans()), min_size=1, max_size=5), st.booleans())
def test_what_was_captured_can_be_put_back(parts: list[tuple[str, bool]], rest: object) -> None:
    """A topic that is built from a template is taken by it, and gives back what was put in."""
    named = {f"n{at}": level for at, (level, is_named) in enumerate(parts) if is_named}
    levels = [f"{{n{at}}}" if is_named else level for at, (level, is_named) in enumerate(parts)]
    topic = "/".join(level for level, _ in parts)
    text = "/".join([*levels, "{rest...}"] if rest else levels)
    if not text or text.startswith("$share/") or (topic.startswith("$") and parts[0][1]):
        return
    template = Template.parse(text)
    longer = f"{topic}/x/y" if rest else topic

    assert template.match(longer.split("/")) == (named | {"rest": "x/y"} if rest else named)
    assert template.filter.matches(longer.split("/"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{a}/{a}", "twice"),
        ("{a}/{a...}", "twice"),
        ("{rest...}/a", "comes last"),
        ("{a}{b}/a", "where one name ends"),
        ("{n", "in braces"),
        ("{}/a", "in braces"),
        ("{a-b}/a", "in braces"),
        ("x{rest...}", "in braces"),
        ("{a}-+", "whole levels"),
        ("{a}-{a}", "twice"),
        ("", "between 1"),
        ("a/#/b", "comes last"),
    ],
)
def test_what_is_no_template_is_refused(text: str, words: str) -> None:
    """Each mistake is told in words."""
    with pytest.raises(ValueError, match=words):
        Template.parse(text)


def test_names_are_put_together_from_levels() -> None:
    """A bucket or measurement may use captured levels, more than one and more than once."""
    pattern = NamePattern.parse("{rack}_{shelf}_{rack}")

    assert pattern.names == {"rack", "shelf"}
    assert pattern.fill({"rack": r"r\1", "shelf": "{rack}"}) == r"r\1_{rack}_r\1"


def test_a_name_without_levels_is_taken_as_it_is() -> None:
    """An ordinary name needs no captures."""
    assert NamePattern.parse("Power Consumption").fill({}) == "Power Consumption"


@pytest.mark.parametrize("text", ["", " ", "{", "a}", "{a-b}", "{rest...}", "two\nlines"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Empty names, line breaks and braces that open no level are mistakes."""
    with pytest.raises(ValueError, match="is no name"):
        NamePattern.parse(text)


@pytest.mark.parametrize(
    ("text", "topic", "named"),
    [
        ("{id}/status/switch:{channel}", "shelly/status/switch:0", {"id": "shelly", "channel": "0"}),
        ("{site}-{room}/t", "north-hall-2/t", {"site": "north", "room": "hall-2"}),
        ("rack{n}/t", "rack12/t", {"n": "12"}),
        ("{n}.json", "a.json", {"n": "a"}),
        ("rack{n}/t", "rack/t", None),
        ("rack{n}/t", "shelf1/t", None),
        ("{site}-{room}/t", "north/t", None),
        ("{site}-{room}/t", "-hall/t", None),
    ],
)
def test_a_level_is_split_further(text: str, topic: str, named: dict[str, str] | None) -> None:
    """A name within a level ends at the first sign of what follows it, and stands for one sign or more."""
    assert Template.parse(text).match(topic.split("/")) == named


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        ("{a}/x", "+/x", Relation.SAME),
        ("a/x", "{a}/x", Relation.NARROWER),
        ("a/x", "b/x", Relation.APART),
        ("a/+", "+/b", Relation.CROSSING),
        ("rack{n}/x", "{a}/x", Relation.NARROWER),
        ("rack{n}/x", "rack{m}/+", Relation.NARROWER),
        ("rack{n}/x", "rack1/x", Relation.WIDER),
        ("rack{n}/x", "shelf/x", Relation.APART),
        ("rack{n}/x", "shelf{n}/x", Relation.APART),
        ("rack{n}/x", "rack{m}/x", Relation.SAME),
        ("rack{n}/x", "{a}1/x", Relation.CROSSING),
        ("rack{n}/+", "+/x", Relation.CROSSING),
        ("a/rack{n}", "a/#", Relation.NARROWER),
        ("a/b/rack{n}", "a/#", Relation.NARROWER),
        ("{a}.x", "{a}.y", Relation.APART),
    ],
)
def test_templates_are_compared(one: str, other: str, relation: Relation) -> None:
    """Which of two takes more is told from what they say of each level, and both ways alike."""
    back = {Relation.NARROWER: Relation.WIDER, Relation.WIDER: Relation.NARROWER}

    assert Template.parse(one).compare(Template.parse(other)) is relation
    assert Template.parse(other).compare(Template.parse(one)) is back.get(relation, relation)


def test_what_is_put_into_a_name_is_not_read_again() -> None:
    """A level that looks like a name stays a level."""
    pattern = NamePattern.parse("{rack}_{probe}").partly({"rack": "{probe}"})

    assert pattern.names == {"probe"}
    assert pattern.fill({"probe": "p1"}) == "{probe}_p1"


def test_templates_are_ranked_by_what_they_say_of_the_first_levels() -> None:
    """A literal, a part of a level, any level, all the rest; so one that takes less never comes after one with more."""
    ranks = [
        Template.parse(topic).rank
        for topic in ("a", "a/b", "a/b/+", "a/{x}-{y}", "a/+", "a/#", "{x}-{y}/a", "+/a", "#")
    ]

    assert ranks == sorted(ranks)


def templates(levels: list[str], *, rest: bool) -> Template:
    """A template of these levels, each `*` in them a name of its own."""
    named = [re.sub(r"\*", lambda _: f"{{n{next(NUMBERS)}}}", level) for level in levels]
    return Template.parse("/".join([*named, "#"] if rest else named))


NUMBERS = itertools.count()
TEMPLATES = st.builds(
    templates,
    st.lists(st.sampled_from(["a", "b", "ab", "a-b", "+", "*", "a*", "*b", "*-*", "a-*"]), min_size=1, max_size=3),
    rest=st.booleans(),
)


@given(
    st.lists(TEMPLATES, min_size=2, max_size=8),
    st.lists(st.sampled_from(["a", "b", "ab", "a-b", "aab", "a-bb", "c"]), min_size=1, max_size=4),
)
def test_the_first_in_rank_is_never_less_specific(templates: list[Template], topic: list[str]) -> None:
    """Of all that take a topic, whatever their order was, none takes only a part of what the first one takes."""
    taking = sorted((one for one in templates if one.match(topic) is not None), key=lambda one: one.rank)
    first = taking[0] if taking else None

    assert all(one.compare(first) is not Relation.NARROWER for one in taking if first is not None)


@given(st.lists(st.sampled_from([".*", "^$", "(a|b)", "[x]", "\\d", "?", " ", "é"]), min_size=1, max_size=3))
def test_what_stands_around_names_is_taken_literally(literals: list[str]) -> None:
    """Signs that mean something to regular expressions mean nothing here."""
    level = "".join(f"{{n{at}}}{literal}" for at, literal in enumerate(literals))
    template = Template.parse(level)
    names = {f"n{at}": "v" for at in range(len(literals))}

    assert template.match(["".join(f"v{literal}" for literal in literals)]) == names
    assert template.match(["v" * (2 * len(literals))]) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("{a}-{b}-{c}-{d}-x", "-".join("y" * 20_000 for _ in range(3))),
        ("{a}-{b}-{c}-{d}-x", "y-" * 30_000),
        ("{a}xy{b}xy{c}!", "x" * 60_000),
        ("{a}!", "y" * 60_000),
    ],
)
def test_topics_of_all_the_length_that_they_can_have_are_matched_at_once(text: str, level: str) -> None:
    """A name has one way to end, so nothing is tried again."""
    template = Template.parse(text)
    began = process_time()

    assert all(template.match([level]) is None for _ in range(20))
    assert process_time() - began < 2
