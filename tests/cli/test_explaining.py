"""What becomes of a message, step by step."""

import json

from ingestor.cli.explaining import Explainer, in_words
from ingestor.config import Config
from ingestor.ports import Message
from tests.routing.homes import KITCHEN, ROW, body

STATES = {"topic": "{rack}/status", "device": "{rack}", "state": {}}
LISTS = {"topic": "{rack}/list", "model": "climate", "bucket": "B", "each": "$"}
TEXTS = {"topic": "{rack}/text", "model": "note", "bucket": "B", "format": "value"}


def explain(topic: str, payload: bytes) -> list[tuple[str, str]]:
    """The steps after topic, time, route and levels."""
    models = {"note": {"fields": {"text": {"type": "text"}}}}
    explainer = Explainer(Config.model_validate({"routes": [STATES, LISTS, TEXTS], "models": models}))
    return list(in_words(explainer.explain(Message(topic, payload, 5))))[4:]


def test_states_of_devices_are_told() -> None:
    """They are no readings."""
    assert explain("r1/status", b"online") == [
        ("state", "r1 is online"), ("ignored", "it says whether a device is there"),
    ]  # fmt: skip


def test_what_is_wrong_is_told_with_its_reading() -> None:
    """By its number, where there are several."""
    steps = explain("r1/list", b'[{"temperature": 20}, {"temperature": 200}, {"temperature": 20, "humidity": 120}]')

    assert [word for word, _ in steps] == ["point", "point", "set aside", "set aside"]
    assert steps[2][1].startswith("range: reading 1: temperature 200")
    assert steps[3][1].startswith("range: reading 2: humidity 120")


def test_what_influxdb_would_not_take_is_told() -> None:
    """The line cannot be written then."""
    ((word, what),) = explain("r1/text", b"a\\")

    assert word == "point"
    assert what.startswith("B: ")


def test_what_is_not_announced_when_it_comes_is_unrouted() -> None:
    """A topic that was announced is taken, until that is taken back."""
    explainer = Explainer(Config.model_validate({"routes": [ROW]}))
    fates = [
        explainer.explain(Message(topic, payload, at)).fate
        for at, (topic, payload) in enumerate(
            [
                ("kitchen/temperature", b"20"),
                (KITCHEN, json.dumps(body()).encode()),
                ("kitchen/temperature", b"20"),
                (KITCHEN, b""),
                ("kitchen/temperature", b"20"),
            ]
        )
    ]

    assert fates == ["unrouted", "ignored", "stored", "ignored", "unrouted"]
    assert explainer.subscriptions == ("homeassistant/+/+/+/config", "homeassistant/+/+/config")
