"""The base of every kind of reading: frozen, strict, and never with an invented value."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sensors.shape import Shape, read_shape


class Measurement(BaseModel):
    """One reading of one sensor.

    A subclass names its tags (`rack: Tag | None = None`) and its fields
    (`temperature: Annotated[float, Unit("°C"), Range(-40, 85)] | None = None`). Numbers are numbers: text, booleans,
    NaN and infinity are refused. What was not measured is None, never a made-up value, and a reading without any
    field is refused.

    Attributes:
        shape: The tags and fields of the class.
        time: When it was measured, in nanoseconds since 1970 UTC; None where the sensor has no clock.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    shape: ClassVar[Shape] = Shape((), ())

    time: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - what pydantic hands on
        """Read the shape once, so that a model that cannot be stored fails where it is written."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.shape = read_shape(cls, Measurement)

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if all(getattr(self, field.name) is None for field in self.shape.fields):
            raise ValueError("a reading needs at least one field")
        return self
