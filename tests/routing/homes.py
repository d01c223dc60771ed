"""A home whose devices announce themselves, as one table of routes sees it."""

import json
from typing import Any

from ingestor.config import Config
from ingestor.ports import IGNORED, RETAIN, UNROUTED, DeviceLog, Flaw, Message, Point
from ingestor.routing import RoutingTable

KITCHEN = "homeassistant/sensor/kitchen/temperature/config"
ROW = {"discovery": "homeassistant", "bucket": "Home"}


def body(state_topic: str = "kitchen/temperature", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of JSON
    """What a thermometer announces."""
    device = {"identifiers": ["0x1"], "name": "Kitchen", "model": "TH-1", "suggested_area": "Ground floor"}
    told = {"device_class": "temperature", "unit_of_measurement": "°C"}
    return {"state_topic": state_topic, **told, "device": device, **more}


class Home:
    """Messages in their order, and what becomes of each.

    Attributes:
        now: The time of receipt of the last message.
        messages: All that came.
        table: Who decodes them.
    """

    def __init__(self, *rows: dict[str, Any], log: DeviceLog | None = None, **sections: Any) -> None:  # noqa: ANN401 - sections of a configuration
        self.now = 0
        self.messages: list[Message] = []
        self.table = RoutingTable(Config.model_validate({"routes": rows or (ROW,), **sections}), devices=log)

    def announce(self, told: object, topic: str = KITCHEN, *, flags: int = RETAIN) -> str:
        """What becomes of an announcement; None takes it back."""
        return self.take(topic, b"" if told is None else json.dumps(told).encode(), flags=flags)

    def take(self, topic: str, payload: bytes | str, *, flags: int = 0) -> str:
        """What becomes of a message that comes now."""
        self.now += 1
        self.messages.append(Message(topic, payload.encode() if isinstance(payload, str) else payload, self.now, flags))
        return outcome(self.table, self.messages[-1])


def outcome(table: RoutingTable, message: Message) -> str:
    """What becomes of a message, in words: its point, or the fate of it."""
    found = table.find(message.topic)
    if found is None:
        return "unrouted"
    points: list[Point] = []
    flaws = IGNORED if message.retain and found.skips_retained else found.decode(message, points)
    if flaws is UNROUTED or flaws is IGNORED:
        return "unrouted" if flaws is UNROUTED else "ignored"
    return "; ".join([*map(_line, points), *map(_words, flaws)])


def _line(point: Point) -> str:
    tags = "".join(f",{name}={tag}" for name, tag in point.series.tags)
    fields = ",".join(f"{name}={value}" for name, value in point.fields.items())
    return f"{point.series.bucket}: {point.series.measurement}{tags} {fields}"


def _words(flaw: Flaw) -> str:
    return f"{flaw.reason}: {flaw.detail}"
