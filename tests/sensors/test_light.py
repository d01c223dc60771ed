"""Readings of light."""

import pytest
from pydantic import ValidationError

from sensors.light import Light


def test_the_possible_is_accepted() -> None:
    """Both ends of the range belong to it, and the unit is told."""
    assert Light(rack="rack1", light=0).light == 0
    assert Light(light=200000).light == 200000
    assert Light.shape.fields[0].unit == "lx"


@pytest.mark.parametrize("value", [0 - 0.1, 200000 + 0.1, None])
def test_the_impossible_is_refused(value: float | None) -> None:
    """What lies outside is refused, and so is nothing."""
    with pytest.raises(ValidationError, match="light"):
        Light.model_validate({"light": value})
