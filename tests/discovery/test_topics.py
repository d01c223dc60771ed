"""Topics that are alike."""

import pytest

from ingestor.discovery.sample import Sample
from ingestor.discovery.topics import Group, grouped, is_quantity, split
from ingestor.discovery.trial import sample
from tests.discovery.streams import said


def samples(*topics: str, payload: object = "20.5") -> dict[str, Sample]:
    """The same payload on each."""
    found = {topic: sample([said(topic, payload)]) for topic in topics}
    return {topic: one for topic, one in found.items() if one is not None}


def templates(seen: dict[str, Sample]) -> list[str]:
    """Of the groups that they make."""
    return sorted(group.template(group.captures()) for group in grouped(seen))


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (["rack1/temperature", "rack2/temperature"], ["{rack}/temperature"]),
        (["rack1/temperature", "rack1/humidity"], ["rack1/humidity", "rack1/temperature"]),
        (["kitchen/temperature", "attic/temperature"], ["{device}/temperature"]),
        (["sensors/a/temp/state", "sensors/b/temp/state"], ["sensors/{sensor}/temp/state"]),
        (["temperature/kitchen", "temperature/attic"], ["temperature/{device}"]),
        (["site1/rack1/co2", "site2/rack1/co2", "site1/rack2/co2"], ["site1/rack2/co2", "{site}/rack1/co2"]),
        (
            ["site1/rack1/co2", "site1/rack2/co2", "site2/rack1/co2", "site2/rack2/co2"],
            ["{site}/{rack}/co2"],
        ),
        (["plant/relay/0", "plant/relay/1"], ["plant/relay/{device}"]),
        (["a/open", "a/closed"], ["a/closed", "a/open"]),
        (["a", "b"], ["a", "b"]),
        (["batteries/a/level", "batteries/b/level"], ["batteries/{battery}/level"]),
        (["x/temp1", "x/temp2"], ["x/{temp}"]),
    ],
)
def test_levels_that_say_whose_vary_and_those_that_say_what_do_not(topics: list[str], expected: list[str]) -> None:
    """For bare numbers, of which the topic alone tells what they are."""
    assert templates(samples(*topics)) == expected


def test_payloads_that_name_their_values_are_alike_wherever_they_come() -> None:
    """Any level may vary then, but never all of them."""
    body = {"temperature": 20.5, "humidity": 50}

    assert templates(samples("sensors/kitchen", "sensors/attic", payload=body)) == ["sensors/{sensor}"]
    assert templates(samples("kitchen", "attic", payload=body)) == ["attic", "kitchen"]
    assert templates(samples("a/current", "a/voltage", payload={"value": 5})) == ["a/current", "a/voltage"]


def test_topics_whose_payloads_differ_stay_apart() -> None:
    """Whatever they are called."""
    seen = {**samples("a/x", payload={"t": 1}), **samples("b/x", payload={"h": 1}), **samples("c/x", payload="on")}

    assert templates(seen) == ["a/x", "b/x", "c/x"]


@pytest.mark.parametrize(
    ("topic", "word"),
    [
        ("a/temperature", "temperature"),
        ("a/temperature/state", "temperature"),
        ("zwave/node_4/status", "status"),
        ("plug/relay/0", "relay"),
        ("17/18", ""),
        ("a/pm2.5", "pm2_5"),
    ],
)
def test_a_topic_says_what_is_measured(topic: str, word: str) -> None:
    """In the last level that is a word."""
    assert Group.of(topic).word == word


def test_a_group_can_be_taken_apart() -> None:
    """Into its topics."""
    (group,) = grouped(samples("rack1/co2", "rack2/co2"))

    assert split(group) == [Group.of("rack1/co2"), Group.of("rack2/co2")]


def test_names_of_levels_are_not_taken_twice() -> None:
    """Nor those of fields."""
    (group,) = grouped(samples("rack1/co2", "rack2/co2"))

    assert group.captures(["rack"]) == ["rack_2"]


def test_quantities_are_known() -> None:
    """By their names."""
    assert [word for word in ("humidity", "co2", "power", "kitchen", "") if is_quantity(word)] == [
        "humidity",
        "co2",
        "power",
    ]
