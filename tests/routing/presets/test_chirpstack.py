"""ChirpStack 4: what its documentation leaves open; its own examples are among the samples."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.chirpstack import CHIRPSTACK
from ingestor.routing.presets.contract import Source
from ingestor.routing.wire import Values
from tests.routing.helpers import JSON

UP, STATUS, LOCATION = CHIRPSTACK.sources
EVENT: dict[str, Any] = {"deviceInfo": {"deviceName": "p7"}, "time": "2022-07-18T09:34:15.775023242+00:00"}


def read(source: Source, payload: object) -> Values:
    """The one reading of a payload."""
    [reading] = source.unpack(payload)
    assert isinstance(reading, dict)
    return reading


def test_zeros_that_were_left_out_are_zeros() -> None:
    """The first frame at data rate 0 says neither; a port that is not there is not known."""
    reading = read(UP, EVENT)

    assert (reading["f_cnt"], reading["dr"], reading["f_port"]) == (0, 0, None)


def test_the_network_speaks_for_itself() -> None:
    """A decoder that says `rssi`, `time` or a name of the device means something else."""
    reading = read(UP, {**EVENT, "object": {"rssi": 1, "time": 5, "device_name": 7, "soil": 31.5}})

    assert reading["soil"] == 31.5
    assert (reading["rssi"], reading["device_name"], reading["time"]) == (None, "p7", EVENT["time"])


@pytest.mark.parametrize("power", ["externalPowerSource", "batteryLevelUnavailable"])
def test_a_battery_that_cannot_be_told_is_no_empty_one(power: str) -> None:
    """A device on mains, or one that cannot measure it, has no level, whatever stands there."""
    reading = read(STATUS, {**EVENT, power: True, "batteryLevel": 0})

    assert reading["battery"] is None
    assert reading["external_power"] is (power == "externalPowerSource")


def test_events_of_an_older_chirpstack_are_refused_in_words() -> None:
    """Version 3 publishes other JSON under the same topics."""
    with pytest.raises(UnreadableError, match="no deviceInfo in it, as events of ChirpStack 4 have it") as refused:
        UP.unpack({"applicationID": "1", "deviceName": "p7", "devEUI": "AQEBAQEBAQE="})

    assert refused.value.reason is Reason.FORMAT


@given(JSON)
def test_whatever_an_event_says_is_read_or_refused(part: object) -> None:
    """Nothing else is raised, in whatever place it stands."""
    whole = dict.fromkeys(("object", "rxInfo", "txInfo", "location", "externalPowerSource"), part)
    for source in (UP, STATUS, LOCATION):
        assert len(source.unpack({**EVENT, **whole})) == 1
        with suppress(UnreadableError):
            source.unpack(part)
