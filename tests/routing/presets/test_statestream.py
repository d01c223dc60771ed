"""Home Assistant's statestream: states of entities by their domain."""

import pytest

from ingestor.routing.presets.statestream import read_number, read_switch, read_words


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("21.5", {"value": 21.5}),
        ("7", {"value": 7}),
        ('"21.5"', {"value": 21.5}),
        ("raining", {"state": "raining"}),
        ("2024-05-01T06:00:00+00:00", {"state": "2024-05-01T06:00:00+00:00"}),
    ],
)
def test_a_sensor_says_a_number_or_words(said: str, read: object) -> None:
    """Under names of their own, so that neither changes the type of the other; quotes do not count."""
    assert read_number({"word": said}) == [read]


@pytest.mark.parametrize(("said", "read"), [(True, True), ('"on"', True), ('"off"', False), ("ajar", "ajar")])
def test_a_switch_is_on_or_off(said: object, read: object) -> None:
    """In quotes or bare; what is neither is left for the model to set aside."""
    assert read_switch({"state": said}) == [{"state": read}]


def test_anything_else_says_words() -> None:
    """Quotes do not count."""
    assert (
        read_words({"state": '"above_horizon"'})
        == read_words({"state": "above_horizon"})
        == [{"state": "above_horizon"}]
    )


@pytest.mark.parametrize("said", ["unknown", "unavailable", '"unavailable"'])
def test_an_entity_without_a_state_gives_no_reading(said: str) -> None:
    """Nothing is invented for it, and nothing is set aside."""
    assert read_number({"word": said}) == read_switch({"state": said}) == read_words({"state": said}) == []
