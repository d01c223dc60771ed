"""What a model tells about itself."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field, create_model, field_validator

from sensors import FieldShape, Kind, Measurement, Range, Tag, TagShape, Unit
from sensors.shape import TagMark


class Pot(Measurement):
    """A reading with annotations in every place where they can stand."""

    plant: Tag
    row: Tag | None = None
    moisture: Annotated[float, Unit("%"), Range(0, 100)] | None = None
    warmth: Annotated[float | None, Unit("°C"), Range(None, 50)] = None
    pulses: int = Field(ge=3, le=9)
    wet: bool | None = None
    state: str | None = None


def test_tags_and_fields_are_told_apart() -> None:
    """A tag is what is marked as one; only without a default it is required."""
    assert Pot.shape.tags == (TagShape("plant", required=True), TagShape("row"))


def test_fields_tell_type_unit_and_range() -> None:
    """Annotations count inside and outside of the choice of None, and so do pydantic's own limits."""
    assert Pot.shape.fields == (
        FieldShape("moisture", Kind.FLOAT, "%", 0, 100),
        FieldShape("warmth", Kind.FLOAT, "°C", None, 50),
        FieldShape("pulses", Kind.INT, None, 3, 9, required=True),
        FieldShape("wet", Kind.BOOL),
        FieldShape("state", Kind.TEXT),
    )


class Lamp(Measurement):
    """A reading with choices."""

    place: Annotated[Literal["hall", "roof"], TagMark()] | None = None
    state: Literal["on", "off"] | None = None


def test_texts_can_have_choices() -> None:
    """They are told; of a tag only the class knows them."""
    assert Lamp.shape.fields == (FieldShape("state", Kind.TEXT, choices=("on", "off")),)
    assert Lamp.shape.has_code


def test_parts_are_tags_and_fields() -> None:
    """All names of a model can be had at once."""
    assert [part.name for part in Pot.shape.parts] == ["plant", "row", "moisture", "warmth", "pulses", "wet", "state"]


def test_a_plain_model_has_no_code() -> None:
    """What annotations say completely needs no class to judge it."""
    assert not Pot.shape.has_code


class Validated(Measurement):
    """A model with a validator."""

    moisture: float

    @field_validator("moisture")
    @classmethod
    def _even(cls, value: float) -> float:
        return value


class Trimmed(Measurement):
    """A model with a configuration of its own."""

    model_config = ConfigDict(str_strip_whitespace=True)
    state: str


class Patterned(Measurement):
    """A model with a rule that the shape cannot tell."""

    state: Annotated[str, Field(pattern="^o")]


class Hooked(Measurement):
    """A model that runs code after validation."""

    state: str

    def model_post_init(self, context: object, /) -> None:
        """Do nothing, but be there."""


@pytest.mark.parametrize("model", [Validated, Trimmed, Patterned, Hooked])
def test_rules_that_only_the_class_knows_are_seen(model: type[Measurement]) -> None:
    """Validators, configuration, other constraints and hooks make it a model with code."""
    assert model.shape.has_code


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ((float, 0.0), "invent"),
        ((float, Field(default_factory=float)), "invent"),
        ((list[float], ...), "float, int, str or bool"),
        ((float | int | None, None), "float, int, str or bool"),
        ((float, Field(alias="m")), "alias"),
        ((Literal[1, 2], ...), "only a text can have choices"),
    ],
)
def test_a_model_that_cannot_be_stored_fails_where_it_is_written(field: Any, words: str) -> None:  # noqa: ANN401
    """Defaults, aliases and types that no store has are refused when the class is made."""
    with pytest.raises(TypeError, match=words):
        create_model("Bad", __base__=Measurement, moisture=field)
