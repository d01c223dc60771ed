"""Readings of the air around the plants."""

import pytest
from pydantic import ValidationError

from sensors.climate import Climate, Humidity, Temperature


def test_single_quantities_are_required() -> None:
    """A temperature without a temperature is none."""
    assert Temperature(rack="rack1", temperature=-40).temperature == -40
    assert Humidity(humidity=100).humidity == 100
    with pytest.raises(ValidationError, match="humidity"):
        Humidity.model_validate({"rack": "rack1"})


@pytest.mark.parametrize("field", ["temperature", "humidity", "co2", "light"])
def test_any_part_of_a_climate_is_enough(field: str) -> None:
    """Each quantity alone makes a reading, with the same limits as in its own model."""
    assert getattr(Climate.model_validate({field: 50}), field) == 50.0
    with pytest.raises(ValidationError, match=field):
        Climate.model_validate({field: -50})


def test_units_are_told() -> None:
    """Each quantity has its unit."""
    units = {field.name: field.unit for field in Climate.shape.fields}

    assert units == {"temperature": "°C", "humidity": "%", "co2": "ppm", "light": "lx"}
