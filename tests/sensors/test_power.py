"""Readings of power."""

import pytest
from pydantic import ValidationError

from sensors.power import Power


def test_the_possible_is_accepted() -> None:
    """Both ends of the range belong to it, and the unit is told."""
    assert Power(rack="rack1", power=-1000000).power == -1000000
    assert Power(power=1000000).power == 1000000
    assert Power.shape.fields[0].unit == "W"


@pytest.mark.parametrize("value", [-1000000 - 0.1, 1000000 + 0.1, None])
def test_the_impossible_is_refused(value: float | None) -> None:
    """What lies outside is refused, and so is nothing."""
    with pytest.raises(ValidationError, match="power"):
        Power.model_validate({"power": value})
