"""The values in payloads, and what they have in common."""

import pytest

from ingestor.discovery.leaves import MAX_LEAVES, Spread, leaves
from ingestor.routing.unpack import TagText, WholeNumber
from sensors import Kind


def spread(*values: object) -> Spread:
    """Of these values."""
    found = Spread()
    for value in values:
        found.add(value)
    return found


def test_values_are_found_by_where_they_stand() -> None:
    """In objects and lists; keys that no path can name are left out, but at the top, where none is needed."""
    document = {"a": {"b": [1, {"c": "x"}], 'q"': 1}, 'd"e': True, "n": None, "": 1, 'f"': {"g": 1}}

    assert leaves(document) == {("a", "b", 0): 1, ("a", "b", 1, "c"): "x", ('d"e',): True, ("n",): None}
    assert leaves(5) == {(): 5}


def test_large_and_deep_documents_are_bounded() -> None:
    """The first values count."""
    deep: object = 1
    for _ in range(50):
        deep = {"a": deep}

    assert len(leaves({str(at): at for at in range(1_000)})) == MAX_LEAVES
    assert leaves(deep) == {}
    assert len(leaves({"a": list(range(1_000))})) == 32


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((), None),
        ((None,), None),
        ((20, 21), Kind.FLOAT),
        ((20, 21.5), Kind.FLOAT),
        ((WholeNumber(1), WholeNumber(2)), Kind.INT),
        ((WholeNumber(1), 2.5), Kind.FLOAT),
        ((2**60,), Kind.INT),
        ((2**60, 1.5), Kind.FLOAT),
        ((True, False), Kind.BOOL),
        (("a",), Kind.TEXT),
        ((1, 2, "n/a"), Kind.FLOAT),
        ((1, "a", "b"), Kind.TEXT),
        ((True, "a", "b"), Kind.TEXT),
        ((float("nan"),), None),
    ],
)
def test_what_most_values_are_is_their_kind(values: tuple[object, ...], kind: Kind | None) -> None:
    """Whole numbers are floats, unless the format tells them apart or a float cannot hold them."""
    assert spread(*values).kind is kind


def test_ends_and_words_are_kept() -> None:
    """While words are few."""
    few, many = spread(3, 1, 2, "b", "a", "b"), spread(*map(str, range(100)))

    assert (few.low, few.high) == (1.0, 3.0)
    assert sorted(few.words or ()) == ["a", "b"]
    assert many.words is None


def test_two_spreads_become_one() -> None:
    """As if all values had been added to it."""
    both = spread(*[1, "a", True])
    both.merge(spread(5.5, "b", TagText("c")))

    assert (both.low, both.high) == (1.0, 5.5)
    assert sorted(both.words or ()) == ["a", "b", "c"]
    assert all((both.fractions, both.told_tag, both.mixed))


def test_values_can_be_labels() -> None:
    """Texts in one line, short and not empty, and whole numbers; while they are few."""
    assert [spread(*values).labels for values in (["a", "b"], [1776, 0])] == [{"a", "b"}, {"1776", "0"}]
    odd: list[list[object]] = [["a", ""], ["a\nb"], ["a" * 201], ["a", 1], [1.5], [-1], [True], [], list(range(100))]
    assert not any(spread(*values).labels for values in odd)


def test_numbers_as_text_are_seen() -> None:
    """All of them have to be."""
    assert spread("21.5", "20").numeric_text
    assert not any(one.numeric_text for one in (spread("21.5", "x"), spread(21.5), spread("nan"), spread()))
