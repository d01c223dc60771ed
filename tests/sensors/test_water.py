"""Readings of water."""

import pytest

from ingestor.routing.wire import reader_of
from sensors.measurement import Measurement
from sensors.testing import Sample, check_model
from sensors.water import Ec, Leak, Ph, WaterFlow, WaterLevel, WaterQuality, WaterTemperature


@pytest.mark.parametrize(
    ("model", "sample"),
    [
        (WaterLevel, {"water_level": 42.5}),
        (WaterFlow, {"flow": 3.2, "volume": 10_250}),
        (WaterTemperature, {"water_temperature": 19.8}),
        (Ph, {"ph": 5.9}),
        (Ec, {"ec": 1.8}),
        (
            WaterQuality,
            {"temperature": 20.5, "ph": 6.1, "ec": 1.9, "dissolved_oxygen": 8.7, "orp": 310, "turbidity": 0.4},
        ),
        (Leak, {"leak": False}),
    ],
)
def test_what_devices_tell_is_a_reading(model: type[Measurement], sample: Sample) -> None:
    """Within the ranges, beyond which nothing is taken; and the service reads it as the class does."""
    check_model(model, samples=[{"rack": "rack1", **sample}], reader_of=reader_of)
