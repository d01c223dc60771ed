"""Readings of soil."""

from ingestor.routing.wire import reader_of
from sensors.soil import Soil
from sensors.testing import check_model


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(
        Soil,
        samples=[{"rack": "bed2", "moisture": 31.5, "temperature": 18.2, "ec": 0.9, "ph": 6.4}],
        refused=[{"moisture": "wet"}],
        reader_of=reader_of,
    )
