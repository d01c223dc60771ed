"""Topic templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.topic import NamePattern, Template

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
        ("rack{n}/a", "whole level"),
        ("{n", "whole level"),
        ("{}/a", "whole level"),
        ("{a-b}/a", "whole level"),
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
    pattern = NamePattern("{rack}_{shelf}_{rack}")

    assert pattern.names == {"rack", "shelf"}
    assert pattern.fill({"rack": r"r\1", "shelf": "{rack}"}) == r"r\1_{rack}_r\1"


def test_a_name_without_levels_is_taken_as_it_is() -> None:
    """An ordinary name needs no captures."""
    assert NamePattern("Power Consumption").fill({}) == "Power Consumption"


@pytest.mark.parametrize("text", ["", " ", "{", "a}", "{a-b}", "{rest...}", "two\nlines"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Empty names, line breaks and braces that open no level are mistakes."""
    with pytest.raises(ValueError, match="a name"):
        NamePattern(text)
