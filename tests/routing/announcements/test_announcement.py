"""Announcements for Home Assistant, in both of their forms, with the long and the short keys."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.announcements.announcement import (
    MAX_BYTES,
    Announced,
    AnnouncementError,
    Availability,
    is_announcement,
    read_announcement,
)
from sensors import Kind
from tests.routing.announcements.samples import announce, only, sensor

TOPIC = "homeassistant/sensor/kitchen/temperature/config"
DEVICE_TOPIC = "homeassistant/device/0AFFD2/config"

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def test_a_sensor_is_read() -> None:
    """With topic, path, unit, range of its device class, and its device."""
    found = sensor(
        value_template="{{ value_json.temperature | round(1) }}",
        unit_of_measurement="°C",
        device_class="temperature",
        state_class="measurement",
        expire_after=600,
        unique_id="kitchen_t",
        device={"identifiers": ["0x00158d"], "name": "Kitchen", "model": "WSDCGQ11LM", "manufacturer": "Aqara"},
    )

    assert (found.source, found.topic, found.steps) == (TOPIC, "kitchen/state", ("temperature",))
    assert (found.field, found.kind, found.unit) == ("temperature", Kind.FLOAT, "°C")
    assert (found.low, found.high, found.expire_after) == (-273.15, None, 600.0)
    assert found.device == "0x00158d"
    assert found.about == (("name", "Kitchen"), ("model", "WSDCGQ11LM"), ("manufacturer", "Aqara"))


def test_short_keys_and_a_base_topic_are_read() -> None:
    """As small devices announce themselves."""
    found = only(
        announce(
            {
                "~": "tele/plug",
                "stat_t": "~/SENSOR",
                "avty_t": "~/LWT",
                "pl_avail": "Online",
                "pl_not_avail": "Offline",
                "unit_of_meas": "W",
                "val_tpl": "{{value_json['ENERGY']['Power']}}",
                "dev": {"ids": "DC4F22", "mdl": "Sonoff", "mf": "Itead", "sa": "Hall"},
            }
        )
    )

    assert (found.topic, found.steps, found.unit) == ("tele/plug/SENSOR", ("ENERGY", "Power"), "W")
    assert found.availability == (Availability("tele/plug/LWT", "Online", "Offline"),)
    assert dict(found.about) == {"model": "Sonoff", "manufacturer": "Itead", "area": "Hall"}


def test_a_whole_device_is_read() -> None:
    """Its components share what stands beside them; one that only has a platform is taken back."""
    found = announce(
        {
            "dev": {"ids": "ea334450945afc", "name": "Kitchen", "sa": "House"},
            "o": {"name": "bla2mqtt"},
            "cmps": {
                "t": {"p": "sensor", "dev_cla": "temperature", "unit_of_meas": "°C", "val_tpl": "{{ value_json.t }}"},
                "h": {"p": "sensor", "dev_cla": "humidity", "unit_of_meas": "%", "val_tpl": "{{ value_json.h }}"},
                "door": {"p": "binary_sensor", "stat_t": "bla/door"},
                "gone": {"p": "sensor"},
                "press": {"p": "button", "cmd_t": "bla/press", "stat_t": None},
            },
            "stat_t": "bla/state",
            "avty": [{"t": "bla/available", "pl_avail": "yes", "pl_not_avail": "no"}],
        },
        DEVICE_TOPIC,
    )

    assert [(one.field, one.topic) for one in found.readings] == [
        ("t", "bla/state"),
        ("h", "bla/state"),
        ("door", "bla/door"),
    ]
    assert found.readings[0].source == f"{DEVICE_TOPIC}#t"
    assert found.readings[1][6:8] == (0.0, 100.0)
    assert {one.device for one in found.readings} == {"ea334450945afc"}
    assert found.readings[2].availability == (Availability("bla/available", "yes", "no"),)
    assert found.strange == ()


def test_an_empty_payload_takes_it_back() -> None:
    """And announces nothing."""
    assert read_announcement(TOPIC, b"") == Announced(withdrawn=True)


@pytest.mark.parametrize(
    ("component", "body", "kind", "choices"),
    [
        ("binary_sensor", {}, Kind.BOOL, ()),
        ("binary_sensor", {"payload_on": "open", "payload_off": "closed"}, Kind.TEXT, ("open", "closed")),
        ("binary_sensor", {"value_template": "{{ value_json.x }}"}, Kind.TEXT, ("ON", "OFF")),
        ("binary_sensor", {"value_template": "{{ value_json.x }}", "pl_on": True, "pl_off": False}, Kind.BOOL, ()),
        ("binary_sensor", {"payload_on": "OFF", "payload_off": "ON"}, Kind.TEXT, ("OFF", "ON")),
        ("switch", {"payload_on": "1", "payload_off": "0"}, Kind.BOOL, ()),
        ("switch", {"state_on": "RUN", "state_off": "REST", "payload_on": "x"}, Kind.TEXT, ("RUN", "REST")),
        ("select", {"options": ["eco", "boost"]}, Kind.TEXT, ("eco", "boost")),
        ("select", {"options": ["eco", 5]}, Kind.TEXT, ()),
        ("text", {}, Kind.TEXT, ()),
        ("number", {}, Kind.FLOAT, ()),
        ("sensor", {}, None, ()),
        ("sensor", {"value_template": "{{ value | float }}"}, Kind.FLOAT, ()),
        ("sensor", {"state_class": "total_increasing"}, Kind.FLOAT, ()),
        ("sensor", {"device_class": "enum", "options": ["a", "b"]}, Kind.TEXT, ("a", "b")),
        ("sensor", {"device_class": "timestamp"}, Kind.TEXT, ()),
        ("sensor", {"device_class": "aqi"}, Kind.FLOAT, ()),
    ],
)
def test_what_a_value_is_is_told(component: str, body: object, kind: Kind | None, choices: tuple[str, ...]) -> None:
    """By the component, its device class, its unit, its template, and the words of its states."""
    assert isinstance(body, dict)
    found = only(announce({"state_topic": "a/b", **body}, f"homeassistant/{component}/thing/config"))

    assert (found.kind, found.choices) == (kind, choices)


def test_a_factor_is_kept() -> None:
    """What is sent in tenths is announced in whole units."""
    found = sensor(value_template="{{ value_json.t | float / 10 }}", unit_of_measurement="°C")

    assert (found.factor, found.offset) == (0.1, 0.0)


def test_a_climate_tells_temperature_and_humidity() -> None:
    """Of the room; what it is set to is no reading."""
    found = announce(
        {
            "curr_temp_t": "heat/state",
            "curr_temp_tpl": "{{ value_json.local }}",
            "current_humidity_topic": "heat/humidity",
            "temp_unit": "F",
            "mode_stat_t": "heat/mode",
        },
        "homeassistant/climate/heat/config",
    )

    assert [(one.topic, one.unit, one.field) for one in found.readings] == [
        ("heat/state", "°F", "local"),
        ("heat/humidity", "%", "current_humidity"),
    ]


def test_the_name_of_a_value_is_without_that_of_its_device() -> None:
    """Where no path gives it one, and where the path's is none that can be stored."""
    found = sensor(device={"identifiers": "kitchen-1"})
    own = only(announce({"stat_t": "a"}, "homeassistant/sensor/boiler_pressure/config"))
    timed = sensor(value_template="{{ value_json.time }}")

    assert found.field == "temperature"
    assert own.field == "boiler_pressure"
    assert timed.field == "temperature"


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({"identifiers": [["a", "b"], "c"]}, "c"),
        ({"connections": [["mac", "02:5b:26"]]}, "02:5b:26"),
        ({"identifiers": 17}, "17"),
        ({"identifiers": "a\nb"}, "kitchen"),
        (None, "kitchen"),
    ],
)
def test_a_device_has_an_id(device: object, expected: str) -> None:
    """One that can be a tag: an identifier, an address, else what the topic calls it."""
    assert sensor(device=device).device == expected


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"value_template": "{% if x %}1{% endif %}"}, "more than one value"),
        ({"value_template": ["x"]}, "more than one value"),
        ({"value_template": "{{ value_json[0] }}"}, "a list"),
        ({"value_template": "{{ value_json['a\"b'] }}"}, "no path"),
        ({"state_topic": "a/#"}, "wildcards"),
        ({"state_topic": "a/{b}"}, "wildcards"),
        ({"state_topic": 5}, "no topic"),
        ({"encoding": ""}, "encoding"),
    ],
)
def test_what_is_not_understood_is_told(body: dict[str, object], why: str) -> None:
    """With its template, so that a person can write the route; the other components hold."""
    found = announce({"state_topic": "a/b", **body})

    assert found.readings == ()
    assert why in found.strange[0].why


def test_components_without_one_value_are_told() -> None:
    """And those that only take commands are not mentioned."""
    light = announce({"state_topic": "a/b"}, "homeassistant/light/a/config")
    button = announce({"command_topic": "a/b"}, "homeassistant/button/a/config")

    assert "light" in light.strange[0].why
    assert button == Announced()


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("homeassistant/sensor/config", b"{}"),
        ("other/sensor/a/config", b"{}"),
        (TOPIC, b"[1]"),
        (TOPIC, b"{"),
        (TOPIC, b"\xff"),
        (TOPIC, b'{"a": "' + b"x" * MAX_BYTES + b'"}'),
        (DEVICE_TOPIC, b'{"dev": {"ids": "a"}}'),
        (DEVICE_TOPIC, json.dumps({"cmps": {str(at): {"p": "sensor", "x": 1} for at in range(501)}}).encode()),
    ],
)
def test_a_message_that_is_no_announcement_is_refused(topic: str, payload: bytes) -> None:
    """In one clear error."""
    with pytest.raises(AnnouncementError, match=r"\w"):
        read_announcement(topic, payload)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [(TOPIC, True), (DEVICE_TOPIC, True), ("homeassistant/status", False), ("homeassistant/a/b/c/d/config", False)],
)
def test_topics_of_announcements_are_known(topic: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """Two or three levels between the prefix and `config`."""
    assert is_announcement(topic) is expected


def test_another_prefix_is_possible() -> None:
    """With several levels, too."""
    found = read_announcement("a/b/sensor/x/config", b'{"stat_t": "s"}', prefix="a/b")

    assert found.readings[0].topic == "s"


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "~",
                "stat_t",
                "val_tpl",
                "dev",
                "avty",
                "avty_t",
                "pl_on",
                "pl_off",
                "ops",
                "dev_cla",
                "unit_of_meas",
                "exp_aft",
                "e",
                "cmps",
                "curr_temp_t",
                "temp_unit",
                "p",
                "stat_cla",
            ]
        ),
        JUNK | st.sampled_from(["a/b", "~/c", "{{ value }}", "{{ value_json.x }}"]),
    ),
    st.sampled_from(["sensor/a", "binary_sensor/a", "select/a", "climate/a", "device/a", "switch/n/a"]),
)
def test_whatever_is_announced_is_read_or_refused(body: dict[str, object], where: str) -> None:
    """No payload makes it fail in another way."""
    topic = f"homeassistant/{where}/config"
    try:
        found = announce(body, topic)
    except AnnouncementError:
        return

    assert all(one.source.startswith(topic) and one.topic and one.field for one in found.readings)


@given(st.binary(max_size=60))
def test_whatever_bytes_come_are_read_or_refused(payload: bytes) -> None:
    """The same for what is no JSON."""
    with suppress(AnnouncementError):
        assert read_announcement(TOPIC, payload).readings == ()
