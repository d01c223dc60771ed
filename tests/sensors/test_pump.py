"""States of pumps."""

from ingestor.routing.wire import reader_of
from sensors.pump import Pump
from sensors.testing import check_model


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(
        Pump,
        samples=[{"running": True, "speed": 60}, {"running": False}],
        refused=[{"running": "ON"}, {"speed": "fast"}],
        reader_of=reader_of,
    )
