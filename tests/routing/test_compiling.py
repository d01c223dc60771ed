"""From the rows of `routes` to routes."""

from typing import Any

import pytest

from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.ports import IGNORED, Message, Point, Value
from ingestor.routing import RoutingTable
from ingestor.routing.decoder import TopicDecoder

HOME = {"discovery": "homeassistant", "bucket": "Home"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"preset": "shely", "bucket": "B"}, "no preset is called shely"),
        ({"topic": "{rack}/status", "state": {}, "device": "{shelf}"}, "{shelf} is not a level"),
        ({"topic": "{rack}/status", "state": {"path": "a..b"}, "device": "{rack}"}, "is no path"),
        (HOME | {"prefix": "+/ha"}, "the first levels of topics as they are"),
        (HOME | {"prefix": "{site}"}, "the first levels of topics as they are"),
        (HOME | {"bucket": "{device}"}, "{device} is nothing that an announcement tells"),
        (HOME | {"device": "{rack}"}, "{rack} is nothing that an announcement tells"),
    ],
)
def test_rows_that_cannot_work_are_refused(row: dict[str, Any], words: str) -> None:
    """At start, with their place."""
    with pytest.raises(ConfigError, match=words):
        RoutingTable(Config.model_validate({"routes": [row]}))


@pytest.mark.parametrize(
    ("preset", "topic", "payload", "fields"),
    [
        ("farm", "rack1/temperature", b"21.5", {"value": 21.5}),
        ("esphome", "hall/sensor/lux/state", b"21.5", {"value": 21.5}),
        ("esphome", "hall/switch/lamp/state", b"ON", {"state": True}),
    ],
)
def test_bare_values_of_presets_take_the_quick_road(
    preset: str, topic: str, payload: bytes, fields: dict[str, Value]
) -> None:
    """Readings share one series, and cost what those of a row of one's own cost."""
    found = RoutingTable(Config.model_validate({"routes": [{"preset": preset, "bucket": "B"}]})).find(topic)
    assert isinstance(found, TopicDecoder)
    points: list[Point] = []
    for at in range(2):
        assert not found.decode(Message(topic, payload, at), points)

    assert [point.fields for point in points] == [fields, fields]
    assert points[0].series is points[1].series


def test_what_is_no_value_is_still_told_by_the_preset() -> None:
    """A sensor of ESPHome that has no value says `nan`: that is nothing wrong."""
    found = RoutingTable(Config.model_validate({"routes": [{"preset": "esphome", "bucket": "B"}]})).find(
        "hall/sensor/lux/state"
    )
    assert found is not None

    assert found.decode(Message("hall/sensor/lux/state", b"nan", 1), []) is IGNORED
