"""Readings of electricity."""

import pytest

from ingestor.routing.wire import reader_of
from sensors.measurement import Measurement
from sensors.power import Electricity, EnergyCounter, Power
from sensors.testing import Sample, check_model


@pytest.mark.parametrize(
    ("model", "sample"),
    [
        (Power, {"power": -120.5}),
        (EnergyCounter, {"energy": 1834.21}),
        (
            Electricity,
            {
                "power": 92,
                "energy": 12.5,
                "energy_returned": 0,
                "voltage": 230.1,
                "current": 0.42,
                "apparent_power": 96.6,
                "reactive_power": -29.5,
                "power_factor": 0.95,
                "frequency": 50.02,
            },
        ),
    ],
)
def test_what_devices_tell_is_a_reading(model: type[Measurement], sample: Sample) -> None:
    """Within the ranges, beyond which nothing is taken; and the service reads it as the class does."""
    check_model(model, samples=[{"rack": "rack1", **sample}], reader_of=reader_of)
