"""Announcements as rows of a configuration."""

import pytest

from ingestor.config import Config, Device, FieldSpec, ModelSpec, Route, StateOf
from ingestor.ports import FieldType, Message
from ingestor.routing import RoutingTable
from ingestor.routing.announcements.announcement import Announcement
from ingestor.routing.announcements.rows import as_device, as_route, as_states, by_topic, clashing, named, path_text
from ingestor.routing.path import Path
from tests.routing.announcements.samples import announce, sensor

ABOUT = {"identifiers": "k1", "name": "Kitchen", "model": "TH-1"}


def climate() -> list[Announcement]:
    """What a thermometer announces: three values in one JSON payload, one of them in tenths."""
    return [
        sensor(value_template="{{ value_json.temperature }}", unit_of_measurement="°C", device=ABOUT),
        sensor(value_template="{{ value_json.air.humidity }}", unit_of_measurement="%", device=ABOUT),
        sensor(
            value_template="{{ value_json.vdd | float / 10 }}", unit_of_measurement="V", device=ABOUT, expire_after=300
        ),
    ]


def test_values_of_one_topic_become_one_route() -> None:
    """With one model, and paths where a value does not stand under its own name."""
    route, name, model = as_route(climate(), "Home")

    assert name == "th_1"
    assert route == Route(
        topic="kitchen/state",
        model="th_1",
        bucket="Home",
        tags={"device": "k1"},
        device="k1",
        paths={"humidity": "air.humidity"},
    )
    assert model == ModelSpec(
        fields={
            "humidity": FieldSpec(unit="%"),
            "temperature": FieldSpec(unit="°C"),
            "vdd": FieldSpec(unit="V"),
        }
    )


def test_the_route_stores_what_was_announced() -> None:
    """With the correction of the device."""
    route, name, model = as_route(climate(), "Home")
    device = as_device(climate())
    assert device is not None
    table = RoutingTable(Config(routes=(route,), models={name: model}, devices=(device,)))
    decoder = table.find("kitchen/state")
    assert decoder is not None
    points: list[object] = []
    flaws = decoder.decode(
        Message("kitchen/state", b'{"temperature": 20, "air": {"humidity": 40}, "vdd": 33}', 10**18),
        points,  # type: ignore[arg-type]
    )

    assert list(flaws or ()) == []
    assert [(dict(one.fields), dict(one.series.tags)) for one in points] == [  # type: ignore[attr-defined]
        (
            {"temperature": 20.0, "humidity": 40.0, "vdd": pytest.approx(3.3)},
            {"device": "k1", "name": "Kitchen", "model": "TH-1"},
        )
    ]


def test_a_bare_value_has_a_route_of_its_own() -> None:
    """In the format value, with a model called like the value."""
    route, name, model = as_route([sensor()], "Home")

    assert (route.format, name, route.paths) == ("value", "temperature", {})
    assert model.fields["temperature"].type is FieldType.TEXT


def test_a_device_has_tags_corrections_and_an_interval() -> None:
    """Those that are announced."""
    assert as_device(climate()) == Device.model_validate(
        {
            "id": "k1",
            "tags": {"name": "Kitchen", "model": "TH-1"},
            "calibration": {"vdd": {"factor": 0.1}},
            "interval": "300s",
        }
    )
    assert as_device([sensor()]) is None
    assert as_device([]) is None


def test_an_availability_becomes_a_row_with_states() -> None:
    """But not where one topic tells of several devices: that is their bridge."""
    own = sensor(availability_topic="k/lwt", payload_available="Up", payload_not_available="Down")
    bridged = {"availability": [{"topic": "bridge/state", "value_template": "{{ value_json.state }}"}]}
    one, other = (sensor(device={"identifiers": name}, **bridged) for name in ("a", "b"))

    assert as_states([own]) == (
        Route(topic="k/lwt", device="kitchen", state=StateOf(online=("Up",), offline=("Down",))),
    )
    assert [row.state and row.state.path for row in as_states([one])] == ["state"]
    assert as_states([one, other]) == ()


def test_values_with_one_name_get_names_of_their_own() -> None:
    """By their whole path; a value that stands under its own name keeps it."""
    made = [sensor(value_template=f"{{{{ value_json.{path} }}}}") for path in ("a.t", "t", "b.t", "device")]

    assert {name: one.steps for name, one in named(made).items()} == {
        "a_t": ("a", "t"),
        "b_t": ("b", "t"),
        "device_value": ("device",),
        "t": ("t",),
    }


def test_a_value_that_is_announced_twice_is_taken_once() -> None:
    """The way that says more of it; all of a payload is not taken where values of it are."""
    first = sensor(value_template="{{ value_json.x }}")
    better = sensor(value_template="{{ value_json.x }}", unit_of_measurement="W")

    assert named([first, better, sensor()]) == {"x": better}


def test_corrections_that_cannot_be_had_beside_each_other_are_told() -> None:
    """A device has one correction a field."""
    whole = sensor(state_topic="a", value_template="{{ value_json.t }}")
    tenths = sensor(state_topic="b", value_template="{{ value_json.t / 10 }}")._replace(source="z")

    assert clashing([whole, tenths]) == [tenths]
    assert clashing([tenths]) == []
    assert clashing([tenths._replace(device="{x}")]) != []


def test_announcements_are_sorted_by_topic() -> None:
    """In the order of where they were announced, whichever came first."""
    found = announce(
        {"cmps": {"b": {"p": "sensor", "stat_t": "y"}, "a": {"p": "sensor", "stat_t": "x"}}},
        "homeassistant/device/d/config",
    )

    assert list(by_topic(found.readings)) == ["x", "y"]


@pytest.mark.parametrize("steps", [("a",), ("a", 0, "b"), ("a.b", "c d"), ("$",), ("[", 3), ("]x", "é")])
def test_a_path_reads_back(steps: tuple[str | int, ...]) -> None:
    """As routes read it."""
    assert Path.parse(path_text(steps)).steps == steps
    assert not Path.parse(path_text(steps)).from_root
