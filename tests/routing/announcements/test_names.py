"""Names for a configuration."""

import pytest

from ingestor.routing.announcements.names import fresh, identifier, slug, storable


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Living Room", "living_room"),
        ("0x00158d", "0x00158d"),
        ("  --  ", ""),
        ("Küche 1", "k_che_1"),
        ("a" * 99, "a" * 48),
    ],
)
def test_a_slug_is_letters_digits_and_underscores(text: str, made: str) -> None:
    """Whatever a thing is called."""
    assert slug(text) == made


@pytest.mark.parametrize(("text", "made"), [("Temp 1", "temp_1"), ("1-wire", "value_1_wire"), ("…", "value")])
def test_an_identifier_begins_with_a_letter(text: str, made: str) -> None:
    """And is never empty."""
    assert identifier(text, "value") == made


def test_a_fresh_name_is_one_that_is_not_taken() -> None:
    """With a number where it must be."""
    assert [fresh("a", ()), fresh("a", ("a",)), fresh("a", ("a", "a_2"))] == ["a", "a_2", "a_3"]


def test_some_names_cannot_be_those_of_a_field() -> None:
    """Of nothing, of control characters, or that of the time."""
    assert [name for name in ("", " ", "time", "a\nb", "pm2.5", "a" * 201) if storable(name)] == ["pm2.5"]
