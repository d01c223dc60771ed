"""What was announced, made to fit what was heard."""

import pytest

from ingestor.config import FieldSpec
from ingestor.discovery.announced import listen, propose
from ingestor.discovery.proposal import Proposal
from ingestor.ports import FieldType, Message
from tests.discovery.streams import said


def announce(where: str, **body: object) -> Message:
    """An announcement."""
    return said(f"homeassistant/{where}/config", body, kept=True)


def proposed(*messages: Message, taken: tuple[str, ...] = ()) -> Proposal:
    """For what is announced and heard."""
    topics: dict[str, list[Message]] = {}
    for message in messages:
        topics.setdefault(message.topic, []).append(message)
    return propose(listen(messages).readings, topics, bucket="B", taken=taken)


def test_the_last_announcement_of_a_topic_counts() -> None:
    """An empty one takes it back; what cannot be read is told."""
    first, second = announce("sensor/a", stat_t="x"), announce("sensor/a", stat_t="y")
    gone = said("homeassistant/sensor/b/config", "")
    found = listen([first, second, announce("sensor/b", stat_t="z"), gone, said("homeassistant/sensor/c/config", "{")])

    assert [one.topic for one in found.readings] == ["y"]
    assert [one.source for one in found.strange] == ["homeassistant/sensor/c/config"]
    assert len(found.topics) == 3


def test_corrections_that_clash_are_told() -> None:
    """Of two the first holds."""
    device = {"ids": "d"}
    found = listen(
        [
            announce("sensor/d/a", stat_t="x", val_tpl="{{ value_json.t }}", dev=device),
            announce("sensor/d/b", stat_t="y", val_tpl="{{ value_json.t / 10 }}", dev=device),
        ]
    )

    assert [one.topic for one in found.readings] == ["x"]
    assert "corrected in another way" in found.strange[0].why


@pytest.mark.parametrize(
    ("body", "payload", "field", "note"),
    [
        ({}, "20.5", FieldSpec(), "guess: float; nothing is announced of its type"),
        ({}, None, FieldSpec(type=FieldType.TEXT), "guess: text"),
        (
            {"unit_of_meas": "W"},
            "21 W",
            FieldSpec(type=FieldType.TEXT, unit="W"),
            'announced as float, and sent as text: "21 W"',
        ),
        (
            {"unit_of_meas": "%", "dev_cla": "humidity"},
            "120",
            FieldSpec(unit="%"),
            "what was sent is not within what its kind can be",
        ),
        ({"unit_of_meas": "%", "dev_cla": "humidity"}, "50", FieldSpec(unit="%", min=0, max=100), None),
        (
            {"val_tpl": "{{ value_json.x / 10 }}", "unit_of_meas": "%", "dev_cla": "humidity"},
            {"x": 999},
            FieldSpec(unit="%", min=0, max=100),
            None,
        ),
        (
            {"dev_cla": "enum", "ops": ["a"]},
            "b",
            FieldSpec(type=FieldType.TEXT),
            "what was sent is not within what its kind can be",
        ),
        ({"dev_cla": "enum", "ops": ["a"]}, "a", FieldSpec(type=FieldType.TEXT, choices=("a",)), None),
        (
            {"val_tpl": "{{ value_json.x }}"},
            {"x": True},
            FieldSpec(type=FieldType.BOOL),
            "guess: bool; nothing is announced of its type",
        ),
    ],
)
def test_devices_are_not_always_as_they_say(
    body: dict[str, object], payload: object, field: FieldSpec, note: str | None
) -> None:
    """What was sent counts, and is told; what was not announced is taken from what was sent."""
    heard = [] if payload is None else [said("s", payload)]
    found = proposed(announce("sensor/a/f", stat_t="s", **body), *heard).models[0]

    assert list(found.spec.fields.values()) == [field]
    assert list(found.notes.values()) == ([] if note is None else [note])


def test_bare_truth_values_may_be_numbers() -> None:
    """1 and 0, where they are announced as two states."""
    found = proposed(announce("binary_sensor/a/f", stat_t="s", pl_on="1", pl_off="0"), said("s", "1"))

    assert found.models[0].spec.fields == {"f": FieldSpec(type=FieldType.BOOL)}


def test_devices_that_are_alike_share_a_model() -> None:
    """And a name that is taken is not taken again."""
    both = [announce(f"sensor/{name}/power", stat_t=name, unit_of_meas="W", dev={"ids": name}) for name in ("p", "q")]
    found = proposed(*both, taken=("power",))

    assert [row.route.model for row in found.routes] == ["ha_power", "ha_power"]
    assert [model.name for model in found.models] == ["ha_power"]
    assert found.routes[0].notes == ("nothing was heard on it",)


def test_devices_and_their_states_are_proposed() -> None:
    """What is told of them."""
    device = {"ids": "d", "name": "Pump"}
    found = proposed(announce("sensor/d/a", stat_t="x", dev=device, avty_t="lwt", exp_aft=60))

    assert [row.route.topic for row in found.routes] == ["x", "lwt"]
    assert found.devices[0].device.model_dump(include={"id", "tags", "interval"}) == {
        "id": "d",
        "tags": {"name": "Pump"},
        "interval": 60.0,
    }
