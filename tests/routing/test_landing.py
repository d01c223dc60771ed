"""The last step of a reading: time, device and place."""

import pytest

from ingestor.config import Config
from ingestor.ports import Flaw, Message, Point, Reason
from ingestor.routing import RoutingTable
from tests.routing.helpers import RECEIVED_NS

NOON = "2026-11-24T12:00:00Z"
SWAPPED = [
    {
        "id": "r1",
        "tags": {"place": "north", "rack": "old"},
        "calibration": {"temperature": {"offset": -1}},
        "until": NOON,
    },
    {"id": "r1", "tags": {"place": "south"}, "from": NOON},
]


class Heard:
    """Remembers what decoders tell of devices."""

    def __init__(self) -> None:
        self.readings: list[tuple[str, int]] = []
        self.states: list[tuple[str, int, bool]] = []

    def seen(self, device: str, received_ns: int) -> None:
        """See `DeviceLog`."""
        self.readings.append((device, received_ns))

    def state(self, device: str, received_ns: int, *, online: bool) -> None:
        """See `DeviceLog`."""
        self.states.append((device, received_ns, online))


def decode(
    payload: str,
    *,
    topic: str = "r1/climate",
    template: str = "{rack}/climate",
    heard: Heard | None = None,
) -> tuple[list[Point], list[Flaw]]:
    """The points and flaws of one message received at noon."""
    row = {"topic": template, "model": "climate", "bucket": "B", "device": "{rack}", "time": {"field": "ts"}}
    config = Config.model_validate({"routes": [row], "devices": SWAPPED})
    found = RoutingTable(config, devices=heard).find(topic)
    assert found is not None
    points: list[Point] = []
    flaws = found.decode(Message(topic, payload.encode(), RECEIVED_NS), points)
    return points, list(flaws)


@pytest.mark.parametrize(
    ("seconds", "tags", "temperature"),
    [(1_795_521_599, {"place": "north", "rack": "old"}, 20.0), (1_795_521_600, {"place": "south", "rack": "r1"}, 21.0)],
)
def test_the_row_of_a_device_at_the_time_of_the_reading_counts(
    seconds: int, tags: dict[str, str], temperature: float
) -> None:
    """Its tags replace those of the topic, its calibration is applied; a moment later another row holds."""
    points, flaws = decode(f'{{"ts": {seconds}, "temperature": 21}}')

    assert flaws == []
    assert dict(points[0].series.tags) == tags
    assert points[0].fields == {"temperature": temperature}


def test_a_device_may_be_named_by_the_payload() -> None:
    """The tag that tells it may come with each reading; one that no row knows is stored as it is."""
    (point,), _ = decode('{"rack": "r1", "temperature": 21}', topic="gate", template="gate")
    (other,), _ = decode('{"rack": "r9", "temperature": 21}', topic="gate", template="gate")

    assert dict(point.series.tags) == {"place": "south", "rack": "r1"}
    assert (dict(other.series.tags), other.fields) == ({"rack": "r9"}, {"temperature": 21.0})


def test_a_range_is_that_of_the_calibrated_value() -> None:
    """What is only in range uncorrected is set aside, and what is only in range corrected is stored."""
    (point,), _ = decode('{"ts": 1795521000, "temperature": 85.5}')
    points, flaws = decode('{"ts": 1795521000, "temperature": -39.5, "humidity": 5}')

    assert point.fields == {"temperature": 84.5}
    assert points[0].fields == {"humidity": 5.0}
    assert [(flaw.point, flaw.reason, flaw.field) for flaw in flaws] == [(0, Reason.RANGE, "temperature")]
    assert decode('{"ts": 1795521000, "temperature": -39.5}')[0] == []


def test_devices_of_the_table_are_heard_of() -> None:
    """With the time of receipt of what was stored; others are not told."""
    heard = Heard()
    decode('{"temperature": 21}', heard=heard)
    decode('{"temperature": 21}', topic="r9/climate", heard=heard)

    assert heard.readings == [("r1", RECEIVED_NS)]
