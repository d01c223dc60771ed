"""The last step of a reading: time, device and place."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from ingestor.config import Config
from ingestor.ports import Flaw, Message, Point, Reason
from ingestor.routing import RoutingTable
from tests.routing.helpers import RECEIVED_NS

NO_MODELS: Mapping[str, object] = MappingProxyType({})
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
    devices: Sequence[Mapping[str, object]] = SWAPPED,
    models: Mapping[str, object] = NO_MODELS,
    **row: object,
) -> tuple[list[Point], list[Flaw]]:
    """The points and flaws of one message received at noon."""
    usual = {"topic": template, "model": "climate", "bucket": "B", "device": "{rack}", "time": {"field": "ts"}}
    config = Config.model_validate({"routes": [{**usual, **row}], "devices": devices, "models": models})
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


@pytest.mark.parametrize(("before", "place"), [(0, "south"), (1, "north")])
def test_a_row_begins_with_its_first_nanosecond(before: int, place: str) -> None:
    """Two rows of a device meet, and share no moment."""
    payload = f'{{"ts": {RECEIVED_NS - before}, "temperature": 21}}'
    (point,), _ = decode(payload, time={"field": "ts", "unit": "ns"})

    assert dict(point.series.tags)["place"] == place


@pytest.mark.parametrize("device", ["{rack}", "{{", "r1 ", "R1", "r1\u0000", "é" * 4_000])
def test_hostile_names_are_no_device(device: str) -> None:
    """Nothing of a name is read as anything but itself; a reading of it is stored like that of a stranger."""
    for template, topic in (("{rack...}", device), ("gate", "gate")):
        payload = json.dumps({"rack": device, "temperature": 21})
        devices = [*SWAPPED, {"id": "rack", "tags": {"a": "b"}}]
        (point,), flaws = decode(payload, template=template, topic=topic, devices=devices)

        assert flaws == []
        assert (dict(point.series.tags), point.fields) == ({"rack": device}, {"temperature": 21.0})


def test_a_tag_of_the_table_is_no_field() -> None:
    """What the model does not know cannot take its name; a field of the model that has it sets the reading aside."""
    devices = [{"id": "r1", "tags": {"room": "a", "humidity": "b"}}]
    (point,), flaws = decode('{"temperature": 21, "room": 5, "wet": 1}', devices=devices, unknown="store")
    none, (flaw,) = decode('{"temperature": 21, "humidity": 5}', devices=devices)

    assert flaws == []
    assert (point.fields, dict(point.series.tags)["room"]) == ({"temperature": 21.0, "wet": 1.0}, "a")
    assert (none, flaw.point, flaw.reason) == ([], -1, Reason.TAG)
    assert "tag humidity" in flaw.detail
    assert "; light -1 is below 0" in decode('{"humidity": 5, "light": -1}', devices=devices)[1][0].detail


def test_a_measurement_may_be_named_after_what_the_table_or_the_model_says() -> None:
    """The tag counts that the reading gets, wherever it is from."""
    payload = '{"ts": 1795521000, "rack": "r1", "temperature": 21}'
    (point,), _ = decode(payload, template="gate", topic="gate", measurement="{rack}_climate")
    models = {"spot": {"extends": "climate", "tags": ["kind"], "tag_defaults": {"kind": "spare"}}}
    (other,), _ = decode('{"temperature": 21}', models=models, model="spot", measurement="{kind}_climate")

    assert point.series.measurement == "old_climate"
    assert (other.series.measurement, dict(other.series.tags)["kind"]) == ("spare_climate", "spare")


def test_a_calibration_never_makes_what_is_no_number() -> None:
    """What leaves the range of numbers is told; fields that the model of a route does not have are no matter."""
    devices = [{"id": "r1", "calibration": {"x": {"factor": 1e308}, "y": {"factor": 2}}}]
    models: Mapping[str, object] = {"m": {"fields": {"x": {}, "z": {}}}}
    (point,), (flaw,) = decode('{"x": 20, "z": 1}', devices=devices, models=models, model="m")

    assert point.fields == {"z": 1.0}
    assert (flaw.reason, flaw.field) == (Reason.TYPE, "x")
    assert "inf" in flaw.detail


def test_of_several_readings_those_outside_of_the_window_are_set_aside() -> None:
    """Each by its own time, under its own number."""
    payload = '[{"ts": 12, "temperature": 1}, {"ts": 1795521599.5, "temperature": 2}, {"temperature": 3}]'
    points, flaws = decode(payload, each="$", time={"field": "ts", "unit": "s", "outside": "reject"})

    assert [(point.time_ns - RECEIVED_NS, point.fields["temperature"]) for point in points] == [(-500_000_000, 1.0)]
    assert [(flaw.point, flaw.reason, flaw.field) for flaw in flaws] == [(0, Reason.TIME, ""), (2, Reason.TIME, "")]
