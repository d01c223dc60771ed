"""Values in the unit that is stored."""

import pytest

from ingestor.ports import Reason
from ingestor.routing.tuning import Tuner
from ingestor.routing.units import Conversion
from sensors import FieldShape

TEMPERATURE = FieldShape("temperature", unit="°C", low=-40, high=85)
FAHRENHEIT = Conversion(5 / 9, -160 / 9)


def test_values_are_converted_and_then_calibrated() -> None:
    """The correction of a device is in the unit that is stored; other values stay as they are."""
    values = {"temperature": 68.0, "humidity": 5.0}
    tuner = Tuner([TEMPERATURE], {"temperature": FAHRENHEIT})

    assert tuner.with_calibration({"temperature": Conversion(2.0, 1.0), "other": Conversion(3.0)}).tune(values) == []
    assert values == {"temperature": pytest.approx(41.0), "humidity": 5.0}


def test_what_comes_out_has_to_be_in_range() -> None:
    """The range is that of the unit that is stored; what is out of it is taken out, and told with what was sent."""
    values = {"temperature": 200.0}
    (flaw,) = Tuner([TEMPERATURE], {"temperature": FAHRENHEIT}).tune(values)

    assert values == {}
    assert (flaw.reason, flaw.field) == (Reason.RANGE, "temperature")
    assert "above 85 °C (sent as 200)" in flaw.detail


def test_a_device_without_corrections_has_a_range_still() -> None:
    """Where other devices are calibrated, the range of this one is checked here, too."""
    values = {"temperature": 85.5}

    assert [flaw.reason for flaw in Tuner([TEMPERATURE], {}).tune(values)] == [Reason.RANGE]
