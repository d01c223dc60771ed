"""States of valves."""

from ingestor.routing.wire import reader_of
from sensors.testing import check_model
from sensors.valve import Valve


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(Valve, samples=[{"open": True, "position": 35}], refused=[{"open": 1}], reader_of=reader_of)
