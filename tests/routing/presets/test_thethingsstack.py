"""The Things Stack 3: what its documentation leaves open; its own examples are among the samples."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.contract import Source
from ingestor.routing.presets.thethingsstack import THETHINGSSTACK
from ingestor.routing.wire import Values
from tests.routing.helpers import JSON

UP, LOCATION = THETHINGSSTACK.sources
UPLINK: dict[str, Any] = {"received_at": "2020-02-12T15:15:45.789585559Z", "f_port": 1}
MESSAGE: dict[str, Any] = {"received_at": "2020-02-12T15:15:46.014773143Z", "uplink_message": UPLINK}


def read(source: Source, payload: object) -> Values:
    """The one reading of a payload."""
    [reading] = source.unpack(payload)
    assert isinstance(reading, dict)
    return reading


def with_gateways(*gateways: dict[str, Any]) -> dict[str, Any]:
    """An uplink message that these gateways have heard."""
    return {**MESSAGE, "uplink_message": {**UPLINK, "rx_metadata": list(gateways)}}


def test_the_time_is_the_best_gateways_and_else_the_networks() -> None:
    """A gateway without a clock says none; the network server is nearer to the device than the application server."""
    timed = {"time": "2020-02-12T15:15:45.787Z", "snr": 5}

    assert read(UP, with_gateways(timed, {"snr": 1}))["time"] == "2020-02-12T15:15:45.787Z"
    assert read(UP, with_gateways({"snr": 1}))["time"] == "2020-02-12T15:15:45.789585559Z"
    assert read(UP, {**MESSAGE, "uplink_message": {"f_port": 1}})["time"] == "2020-02-12T15:15:46.014773143Z"


def test_the_first_frame_has_number_zero() -> None:
    """Zeros are left out of messages; a port that is not there is not known."""
    assert read(UP, MESSAGE)["f_cnt"] == 0


def test_other_messages_are_refused_in_words() -> None:
    """What is said by a device of another network under such a topic is no uplink."""
    with pytest.raises(UnreadableError, match="no uplink_message in it, as messages of The Things Stack 3 have it"):
        UP.unpack({"app_id": "hello", "payload_fields": {}})


@given(JSON)
def test_whatever_a_message_says_is_read_or_refused(part: object) -> None:
    """Nothing else is raised, in whatever place it stands."""
    names = ("decoded_payload", "rx_metadata", "settings", "received_at", "f_cnt")
    assert len(UP.unpack({**MESSAGE, "uplink_message": {**UPLINK, **dict.fromkeys(names, part)}})) == 1
    for source, payload in ((UP, part), (LOCATION, part), (LOCATION, {"location_solved": part})):
        with suppress(UnreadableError):
            source.unpack(payload)
