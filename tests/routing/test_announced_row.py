"""What becomes of the topics that announcements name."""

from typing import Any

import pytest

from ingestor.config import Config
from ingestor.routing import RoutingTable
from ingestor.routing.announcements.announcement import PREFIX
from tests.routing.homes import ROW, Home, body
from tests.routing.test_announced import STORED, TAGS
from tests.routing.test_landing import Heard


def nested(path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of JSON
    """One of several values of a payload."""
    return body("kitchen", value_template=f"{{{{ value_json.{path} }}}}", **more)


def test_several_values_of_a_payload_are_one_reading() -> None:
    """Named after the model of the device, however many of them are announced by then; each where it stands."""
    home = Home()
    home.announce(nested("air.t"))
    one = home.take("kitchen", '{"air": {"t": 20.5}, "h": 50}')
    home.announce(nested("h", device_class="humidity", unit_of_measurement="%"), "homeassistant/sensor/k/h/config")

    assert one == f"Home: th_1,{TAGS} t=20.5"
    assert home.take("kitchen", '{"air": {"t": 20.5}, "h": 50}') == f"Home: th_1,{TAGS} h=50.0,t=20.5"


def test_units_and_ranges_are_those_of_the_announcement() -> None:
    """What cannot be is set aside, as in any route."""
    home = Home()
    home.announce(body("k", device_class="humidity", unit_of_measurement="%", name="h"))

    assert home.take("k", "150") == "range: temperature 150 is above 100 %"
    assert home.take("k", "wet") == 'type: temperature is "wet" where a number belongs'


def test_a_value_that_is_sent_in_tenths_is_stored_whole() -> None:
    """As its template says, and its range is that of what comes out."""
    home = Home()
    home.announce(nested("t | float / 10"))

    assert home.take("kitchen", '{"t": 205}').endswith(" t=20.5")
    assert home.take("kitchen", '{"t": -5000}').startswith("range: t -500 is below -273.15 °C (sent as -5000)")


def test_a_row_says_more_than_an_announcement() -> None:
    """Its tags stand in place of those that are announced, and its device is found in the table of devices."""
    row = ROW | {"tags": {"area": "Farm", "site": "1"}, "device": "ha-{device}"}
    devices = [{"id": "ha-0x1", "tags": {"owner": "me"}, "calibration": {"temperature": {"offset": 1}}}]
    home = Home(row, devices=devices)
    home.announce(body())

    said = home.take("kitchen/temperature", "20.5")
    assert said == "Home: temperature,area=Farm,device=0x1,model=TH-1,name=Kitchen,owner=me,site=1 temperature=21.5"


def test_a_field_is_not_a_tag_too() -> None:
    """A value that is called like something that is told of the device is the value."""
    home = Home()
    home.announce(nested("name", device_class="enum", unit_of_measurement=None))

    assert home.take("kitchen", '{"name": "x"}') == "Home: th_1,area=Ground floor,device=0x1,model=TH-1 name=x"


def test_devices_of_a_kind_have_series_of_their_own() -> None:
    """They share what is worked out for their kind, and nothing else."""
    home = Home()
    for number in (1, 2):
        device = {"identifiers": f"d{number}"}
        home.announce(body(f"d{number}", device=device), f"homeassistant/sensor/d{number}/temperature/config")

    assert home.take("d1", "20.5") == "Home: temperature,device=d1 temperature=20.5"
    assert home.take("d2", "21.5") == "Home: temperature,device=d2 temperature=21.5"


def test_topics_of_availability_are_states_of_the_device() -> None:
    """With their own words, also in JSON; they are subscribed to, too."""
    heard = Heard()
    home = Home(ROW | {"device": "ha-{device}"}, log=heard)
    home.announce(
        body(
            availability=[
                {"topic": "kitchen/lwt", "payload_available": "up", "payload_not_available": "down"},
                {"topic": "kitchen/health", "value_template": "{{ value_json.state }}"},
            ]
        )
    )

    assert home.table.announced_topics == ["kitchen/health", "kitchen/lwt", "kitchen/temperature"]
    assert home.take("kitchen/lwt", "down") == "ignored"
    assert home.take("kitchen/health", '{"state": "online"}') == "ignored"
    assert heard.states == [("ha-0x1", 2, False), ("ha-0x1", 3, True)]
    assert home.take("kitchen/lwt", "on leave").startswith("type: ")


@pytest.mark.parametrize("many", [2, 300])
def test_the_availability_of_many_devices_is_none_of_one(many: int) -> None:
    """It tells of the bridge that they are behind."""
    heard = Heard()
    home = Home(log=heard)
    for number in range(many):
        told = body(f"d{number}", device={"identifiers": f"d{number}"}, availability_topic="bridge/state")
        assert home.announce(told, f"homeassistant/sensor/d{number}/config") == "ignored"

    assert home.take("bridge/state", "online") == "ignored"
    assert home.take(f"d{many - 1}", "20").startswith("Home: ")
    assert heard.states == []


def test_two_rows_keep_to_their_prefixes_and_buckets() -> None:
    """What both announce is that of the first."""
    home = Home(ROW, ROW | {"prefix": "farm/ha/", "bucket": "Farm"})
    home.announce(body("attic"), "farm/ha/sensor/attic/temperature/config")
    home.announce(body(), "farm/ha/sensor/kitchen/temperature/config")
    home.announce(body())

    assert set(home.table.subscriptions) == {
        f"{prefix}/{levels}/config" for prefix in (PREFIX, "farm/ha") for levels in ("+/+", "+/+/+")
    }
    assert home.take("attic", "20.5") == STORED.replace("Home", "Farm")
    assert home.take("kitchen/temperature", "20.5") == STORED


def test_what_cannot_be_had_is_told_of_each_message() -> None:
    """A correction in the table of devices is for numbers."""
    devices = [{"id": "x", "calibration": {"mode": {"offset": 1}}}]
    home = Home(devices=devices)
    told = body("k", value_template="{{ value_json.mode }}", device_class="enum", unit_of_measurement=None)
    home.announce(told)

    assert "only floats can be" in home.take("k", '{"mode": "x"}')


def test_too_many_values_of_a_topic_are_told_of_each_message() -> None:
    """Announcements of whole devices can name hundreds each."""
    home = Home()
    for half in range(2):
        components = {
            f"v{half}_{number}": {"p": "sensor", "value_template": f"{{{{ value_json.v{half}_{number} }}}}"}
            for number in range(260)
        }
        told = {"device": {"identifiers": "d"}, "components": components, "state_topic": "k"}
        home.announce(told, f"homeassistant/device/d{half}/config")

    assert "520 values, and a topic can have 500" in home.take("k", "{}")


def test_a_configuration_with_discovery_alone_can_work() -> None:
    """A row is enough."""
    table = RoutingTable(Config.model_validate({"routes": [ROW]}))

    assert table.subscriptions == ("homeassistant/+/+/+/config", "homeassistant/+/+/config")
    assert table.announced_topics == []


@pytest.mark.parametrize("text", ["{device}", "ha-{device}"])
def test_a_device_that_has_braces_is_no_device_of_the_table(text: str) -> None:
    """Nothing of what is announced is read as a pattern."""
    home = Home(ROW | {"device": text})
    home.announce(body(device={"identifiers": "{device}{x}"}, availability_topic="lwt"))

    assert home.take("kitchen/temperature", "20.5") == "Home: temperature,device={device}{x} temperature=20.5"
    assert home.take("lwt", "online") == "ignored"
