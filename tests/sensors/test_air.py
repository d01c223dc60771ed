"""Readings of carbon dioxide."""

import pytest
from pydantic import ValidationError

from sensors.air import Co2


def test_the_possible_is_accepted() -> None:
    """Both ends of the range belong to it, and the unit is told."""
    assert Co2(rack="rack1", co2=0).co2 == 0
    assert Co2(co2=40000).co2 == 40000
    assert Co2.shape.fields[0].unit == "ppm"


@pytest.mark.parametrize("value", [0 - 0.1, 40000 + 0.1, None])
def test_the_impossible_is_refused(value: float | None) -> None:
    """What lies outside is refused, and so is nothing."""
    with pytest.raises(ValidationError, match="co2"):
        Co2.model_validate({"co2": value})
