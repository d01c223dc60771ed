"""Rows for topics that tell whether a device is there."""

import gzip
from typing import Any

import pytest

from ingestor.config import Config
from ingestor.ports import IGNORED, Flaw, Message, Point, Reason
from ingestor.routing import RoutingTable
from tests.routing.test_landing import Heard

STATES = {"topic": "{rack}/status", "device": "{rack}", "state": {}}


def tell(payload: bytes, *, heard: Heard | None = None, **state: Any) -> Any:  # noqa: ANN401 - keys of a state, flaws
    """What becomes of a message about a state."""
    table = RoutingTable(Config.model_validate({"routes": [STATES | {"state": state}]}), devices=heard)
    found = table.find("r1/status")
    assert found is not None
    assert not found.skips_retained
    points: list[Point] = []
    flaws = found.decode(Message("r1/status", payload, 5), points)
    assert points == []
    return flaws


@pytest.mark.parametrize(
    ("payload", "state", "online"),
    [
        (b"online", {}, True),
        (b" Offline\n", {}, False),
        (b"1", {}, True),
        (b"gone", {"offline": ["gone"]}, False),
        (b'{"state": "online"}', {"path": "state"}, True),
        (b'{"state": false}', {"path": "state"}, False),
        (b"offline", {"path": "state"}, False),
    ],
)
def test_states_are_told_and_are_no_readings(payload: bytes, state: dict[str, Any], *, online: bool) -> None:
    """In any case, anywhere in the payload, also where the broker kept them; the message counts as ignored."""
    heard = Heard()

    assert tell(payload, heard=heard, **state) is IGNORED
    assert heard.states == [("r1", 5, online)]


def test_an_empty_state_says_nothing() -> None:
    """It is how a broker is told to forget what it kept."""
    heard = Heard()

    assert tell(b"", heard=heard) is IGNORED
    assert heard.states == []


@pytest.mark.parametrize(
    ("payload", "state", "reason"),
    [
        (b"sleeping", {}, Reason.TYPE),
        (b"\xff", {}, Reason.NOT_UTF8),
        (b'{"state"', {"path": "state"}, Reason.NOT_JSON),
        (b"{}", {"path": "state"}, Reason.TYPE),
        (b'{"state": ["online"]}', {"path": "state"}, Reason.TYPE),
        (b'{"state": %s}' % (b"9" * 4_000), {"path": "state"}, Reason.TYPE),
        (b"[" * 5_000, {"path": "[0]"}, Reason.NOT_JSON),
        (b"online" * 100_000, {}, Reason.TYPE),
    ],
)
def test_what_is_no_state_is_set_aside(payload: bytes, state: dict[str, Any], reason: Reason) -> None:
    """With the words that would be one."""
    (flaw,) = tell(payload, **state)

    assert isinstance(flaw, Flaw)
    assert (flaw.point, flaw.reason) == (-1, reason)


def test_a_state_may_be_compressed() -> None:
    """Like a reading; what is not compressed so is set aside."""
    row = STATES | {"compression": "gzip"}
    heard = Heard()
    found = RoutingTable(Config.model_validate({"routes": [row]}), devices=heard).find("r1/status")
    assert found is not None

    assert found.decode(Message("r1/status", gzip.compress(b"online"), 5), []) is IGNORED
    assert heard.states == [("r1", 5, True)]
    assert [flaw.reason for flaw in found.decode(Message("r1/status", b"online", 5), [])] == [Reason.FORMAT]


def test_a_device_that_the_topic_does_not_tell_is_missing() -> None:
    """The rest of a topic may be no level at all."""
    row = {"topic": "status/{rack...}", "device": "{rack}", "state": {}}
    found = RoutingTable(Config.model_validate({"routes": [row]})).find("status")
    assert found is not None

    assert [flaw.reason for flaw in found.decode(Message("status", b"online", 5), [])] == [Reason.MISSING]
