"""Readings of radio signals."""

from ingestor.routing.wire import reader_of
from sensors.link import Link
from sensors.testing import check_model


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(Link, samples=[{"rssi": -71, "snr": 9.5}], refused=[{"rssi": "good"}], reader_of=reader_of)
