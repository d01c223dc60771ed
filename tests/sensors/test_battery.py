"""Readings of batteries."""

from ingestor.routing.wire import reader_of
from sensors.battery import Battery
from sensors.testing import check_model


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(
        Battery, samples=[{"battery": 87, "battery_voltage": 2.95}], refused=[{"battery": True}], reader_of=reader_of
    )
