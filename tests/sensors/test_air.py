"""Readings of the air."""

import pytest

from ingestor.routing.wire import reader_of
from sensors.air import AirPressure, AirQuality, Co2
from sensors.measurement import Measurement
from sensors.testing import Sample, check_model


@pytest.mark.parametrize(
    ("model", "sample"),
    [
        (Co2, {"co2": 850.0}),
        (AirPressure, {"pressure": 1009.4}),
        (AirQuality, {"co2": 612, "voc": 120, "pm1": 3.1, "pm25": 5.0, "pm4": 6.2, "pm10": 6.4}),
    ],
)
def test_what_devices_tell_is_a_reading(model: type[Measurement], sample: Sample) -> None:
    """Within the ranges, beyond which nothing is taken; and the service reads it as the class does."""
    check_model(model, samples=[{"rack": "rack1", **sample}], reader_of=reader_of)
