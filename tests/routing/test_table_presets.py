"""Presets beside each other and beside other rows: who takes what several of them could."""

import pytest

from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.ports import IGNORED, Message, Point
from ingestor.routing import RoutingTable
from ingestor.routing.presets.catalog import CATALOG

PRESETS = [{"preset": name, "bucket": name} for name in CATALOG]
BUCKETS = [{"name": name} for name in CATALOG]
OWN = {"topic": "{rack}/temperature", "model": "temperature", "format": "value", "bucket": "own"}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("topic", "payload", "bucket"),
    [
        ("zigbee2mqtt/temperature", b'{"temperature": 20}', "zigbee2mqtt"),
        ("zigbee2mqtt/hall/lamp", b'{"state": "ON"}', "zigbee2mqtt"),
        ("tele/lamp/SENSOR", b'{"DHT11": {"Temperature": 20}}', "tasmota"),
        ("shellyplus1-a8032abe54dc/status/switch:0", b'{"output": true}', "shelly"),
        ("hall/sensor/lux/state", b"20", "esphome"),
        ("rack9/temperature", b"20", "farm"),
    ],
)
def test_all_presets_can_be_there_at_once(topic: str, payload: bytes, bucket: str, order: int) -> None:
    """Wherever they stand: what several of them could take goes to the one whose topics begin with a literal."""
    found = RoutingTable(Config.model_validate({"routes": PRESETS[::order], "buckets": BUCKETS})).find(topic)
    points: list[Point] = []

    assert found is not None
    assert not found.decode(Message(topic, payload, 1), points)
    assert [point.series.bucket for point in points] == [bucket]


def test_a_row_of_ones_own_crosses_a_preset() -> None:
    """It needs no route for topics that no device sends."""
    rows = [OWN, {"preset": "zigbee2mqtt", "bucket": "zigbee2mqtt"}]

    assert RoutingTable(Config.model_validate({"routes": rows})).find("rack1/temperature") is not None


def test_what_is_neither_a_reading_nor_a_state_is_not_asked_for() -> None:
    """It is ignored where another row brings it along."""
    alone = RoutingTable(Config.model_validate({"routes": [{"preset": "esphome", "bucket": "esphome"}]}))
    found = alone.find("hall/debug")
    points: list[Point] = []

    assert "+/sensor/+/state" in alone.subscriptions
    assert not {"+/debug", "+/+/+/command"} & set(alone.subscriptions)
    assert found is not None
    assert found.decode(Message("hall/debug", b"[D]", 1), points) is IGNORED


def test_a_preset_twice_is_refused() -> None:
    """The same topics have one route."""
    with pytest.raises(ConfigError, match="take the same topics"):
        RoutingTable(Config.model_validate({"routes": [PRESETS[0], PRESETS[0]]}))
