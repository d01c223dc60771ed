"""Zigbee2MQTT: what its documentation shows is in `tests/data`; here is what else may come."""

from contextlib import suppress

import pytest
from hypothesis import given

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.zigbee2mqtt import read_device
from tests.routing.helpers import JSON


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"voltage": 3005, "battery": 100}, "battery_voltage"),
        ({"voltage": 3005, "battery_low": False}, "battery_voltage"),
        ({"voltage": 231.5, "power": 12}, "voltage"),
    ],
)
def test_the_battery_tells_whose_voltage_it_is(payload: dict[str, object], field: str) -> None:
    """Batteries have millivolts, mains have volts."""
    (reading,) = read_device(payload)

    assert reading[field] == payload["voltage"]


def test_endpoints_are_told_apart_by_a_tag() -> None:
    """Only where the name is one of an endpoint; settings that end like one stay what they are."""
    payload = {"state_l1": "ON", "state_l2": "OFF", "power_on_behavior": "previous", "last_seen": 5}

    assert read_device(payload) == [
        {"endpoint": "l1", "state": True, "last_seen": 5},
        {"endpoint": "l2", "state": False, "last_seen": 5},
    ]


@given(JSON)
def test_whatever_comes_is_read_or_refused_in_words(payload: object) -> None:
    """Nothing else is raised."""
    with suppress(UnreadableError):
        assert all(isinstance(reading, dict) for reading in read_device(payload))
