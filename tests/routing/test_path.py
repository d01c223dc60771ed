"""Where a value stands in what a payload says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.path import Path
from tests.routing.helpers import JSON

DOCUMENT = {"a": {"b": [10, {"c": 20}], "d.e": 30, "": 40}, "f g": 50}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b[0]", 10),
        ("a.b[1].c", 20),
        ('a."d.e"', 30),
        ('a.""', 40),
        ("f g", 50),
        ("$.f g", 50),
        ("a.b[2]", None),
        ("a.b.c", None),
        ("a[0]", None),
        ("x.y", None),
    ],
)
def test_a_path_leads_to_a_value(text: str, found: object) -> None:
    """Keys, indexes and quoted keys; None where nothing stands."""
    assert Path.parse(text).find(DOCUMENT, DOCUMENT) == found


def test_the_whole_and_the_item() -> None:
    """One sign is the payload, one the item that is a reading."""
    assert Path.parse("$").find(1, DOCUMENT) is DOCUMENT
    assert Path.parse(".").find(1, DOCUMENT) == 1
    assert Path.parse("$.a.b[0]").find({"a": 1}, DOCUMENT) == 10


@pytest.mark.parametrize("text", ["", "a..b", "a.", ".a", "a[x]", "a[-1]", "a]", 'a"b"', '"a', "a[0]b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """It says what one is."""
    with pytest.raises(ValueError, match="is no path; a path is like"):
        Path.parse(text)


@given(st.text(alphabet='ab.[]"0$', max_size=8), JSON)
def test_any_path_in_any_payload(text: str, document: object) -> None:
    """It is refused, or leads somewhere or nowhere, and never fails."""
    try:
        path = Path.parse(text)
    except ValueError:
        return
    path.find(document, document)
