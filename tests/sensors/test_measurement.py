"""The base of all readings."""

from typing import Annotated

import pytest
from pydantic import ValidationError

from sensors import Measurement, Range, Tag, Unit
from sensors.climate import Climate


class Pot(Measurement):
    """A reading with a field of each type."""

    plant: Tag | None = None
    moisture: Annotated[float, Unit("%"), Range(0, 100)] | None = None
    pulses: int | None = None
    wet: bool | None = None
    state: str | None = None


def test_a_reading_keeps_what_was_measured() -> None:
    """Tags, fields and time come back as they were given; what was not given is None."""
    reading = Climate(rack="rack1", temperature=21.4, time=5)

    assert (reading.rack, reading.temperature, reading.time) == ("rack1", 21.4, 5)
    assert reading.humidity is None


def test_a_whole_number_is_a_number() -> None:
    """A float field takes 20 and makes it 20.0."""
    value = Climate(temperature=20).temperature

    assert isinstance(value, float)
    assert value == 20.0


@pytest.mark.parametrize("value", ["21.4", True, float("nan"), float("inf"), 85.01, -40.01, [21.4]])
def test_what_is_no_possible_number_is_refused(value: object) -> None:
    """Text, truth values, NaN, infinity and what is out of range are no temperatures."""
    with pytest.raises(ValidationError, match="temperature"):
        Climate.model_validate({"temperature": value})


@pytest.mark.parametrize(
    ("field", "value"), [("pulses", 1.0), ("pulses", True), ("wet", 1), ("wet", "on"), ("state", 5), ("plant", 5)]
)
def test_other_types_are_strict_too(field: str, value: object) -> None:
    """Nothing is converted from one type to another."""
    with pytest.raises(ValidationError, match=field):
        Pot.model_validate({"moisture": 5.0, field: value})


@pytest.mark.parametrize("values", [{}, {"rack": "rack1"}, {"temperature": None}, {"time": 5}])
def test_a_reading_holds_something(values: dict[str, object]) -> None:
    """Without any field there is no reading."""
    with pytest.raises(ValidationError, match="at least one field"):
        Climate.model_validate(values)


def test_a_name_that_the_model_does_not_know_is_refused() -> None:
    """Whoever constructs a reading hears of a slip of the pen."""
    with pytest.raises(ValidationError, match="temperatur"):
        Climate.model_validate({"temperatur": 21.4})


def test_a_reading_does_not_change() -> None:
    """A reading is frozen."""
    reading = Climate(temperature=21.4)

    with pytest.raises(ValidationError, match="frozen"):
        reading.temperature = 22.0  # type: ignore[misc]


def test_a_time_fits_into_64_bits() -> None:
    """A time that no store can hold is refused."""
    with pytest.raises(ValidationError, match="time"):
        Climate(temperature=21.4, time=2**63)
