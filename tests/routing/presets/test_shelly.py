"""Shelly: what its documentation shows is in `tests/data`; here is what else may come."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.shelly import read_notification, read_status
from tests.routing.helpers import JSON


@pytest.mark.parametrize(
    ("payload", "reading"),
    [
        ({"id": 0, "state": "open"}, {"state": "open"}),
        ({"id": 0, "state": False}, {"input": False}),
        ({"id": 200, "value": 3}, {"value": 3}),
        ({"id": 200, "value": True}, {"value_on": True}),
        ({"id": 200, "value": "eco"}, {"value_text": "eco"}),
        ({"id": 0, "lux": None, "illumination": "dark"}, {"illumination": "dark"}),
    ],
)
def test_a_field_always_has_values_of_one_type(payload: dict[str, object], reading: dict[str, object]) -> None:
    """Components that use the same key for others have a field of their own."""
    assert read_status(payload) == [reading]


def test_the_time_on_the_wall_of_the_device_is_not_the_time_of_the_reading() -> None:
    """`sys` tells it without a date."""
    assert read_status({"time": "18:16", "uptime": 28980}) == [{"clock": "18:16", "uptime": 28980}]


@pytest.mark.parametrize("payload", [{"method": "NotifyStatus"}, {"method": "NotifyEvent", "params": []}, []])
def test_a_frame_without_its_parts_is_refused(payload: object) -> None:
    """It is no frame of a Shelly."""
    with pytest.raises(UnreadableError, match="where an object belongs"):
        read_notification(payload)


@given(JSON, st.sampled_from(["NotifyStatus", "NotifyFullStatus", "NotifyEvent", "Switch.Set"]) | JSON)
def test_whatever_comes_is_read_or_refused_in_words(payload: object, method: object) -> None:
    """Nothing else is raised."""
    for read, said in ((read_status, payload), (read_notification, {"method": method, "params": payload})):
        with suppress(UnreadableError):
            assert all(isinstance(reading, dict) for reading in read(said))
