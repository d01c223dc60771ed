"""What is kept of a reading that is not valid as a whole."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator, model_validator

from ingestor.ports import Flaw, Reason
from ingestor.routing.mending import Mended, Mender
from ingestor.routing.models import Model
from ingestor.routing.wire import CodeWire, PlainWire
from ingestor.routing.words import DETAIL_LENGTH
from sensors import FieldShape, Measurement, Range, Shape, Tag
from tests.routing.helpers import JSON


class Pot(Measurement):
    """A reading with a required field."""

    plant: Tag | None = None
    moisture: Annotated[float, Range(0, 100)]
    light: Annotated[float, Range(0, 9)] | None = None
    state: str | None = None


POT = Model("pot", Pot.shape)


def mend(values: dict[str, object], *, keep_rest: bool = True) -> Mended:
    """What is kept of the values of a pot."""
    mender = Mender(POT, filled=frozenset(), also="ts", keep_rest=keep_rest)
    return mender.mend(PlainWire(POT, also="ts"), values)


def test_what_is_right_is_kept() -> None:
    """Nothing is said against a valid reading; nulls and unknown keys are left out, the time is handed on."""
    assert mend({"moisture": 5, "state": None, "else": 1, "ts": 9}) == Mended({"moisture": 5.0, "ts": 9}, [])


def test_wrong_fields_are_set_aside_alone() -> None:
    """Each wrong field has a flaw of its own, and the rest is kept."""
    kept = mend({"moisture": 5, "light": 10, "state": 1, "plant": "basil"})

    assert kept.values == {"moisture": 5.0, "plant": "basil"}
    assert kept.flaws == [
        Flaw(0, Reason.RANGE, "light 10 is above 9", "light"),
        Flaw(0, Reason.TYPE, "state is 1 where text belongs", "state"),
    ]


@pytest.mark.parametrize(
    ("values", "reason", "words"),
    [
        ({"moisture": "wet", "light": 5}, Reason.TYPE, 'moisture is "wet" where a number belongs'),
        ({"light": 5}, Reason.MISSING, "moisture is required and missing"),
        ({"moisture": None, "light": 5}, Reason.MISSING, "moisture is required and missing"),
        ({"plant": "basil"}, Reason.EMPTY, "no field of pot in it (moisture, light, state)"),
        ({}, Reason.EMPTY, "no field of pot in it (moisture, light, state)"),
        ({"moisture": 5, "plant": ""}, Reason.TAG, 'tag plant is ""'),
        ({"moisture": 5, "plant": 7.5}, Reason.TAG, "tag plant is 7.5"),
        ({"moisture": 5, "plant": True}, Reason.TAG, "tag plant is true"),
        ({"moisture": 5, "plant": 2**64}, Reason.TAG, "tag plant is a whole number"),
        ({"moisture": 101, "light": 10}, Reason.RANGE, "moisture 101 is above 100; light 10 is above 9"),
        ({"moisture": 5, "state": "x" * 65_537}, Reason.RANGE, "state is longer than 65,536 characters"),
    ],
)
def test_what_is_needed_sets_all_aside(values: dict[str, object], reason: Reason, words: str) -> None:
    """Without a required field, with a wrong tag, or without any field there is no reading: one flaw says why."""
    kept = mend(values, keep_rest=reason is not Reason.RANGE)

    assert kept.values is None
    assert [(flaw.point, flaw.reason, flaw.field) for flaw in kept.flaws] == [(-1, reason, "")]
    assert words in kept.flaws[0].detail


def test_a_reading_can_be_all_or_nothing() -> None:
    """Where the rest is not wanted, one wrong field sets all aside."""
    kept = mend({"moisture": 5, "light": 10}, keep_rest=False)

    assert kept == Mended(None, [Flaw(-1, Reason.RANGE, "light 10 is above 9")])


def test_what_is_corrected_later_has_no_range_yet() -> None:
    """Only its type can be wrong here."""
    mender = Mender(POT, filled=frozenset(), also=None, keep_rest=True, loose={"light"})
    kept = mender.mend(PlainWire(POT, loose={"light"}), {"moisture": 5, "light": 99, "state": 1})

    assert kept.values == {"moisture": 5.0, "light": 99.0}
    assert [flaw.field for flaw in kept.flaws] == ["state"]


def test_a_reading_without_any_field_is_told() -> None:
    """The same words for whoever finds out later that nothing is in it."""
    mender = Mender(POT, filled=frozenset({"light"}), also=None, keep_rest=True)

    assert mender.empty() == Flaw(-1, Reason.EMPTY, "no field of pot in it (moisture, state)")


class Clever(Measurement):
    """A model with rules of its own."""

    moisture: float | None = None
    light: Annotated[float, Field(multiple_of=5)] | None = None
    state: Annotated[str, Field(max_length=3)] | None = None

    @field_validator("moisture")
    @classmethod
    def _not_seven(cls, value: float | None) -> float | None:
        if value == 7:
            raise ValueError("seven is the broken probe")
        return value

    @model_validator(mode="after")
    def _not_both(self) -> "Clever":
        if self.moisture == 8 and self.light == 10:
            raise ValueError("they cannot both be true")
        if self.moisture == 9:
            raise RuntimeError("code has a bug")
        return self


def ask(**values: object) -> Mended:
    """What is kept of the values of a model with code."""
    model = Model("clever", Clever.shape, Clever)
    wire = CodeWire(Clever, plain=PlainWire(model), captured={}, also=None)
    return Mender(model, filled=frozenset(), also=None, keep_rest=True).mend(wire, values)


@pytest.mark.parametrize(
    ("name", "value", "reason", "words"),
    [
        ("moisture", 7, Reason.RANGE, "moisture: seven is the broken probe"),
        ("light", 7, Reason.RANGE, "light: Input should be a multiple of 5"),
        ("state", "wilted", Reason.RANGE, "state: String should have at most 3 characters"),
        ("light", "7", Reason.TYPE, 'light is "7" where a number belongs'),
    ],
)
def test_rules_of_the_author_speak_for_themselves(name: str, value: object, reason: Reason, words: str) -> None:
    """What only the model's own rules refuse is told in their words, by field."""
    kept = ask(**{"moisture": 1, "state": "ok", name: value})

    assert kept.flaws == [Flaw(0, reason, words, name)]
    assert kept.values
    assert name not in kept.values


def test_a_rule_about_all_of_a_reading_sets_all_of_it_aside() -> None:
    """What cannot be blamed on one field is the model's verdict."""
    assert ask(moisture=8, light=10) == Mended(None, [Flaw(-1, Reason.MODEL, "clever: they cannot both be true")])


def test_a_fault_of_the_code_is_not_swallowed() -> None:
    """Who asked hears of it."""
    with pytest.raises(RuntimeError, match="a bug"):
        ask(moisture=9)


@given(
    st.dictionaries(st.sampled_from(["plant", "moisture", "light", "state", "ts", "else"]), JSON | st.floats(0, 9)),
    st.booleans(),
)
def test_mending_always_ends(values: dict[str, object], keep_rest: object) -> None:
    """Whatever the values: what is kept is valid, and what is not kept is told in few words."""
    kept = mend(values, keep_rest=bool(keep_rest))
    wire = PlainWire(POT, also="ts")

    assert all(len(flaw.detail) <= DETAIL_LENGTH for flaw in kept.flaws)
    assert kept.values is not None or [flaw.point for flaw in kept.flaws] == [-1]
    assert kept.values is None or wire.read(kept.values) == kept.values
    assert kept.values is None or not {flaw.field for flaw in kept.flaws} & kept.values.keys()
    if kept.values is not None and not kept.flaws:
        return
    with pytest.raises(ValidationError):
        wire.read(values)


@pytest.mark.parametrize("number", [1776, 0, -5, 2**64 - 1])
def test_a_tag_may_be_a_whole_number(number: int) -> None:
    """Devices write their ids so; it becomes its decimal text."""
    assert mend({"plant": number, "moisture": 5}).values == {"plant": str(number), "moisture": 5.0}


def test_what_the_model_does_not_know_may_be_all_that_is_kept() -> None:
    """Where that is stored, a reading whose only field is wrong is not over."""
    lamp = Model("lamp", Shape((), (FieldShape("light"),)))
    mender = Mender(lamp, filled=frozenset(), also=None, keep_rest=True, store_unknown=True)
    kept = mender.mend(PlainWire(lamp), {"light": "dim", "battery": 3})

    assert kept.values == {}
    assert [(flaw.reason, flaw.field) for flaw in kept.flaws] == [(Reason.TYPE, "light")]
