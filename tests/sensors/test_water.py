"""Readings of water levels."""

import pytest
from pydantic import ValidationError

from sensors.water import WaterLevel


def test_the_possible_is_accepted() -> None:
    """Both ends of the range belong to it, and the unit is told."""
    assert WaterLevel(rack="rack1", water_level=0).water_level == 0
    assert WaterLevel(water_level=2000).water_level == 2000
    assert WaterLevel.shape.fields[0].unit == "cm"


@pytest.mark.parametrize("value", [0 - 0.1, 2000 + 0.1, None])
def test_the_impossible_is_refused(value: float | None) -> None:
    """What lies outside is refused, and so is nothing."""
    with pytest.raises(ValidationError, match="water_level"):
        WaterLevel.model_validate({"water_level": value})
