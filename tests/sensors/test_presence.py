"""Readings of presence."""

from ingestor.routing.wire import reader_of
from sensors.presence import Presence
from sensors.testing import check_model


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(
        Presence, samples=[{"presence": False}], refused=[{"presence": 0}, {"rack": "rack1"}], reader_of=reader_of
    )
