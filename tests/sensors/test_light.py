"""Readings of light."""

import pytest

from ingestor.routing.wire import reader_of
from sensors.light import Light, Par
from sensors.measurement import Measurement
from sensors.testing import Sample, check_model


@pytest.mark.parametrize(
    ("model", "sample"),
    [
        (Light, {"light": 18_250}),
        (Par, {"ppfd": 412.5, "dli": 17.3}),
    ],
)
def test_what_devices_tell_is_a_reading(model: type[Measurement], sample: Sample) -> None:
    """Within the ranges, beyond which nothing is taken; and the service reads it as the class does."""
    check_model(model, samples=[{"rack": "rack1", **sample}], reader_of=reader_of)
