"""Readings of doors."""

from ingestor.routing.wire import reader_of
from sensors.door import Door
from sensors.testing import check_model


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(
        Door, samples=[{"open": True}], refused=[{"open": 1}, {"open": "open"}, {"rack": "rack1"}], reader_of=reader_of
    )
