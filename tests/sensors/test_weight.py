"""Readings of scales."""

from ingestor.routing.wire import reader_of
from sensors.testing import check_model
from sensors.weight import Weight


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(Weight, samples=[{"weight": 12.34}], refused=[{"weight": "12 kg"}], reader_of=reader_of)
