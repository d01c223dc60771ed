"""The contract test kit catches what it says."""

import time
from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, field_validator

from ingestor.routing.wire import reader_of
from sensors import Measurement, Range, Tag, Unit
from sensors.testing import Sample, check_model

Warmth = Annotated[float, Unit("°C"), Range(-10, 60)]


class Leaf(Measurement):
    """A good model."""

    plant: Tag | None = None
    warmth: Warmth | None = None
    wet: bool | None = None
    spots: Annotated[int, Range(0, 9)] | None = None


class Bud(Measurement):
    """A good model with code."""

    size: Annotated[float, Unit("mm"), Range(0, 50)]

    @field_validator("size", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return float(value.removesuffix(" mm")) if isinstance(value, str) else value


LEAF: Sample = {"plant": "basil", "warmth": 21.5, "wet": True, "spots": 3}


def test_good_models_pass() -> None:
    """With code of their own, too; and the service reads them the same."""
    refused: list[Sample] = [{"warmth": "21"}, {"plant": "basil"}, {"wet": 1}]
    check_model(Leaf, samples=[LEAF, {"wet": False}], refused=refused, reader_of=reader_of)
    check_model(Bud, samples=[{"size": 3.5}, {"size": "3.5 mm"}], refused=[{"size": "51 mm"}], reader_of=reader_of)


def bad(annotation: Any = Warmth, doc: str | None = "A model.", **more: Any) -> type[Measurement]:  # noqa: ANN401
    """A model with one field `x`."""
    return type("Bad", (Measurement,), {"__annotations__": {"x": annotation}, "__doc__": doc, **more})


def validator(function: Any) -> Any:  # noqa: ANN401 - what pydantic takes and gives
    """The function as a validator of `x`, after its type was checked."""
    return field_validator("x")(classmethod(lambda cls, value: function(value)))  # noqa: ARG005


def slow(value: float) -> float:
    """What a lookup over the network takes."""
    time.sleep(0.002)
    return value


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (bad(doc=None), "Bad has no description"),
        (bad(float), r"Bad\.x has no unit"),
        (bad(Annotated[float, Unit("C")]), r"Bad\.x: unit C is not known"),
        (bad(Annotated[float, Unit("°C"), Range(5, 1)]), r"Bad\.x: nothing lies between 5 and 1"),
        (bad(model_config=ConfigDict(frozen=False)), "its readings can be changed"),
        (bad(check=validator(lambda value: value + 1)), "is another reading when it is read again"),
        (bad(check=validator(lambda value: 1 / (value - 7))), "refuses the sample"),
        (bad(check=validator(lambda value: value if value != 8 else value["x"])), r"raises TypeError.* for {'x': 8}"),
        (bad(check=validator(slow)), "ms for a reading, and 1 is too much"),
        (bad(Annotated[float, Unit("°C")]), "Bad takes {'x': 99}"),
    ],
)
def test_what_a_model_owes_is_told(model: type[Measurement], words: str) -> None:
    """Each fault, with the field or the sample."""
    with pytest.raises(AssertionError, match=words):
        check_model(model, samples=[{"x": 7}], refused=[{"x": 8}, {"x": 99}] if "8" in words else [{"x": 99}])


def test_every_field_is_in_a_sample() -> None:
    """What is not tried is not known."""
    with pytest.raises(AssertionError, match="no sample has wet, spots"):
        check_model(Leaf, samples=[{"warmth": 5}])


def test_a_range_that_code_gets_around_is_noticed() -> None:
    """A validator that makes anything fit takes what it should refuse."""

    class Cut(Measurement):
        """Cuts off what is too much."""

        x: Warmth

        @field_validator("x", mode="before")
        @classmethod
        def _cut(cls, value: float) -> float:
            return max(-10, min(60, value))

    with pytest.raises(AssertionError, match="Cut takes"):
        check_model(Cut, samples=[{"x": 5}])


def test_another_unit_may_be_brought() -> None:
    """The list of symbols is no limit."""
    check_model(bad(Annotated[float, Unit("°Bx")]), samples=[{"x": 5}], units=["°Bx"])


def test_a_service_that_reads_otherwise_is_noticed() -> None:
    """Its reading is shown."""
    with pytest.raises(AssertionError, match=r"the service reads {'wet': True}"):
        check_model(Leaf, samples=[LEAF], reader_of=lambda _: lambda _: {"wet": True})
