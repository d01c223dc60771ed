"""Models as messages carry them."""

import json
import math
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError, field_validator, model_validator

from ingestor.routing.models import Model
from ingestor.routing.wire import MAX_TAG, MAX_TEXT, CodeWire, PlainWire, reader_of
from sensors import FieldShape, Kind, Measurement, Range, Shape, Tag, TagShape
from tests.routing.helpers import JSON


class Pot(Measurement):
    """A reading with a field of each type."""

    plant: Tag | None = None
    moisture: Annotated[float, Range(0, 100)] | None = None
    pulses: int | None = None
    wet: bool | None = None
    state: str | None = None
    stage: Literal["seed", "dry"] | None = None


POT = PlainWire(Model("pot", Pot.shape))
VALUES = JSON | st.floats(-5, 105) | st.sampled_from([0, 100, "dry"])


@given(st.dictionaries(st.sampled_from(["plant", "moisture", "pulses", "wet", "state", "stage", "else"]), VALUES))
def test_a_wire_takes_what_its_class_takes(values: dict[str, object]) -> None:
    """Class and wire agree on every reading, parsed or not, but for what only one of them is asked."""
    text = json.dumps(values).encode()
    values = json.loads(text)
    pulses, plant = values.get("pulses"), values.get("plant")
    if (isinstance(pulses, int) and pulses not in range(-(2**63), 2**63)) or plant == "" or {*"\r\n"} & {*str(plant)}:
        return
    known = {name: value for name, value in values.items() if name != "else"}
    try:
        reading = Pot.model_validate(known).model_dump(exclude={"time"})
    except ValidationError as refused:
        if "at least one field" in str(refused):
            return
        with pytest.raises(ValidationError):
            POT.read(values)
        with pytest.raises(ValidationError):
            POT.read_json(text)
        return
    expected = {name: reading[name] for name in known}

    assert POT.read(values) == expected
    assert POT.read_json(text) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_they_were(number: float) -> None:
    """A float goes through JSON without losing a bit."""
    wire = PlainWire(Model("x", Shape((), (FieldShape("x"),))))

    assert wire.read_json(json.dumps({"x": number}).encode()) == {"x": number}


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_come_back_as_they_were(number: int) -> None:
    """So does an integer of 64 bits; in a float field it becomes a float."""
    both = PlainWire(Model("x", Shape((), (FieldShape("i", Kind.INT), FieldShape("f")))))
    found = both.read_json(b'{"i": %d, "f": %d}' % (number, number))

    assert found == {"i": number, "f": float(number)}
    assert [type(value) for value in found.values()] == [int, float]


@pytest.mark.parametrize("low", [0.5, -1e30])
@pytest.mark.parametrize("high", [7.5, 1e30])
def test_limits_of_integers_may_be_any_number(low: float, high: float) -> None:
    """Limits between integers, or beyond what fits into 64 bits, do what they say."""
    wire = PlainWire(Model("x", Shape((), (FieldShape("x", Kind.INT, None, low, high),))))
    lowest, highest = (1 if low > 0 else -(2**63)), (7 if high < 8 else 2**63 - 1)

    assert wire.read({"x": lowest}) == {"x": lowest}
    assert wire.read({"x": highest}) == {"x": highest}
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(ValidationError):
            wire.read({"x": beyond})


@pytest.mark.parametrize("tag", ["", "a\nb", "a\r", "x" * (MAX_TAG + 1), 5, True])
def test_tags_that_cannot_be_stored_are_refused(tag: object) -> None:
    """A tag is text of one line, neither empty nor endless."""
    with pytest.raises(ValidationError, match="plant"):
        POT.read({"plant": tag, "wet": True})


def test_texts_are_bounded() -> None:
    """A text field has an end."""
    assert POT.read({"state": "x" * MAX_TEXT})
    with pytest.raises(ValidationError, match="state"):
        POT.read({"state": "x" * (MAX_TEXT + 1)})


def test_what_the_topic_fills_is_not_read() -> None:
    """A tag or field that the topic fills is like an unknown key, whatever it holds."""
    wire = PlainWire(Model("pot", Pot.shape), filled={"plant", "state"})

    assert wire.read({"plant": 5, "state": 5, "wet": True}) == {"wet": True}


def test_one_key_is_handed_on_as_it_is() -> None:
    """The time is not judged here."""
    wire = PlainWire(Model("pot", Pot.shape), also="ts")

    assert wire.read_json(b'{"wet": true, "ts": {"any": [1]}}') == {"wet": True, "ts": {"any": [1]}}


def test_fields_that_are_corrected_later_have_no_range_yet() -> None:
    """Their type is checked, and no other field is affected."""
    shape = Shape((), (FieldShape("hot", low=0, high=9), FieldShape("cold", low=0, high=9)))
    wire = PlainWire(Model("x", shape), loose={"hot"})

    assert wire.read({"hot": 99, "cold": 9}) == {"hot": 99.0, "cold": 9.0}
    for wrong in ({"hot": "99"}, {"hot": math.nan}, {"cold": 99}):
        with pytest.raises(ValidationError):
            wire.read(wrong)


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        (FieldShape("x", Kind.TEXT, choices=("idle", "1")), ["idle", "1"], ["busy", "IDLE", 1, True, ["idle"]]),
        (FieldShape("x", Kind.INT, choices=(0, 1, 7)), [0, 1, 7], [2, 1.0, True, "1", 2**70]),
        (FieldShape("x", Kind.INT, high=5, choices=(1, 7)), [1], [7]),
    ],
)
def test_choices_are_all_there_is(field: FieldShape, right: list[object], wrong: list[object]) -> None:
    """One of them in its own type; truth is no 1, and neither is 1.0."""
    wire = PlainWire(Model("x", Shape((), (field,))))

    for value in right:
        assert wire.read_json(json.dumps({"x": value}).encode()) == wire.read({"x": value}) == {"x": value}
    for value in wrong:
        with pytest.raises(ValidationError):
            wire.read({"x": value})
        with pytest.raises(ValidationError):
            wire.read_json(json.dumps({"x": value}).encode())


def test_required_parts_are_required() -> None:
    """Neither absence nor null will do."""
    shape = Shape((TagShape("plant", required=True),), (FieldShape("wet", Kind.BOOL, required=True),))
    wire = PlainWire(Model("pot", shape))

    assert wire.read({"plant": "basil", "wet": False}) == {"plant": "basil", "wet": False}
    for values in ({"plant": "basil"}, {"wet": False}, {"plant": "basil", "wet": None}, {"plant": None, "wet": True}):
        with pytest.raises(ValidationError):
            wire.read(values)


class Clever(Measurement):
    """A model with code."""

    plant: Tag | None = None
    moisture: float | None = None
    state: str | None = None

    @field_validator("moisture", mode="before")
    @classmethod
    def _percent(cls, value: object) -> object:
        return float(value.removesuffix("%")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _basil_is_moist(self) -> "Clever":
        if self.plant == "basil" and (self.moisture or 0) < 10:
            raise ValueError("basil is never that dry")
        return self


def clever(**captured: str) -> CodeWire:
    """The wire of the model with code."""
    plain = PlainWire(Model("clever", Clever.shape), filled=captured.keys(), also="ts")
    return CodeWire(Clever, plain=plain, captured=captured, also="ts")


def test_the_service_reads_a_class_as_it_says() -> None:
    """For authors: with code and without, from JSON."""
    assert reader_of(Pot)(b'{"moisture": 5, "else": 1}') == {"moisture": 5.0}
    assert reader_of(Clever)(b'{"moisture": "5%"}') == {"moisture": 5.0}
    for model in (Pot, Clever):
        with pytest.raises(ValueError, match="moisture"):
            reader_of(model)(b'{"moisture": true}')


def test_a_model_with_code_is_asked() -> None:
    """Its validators may change values; unknown keys do not reach it, the time passes by."""
    wire = clever(plant="basil")

    assert wire.read({"moisture": "40%", "else": 1, "state": None, "ts": 5}) == {"moisture": 40.0, "ts": 5}


def test_a_model_with_code_sees_what_the_topic_fills() -> None:
    """Rules of the model may be about a tag from the topic; the payload cannot replace it."""
    with pytest.raises(ValidationError, match="never that dry"):
        clever(plant="basil").read({"moisture": 5, "plant": "cactus"})

    assert clever(plant="cactus").read({"moisture": 5}) == {"moisture": 5.0}


def test_what_code_makes_is_checked_too() -> None:
    """A validator that gives NaN gives nothing that can be stored."""
    with pytest.raises(ValidationError, match="finite"):
        clever().read({"moisture": "nan%"})
