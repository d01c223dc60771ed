"""Families of devices, heard."""

import pytest

from ingestor.config import Config
from ingestor.discovery.families import Families
from ingestor.ports import Message
from ingestor.routing import RoutingTable
from ingestor.routing.presets.catalog import CATALOG
from tests.discovery.streams import said, stream


def families(*messages: Message) -> Families:
    """With these messages."""
    topics: dict[str, list[Message]] = {}
    for message in messages:
        topics.setdefault(message.topic, []).append(message)
    return Families(topics, bucket="B")


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_each_family_is_known_by_its_messages(name: str) -> None:
    """It alone."""
    heard = families(*stream(name))
    rows = [*heard.choose(prefixed=True), *heard.choose(prefixed=False)]

    assert [row.route.preset for row in rows] == [name]


def test_families_without_a_prefix_take_only_what_is_not_spoken_for() -> None:
    """Their topics could be anybody's."""
    heard = families(said("rack1/temperature", "20.5"))

    assert heard.choose(["rack1/temperature"], prefixed=False) == []
    assert [row.route.preset for row in heard.choose(prefixed=False)] == ["farm"]
    assert heard.topics == {"rack1/temperature"}


def test_what_a_chosen_family_takes_is_known() -> None:
    """Also what was not heard; nothing before it is chosen."""
    heard = families(said("zigbee2mqtt/kitchen", {"temperature": 20.5}))

    assert not heard.takes("zigbee2mqtt/attic")
    heard.choose(prefixed=True)
    assert heard.takes("zigbee2mqtt/attic")
    assert any(str(template).startswith("zigbee2mqtt/") for template in heard.templates())


def test_a_reading_that_cannot_be_true_is_understood() -> None:
    """It is set aside; another route would store it. Words where numbers belong are not understood."""
    heard = families(
        said("rack1/temperature", "20.5"), said("rack2/temperature", "-127"), said("rack3/temperature", "x")
    )
    heard.choose(prefixed=False)

    assert heard.topics == {"rack1/temperature", "rack2/temperature"}


def test_values_that_a_preset_does_not_know_are_stored() -> None:
    """Only where there are such; and it is said."""
    known = families(said("zigbee2mqtt/kitchen", {"temperature": 20.5})).choose(prefixed=True)
    more = families(said("zigbee2mqtt/kitchen", {"temperature": 20.5, "no_such_key": 1})).choose(prefixed=True)

    assert [row.route.unknown for row in (*known, *more)] == ["ignore", "store"]
    assert any("without unknown" in note for note in more[0].notes)


def test_nothing_heard_is_no_family() -> None:
    """And any families that are chosen go together."""
    heard = families(*(message for name in CATALOG for message in stream(name)))
    rows = [*heard.choose(prefixed=True), *heard.choose(prefixed=False)]

    assert families().choose(prefixed=True) == []
    assert len(rows) > 4
    assert RoutingTable(Config(routes=tuple(row.route for row in rows))).subscriptions
