"""What families have in common."""

import pytest
from hypothesis import given

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.flat import (
    document,
    flatten,
    known_readings,
    model,
    number,
    objects_in,
    scaled,
    switched,
    thousandth,
)
from ingestor.routing.unpack import MAX_READINGS
from ingestor.routing.wire import PlainWire
from tests.routing.helpers import JSON


def test_nested_values_are_joined_by_dots() -> None:
    """Those of lists by their place; what is empty has no value."""
    payload = {"color": {"x": 0.3, "none": {}}, "by_minute": [1, [2]], "state": "ON", "update": None}

    assert flatten(payload) == {
        "color.x": 0.3,
        "by_minute.0": 1,
        "by_minute.1.0": 2,
        "state": "ON",
        "update": None,
    }
    assert flatten(21.5, "temperature") == {"temperature": 21.5}


def test_names_cannot_make_much_of_little() -> None:
    """A long name is not repeated for everything inside, nor does nesting go on for ever."""
    nested: object = 1
    for _ in range(150):
        nested = {"a": nested}

    assert flatten({"n" * 300: dict.fromkeys("abc", 1), "short": 2}) == {"short": 2}
    assert flatten({"deep": nested, "short": 2}) == {"short": 2}


@given(JSON)
def test_whatever_a_payload_says_is_made_flat(payload: object) -> None:
    """The values that come out are neither objects nor lists."""
    assert not any(isinstance(value, dict | list) for value in flatten(payload).values())


def test_a_payload_that_has_to_be_an_object_is_refused_in_words() -> None:
    """The reason is that of a format that cannot read it."""
    with pytest.raises(UnreadableError, match=r"the payload is 21\.5 where an object belongs") as refused:
        document(21.5)

    assert refused.value.reason is Reason.NOT_JSON
    assert document({"a": 1}) == {"a": 1}


def test_objects_are_named_like_what_is_in_them() -> None:
    """Each with what is no object; long names and endless nesting are left out here, too."""
    payload = {"ENERGY": {"Power": [1, 2], "CT": {"Current": 3}}, "Switch": "ON", "n" * 300: {"a": 1}}

    assert list(objects_in(payload)) == [
        ("", {"Switch": "ON"}),
        ("ENERGY", {"Power": [1, 2]}),
        ("ENERGY.CT", {"Current": 3}),
    ]


def test_readings_in_which_nothing_is_known_stand_back() -> None:
    """Unless there is no other, so that somebody sees them; and too many are refused."""
    known, unknown, nothing = {"power": 1}, {"ip": "10.0.0.2"}, {"power": None}

    assert known_readings([known, unknown, nothing], {"power"}) == [known]
    assert known_readings([unknown, nothing], {"power"}) == [unknown, nothing]
    with pytest.raises(UnreadableError, match="more than 10,000 readings"):
        known_readings([known] * (MAX_READINGS + 1), {"power"})


def test_only_numbers_are_scaled_and_only_two_words_are_truth() -> None:
    """Anything else is left for the model to judge, truth values and null included."""
    assert [scaled(value, 0.5) for value in (3, "3", True, None)] == [1.5, "3", True, None]
    assert [thousandth(value) for value in (11.679, "3", True, None)] == [0.011679, "3", True, None]
    assert [scaled(10**400, 0.5), thousandth(10**400)] == [10**400] * 2
    assert [switched(value) for value in ("ON", "OFF", "on", 1, None, ["ON"])] == [True, False, "on", 1, None, ["ON"]]


def test_a_model_of_a_family_requires_nothing() -> None:
    """Any field and any tag may be missing from a reading."""
    made = model("meter", number("power", "W"), tags=["channel"])

    assert PlainWire(made).read({"power": 3}) == {"power": 3.0}
    assert PlainWire(made).read({"channel": "1"}) == {"channel": "1"}
