"""The tree of topic filters."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.filters import Filter
from ingestor.routing.index import TopicIndex

LEVELS = st.sampled_from(["", "a", "b", "$x"])
FILTERS = st.builds(
    lambda levels, rest: Filter.parse("/".join([*levels, "#"] if rest or levels == [""] else levels)),
    st.lists(LEVELS | st.just("+"), min_size=1, max_size=4),
    st.booleans(),
)


@given(st.lists(FILTERS, max_size=12), st.lists(LEVELS, min_size=1, max_size=5))
def test_it_finds_what_matches(patterns: list[Filter], topic: list[str]) -> None:
    """The items found are exactly those whose filter takes the topic, each once."""
    index: TopicIndex[int] = TopicIndex()
    for at, pattern in enumerate(patterns):
        index.add(pattern, at)

    assert sorted(index.matching(topic)) == [at for at, pattern in enumerate(patterns) if pattern.matches(topic)]


def test_a_topic_of_many_levels_is_no_burden() -> None:
    """A topic of all the levels that it can have does not go deeper than the filters."""
    index: TopicIndex[str] = TopicIndex()
    index.add(Filter.parse("#"), "all")
    index.add(Filter.parse("+/+/a"), "a")

    assert list(index.matching([""] * 65_536)) == ["all"]
