"""Points checked against a model."""

from collections.abc import Mapping

import pytest

from ingestor.importing.modelcheck import Checked, ModelCheck
from ingestor.ports import FieldType, Point, Series, Value, type_of_value
from ingestor.routing.models import Model, resolve
from sensors import Measurement

CLIMATE = resolve("climate", {})


def check(fields: Mapping[str, Value], model: Model = CLIMATE) -> Checked:
    """What is left of a point with these fields."""
    types = {name: type_of_value[type(value)] for name, value in fields.items()}
    tags = {"rack": "rack1", "level": "2"}
    return ModelCheck(model, "Lab").check(Point(Series("Farm", "air", tags, types=types), 5, fields))


def test_a_point_gets_the_types_and_units_of_the_model() -> None:
    """It keeps its measurement, time and tags, also those that the model does not know; unknown fields go."""
    point, why, _ = check({"temperature": 20, "humidity": 50.5, "wind": 3.0})

    assert why == ""
    assert point is not None
    assert (point.series.bucket, point.series.measurement, point.time_ns) == ("Lab", "air", 5)
    assert point.series.tags == (("level", "2"), ("rack", "rack1"))
    assert repr(point.fields) == "{'temperature': 20.0, 'humidity': 50.5}"
    assert point.series.types["temperature"] is FieldType.FLOAT
    assert point.series.units["temperature"] == "°C"


def test_a_wrong_field_leaves_the_rest() -> None:
    """Out of range, or of another type."""
    point, why, fields = check({"temperature": 200.0, "humidity": 50.0})
    assert (point and point.fields, fields) == ({"humidity": 50.0}, ("temperature",))
    assert "temperature" in why

    point, _, fields = check({"temperature": 20.0, "humidity": "wet"})
    assert (point and point.fields, fields) == ({"temperature": 20.0}, ("humidity",))


@pytest.mark.parametrize(
    ("fields", "why"), [({"temperature": 200.0}, "temperature"), ({"wind": 3.0}, "no field of climate")]
)
def test_a_point_of_which_nothing_is_left_is_refused(fields: dict[str, Value], why: str) -> None:
    """With the reason."""
    point, said, left_out = check(fields)

    assert (point, left_out) == (None, ())
    assert why in said


class Moody(Measurement):
    """A model whose code fails."""

    temperature: float | None = None

    def model_post_init(self, context: object, /) -> None:
        """Fail."""
        raise RuntimeError(f"not today {context}")


def test_code_of_a_model_that_fails_is_told() -> None:
    """It ends nothing."""
    model = Model("moody", Moody.shape, Moody)

    assert "the model's own code failed: RuntimeError: not today" in check({"temperature": 1.0}, model).why
