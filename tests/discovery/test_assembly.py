"""From recorded streams to configurations that store them."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestor import configfile
from ingestor.cli.checks.finding import Level
from ingestor.cli.checks.routes import check_routes
from ingestor.config import Config, Route
from ingestor.discovery.assembly import discover
from ingestor.discovery.document import write
from ingestor.discovery.proof import prove
from ingestor.discovery.proposal import Proposal
from ingestor.ports import Message
from ingestor.routing.presets.catalog import CATALOG
from tests.discovery.streams import BEGIN_NS, Stored, apart, said, stored, stream

FAMILIES = sorted(CATALOG)
EVERYTHING = [*FAMILIES, "homeassistant", "plain"]


def loaded(proposal: Proposal, folder: Path) -> Config:
    """The configuration of what is printed, which `check` accepts."""
    file = folder / "config.yaml"
    file.write_text("\n".join(write(proposal)), encoding="utf-8")
    config = configfile.load(file, environ={})

    assert [one.text for one in check_routes(config, file) if one.level is Level.PROBLEM] == []
    return config


def values(points: list[Stored]) -> set[tuple[int, tuple[tuple[str, object], ...]]]:
    """Times and fields of points, wherever they are."""
    return {(time_ns, fields) for _, _, _, time_ns, fields in points}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_stream_of_a_family_is_stored(name: str, tmp_path: Path) -> None:
    """Each reading that the family's preset stores, with the same values, and nothing in place of another."""
    messages = stream(name)
    expected = stored(Config(routes=(Route(preset=name, bucket="Discovered"),)), messages)
    proposal = discover(messages, bucket="Discovered")
    found = stored(loaded(proposal, tmp_path), messages)

    assert proposal.routes[0].route.preset == name
    held = {point[:4]: set(point[4]) for point in found}
    assert expected
    assert [point for point in expected if not set(point[4]) <= held[point[:4]]] == []
    assert len(found) >= len(expected)


def test_an_announced_stream_is_stored(tmp_path: Path) -> None:
    """With its units, its corrections, and the tags of its devices."""
    messages = stream("homeassistant")
    config = loaded(discover(messages, bucket="Discovered"), tmp_path)
    found = stored(config, messages)

    assert len(found) == apart(found) == 16
    assert found[0] == (
        "Discovered",
        "th_1",
        (("area", "Kitchen"), ("device", "th1"), ("manufacturer", "Acme"), ("model", "TH-1"), ("name", "Thermo")),
        BEGIN_NS + 10 * 10**9,
        (("humidity", 50.0), ("temperature", 20.5), ("vdd", 3.0), ("window", True)),
    )
    assert {fields for _, name, _, _, fields in found if name == "relay"} == {(("relay", True),), (("relay", False),)}
    assert config.models["th_1"].fields["humidity"].unit == "%"


def test_a_plain_stream_is_stored(tmp_path: Path) -> None:
    """In each format; nothing is lost but what is no reading."""
    messages = stream("plain")
    proposal = discover(messages, bucket="Discovered")
    config = loaded(proposal, tmp_path)
    found = stored(config, messages)
    proof = prove(config, messages)

    assert (proof.stored, proof.points, proof.ignored, proof.refused) == (60, 70, 10, 0)
    assert len(found) == apart(found) == 70
    assert (BEGIN_NS + 20 * 10**9, (("humidity", 51.0), ("moisture", 30.0), ("temperature", 20.5))) in values(found)
    assert (BEGIN_NS + 20 * 10**9, (("energy_kwh", 100.0),)) in values(found)
    assert (BEGIN_NS + 26 * 10**9, (("gusts", 0), ("wind", 0.5))) not in values(found)
    assert (BEGIN_NS + 20 * 10**9, (("gusts", 0), ("wind", 0.5))) in values(found)
    assert "  raw/frame" in proposal.remarks
    assert "  house/lamp/set" in proposal.remarks


def test_all_streams_at_once_are_stored(tmp_path: Path) -> None:
    """Families, announcements and plain topics beside each other, without one taking what is another's."""
    messages = [message for name in EVERYTHING for message in stream(name)]
    alone = [
        point
        for name in EVERYTHING
        for point in stored(discover(stream(name), bucket="Discovered").config(), stream(name))
    ]
    found = stored(loaded(discover(messages, bucket="Discovered"), tmp_path), messages)

    assert len(found) >= len(alone) - 2  # a reading of one family is a state of another
    assert len(values(alone) - values(found)) <= 2


def test_it_is_the_same_each_time() -> None:
    """Whatever the order of topics."""
    messages = stream("plain")

    assert list(write(discover(messages, bucket="B"))) == list(write(discover(messages, bucket="B")))


def test_a_preset_with_a_prefix_comes_before_announcements() -> None:
    """It knows its devices better; this is said."""
    messages = [
        said("homeassistant/sensor/x/t/config", {"stat_t": "zigbee2mqtt/k", "val_tpl": "{{ value_json.temperature }}"}),
        said("zigbee2mqtt/k", {"temperature": 20.5}),
    ]
    found = discover(messages, bucket="B")

    assert [row.route.preset for row in found.routes] == ["zigbee2mqtt"]
    assert "What is announced, and taken in by a preset:" in found.remarks


def test_announcements_come_before_presets_without_a_prefix() -> None:
    """Those could take anybody's topics, and know no units."""
    messages = [
        said("homeassistant/sensor/x/t/config", {"stat_t": "rack1/temperature", "unit_of_meas": "°F"}),
        said("rack1/temperature", "70"),
        said("rack2/temperature", "20"),
    ]
    found = discover(messages, bucket="B")

    assert [row.route.preset or row.route.topic for row in found.routes] == ["farm", "rack1/temperature"]


def test_routes_that_would_cross_become_single_topics() -> None:
    """Nothing ambiguous is proposed, nor what would take commands in."""
    messages: list[Message] = [said(topic, {"a": 1, "b": 2}) for topic in ("x/1/s", "x/2/s", "y/1/s")] + [
        said(topic, {"c": 1, "d": 2}) for topic in ("x/1/t", "x/1/u", "x/1/set")
    ]
    found = discover(messages, bucket="B")

    assert prove(found.config(), messages).stored == 5
    assert "x/1/set" not in {row.route.topic for row in found.routes}


def test_devices_have_an_interval_where_it_can_be_told() -> None:
    """Longer than they were ever silent."""
    often = [said(f"a/rack{rack}/x", {"t": 1}, at=10 * at) for at in range(5) for rack in (1, 2)]
    found = discover([*often, said("a/rack3/x", {"t": 1})], bucket="B")

    assert [(row.device.id, row.device.interval) for row in found.devices] == [
        ("rack1", 30.0),
        ("rack2", 30.0),
        ("rack3", None),
    ]


def test_fields_that_some_device_corrects_are_floats() -> None:
    """A route with such a field of another type names no device, or it could not work."""
    messages = [
        said(
            "homeassistant/sensor/x/v/config",
            {"stat_t": "s", "val_tpl": "{{ value_json.v / 10 }}", "dev": {"ids": "d"}},
        ),
        said("s", {"v": 33}),
        said("a/rack1/x", {"v": "low"}),
        said("a/rack2/x", {"v": "low"}),
    ]

    assert prove(discover(messages, bucket="B").config(), messages).stored == 3


def test_odd_topics_harm_nothing() -> None:
    """What no route can name, and what belongs to the broker."""
    found = discover([said(topic, "5") for topic in ("$SYS/uptime", "a/{b}", "//", "é/ü", "a b/c")], bucket="B")

    assert prove(found.config(), [said("é/ü", "5")]).stored == 1
    assert "  a/{b}" in found.remarks


def test_nothing_heard_proposes_nothing() -> None:
    """But says so."""
    assert discover([], bucket="B").routes == ()


def test_names_that_are_taken_are_not_used() -> None:
    """Pasted beside them, models would replace others."""
    found = discover([said("hall/door", "open")], bucket="B", taken={"door"})

    assert [model.name for model in found.models] == ["hall_door"]


def test_long_lists_are_cut() -> None:
    """The number of what is left out is told."""
    found = discover([said(f"x{at}/set", "1") for at in range(25)], bucket="B")

    assert "  and 5 more" in found.remarks


LEVEL = st.sampled_from(
    ["a", "b", "rack1", "rack2", "temperature", "state", "set", "homeassistant", "sensor", "x", "config", "zigbee2mqtt",
     "tele", "SENSOR", "measurement", "times", "time", "item", "", "+", "é", "{x}", "$SYS", "device"]
)  # fmt: skip
KEY = LEVEL | st.sampled_from(["id", "ts", "temp", 'q"', "a.b", "$", "[0]", "stat_t", "val_tpl", "dev", "ids"])
LEAF = st.sampled_from(
    [None, True, 0, 1, 20.5, -1, 2**60, 2**70, 1795521600, "a/b", "on", "", "x\ny", "{{ value }}",
     "{{ value_json.a / 10 }}", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00", "${HOME}"]
)  # fmt: skip
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=4), max_leaves=8
)
PAYLOAD = (
    JSON.map(lambda value: json.dumps(value).encode())
    | st.sampled_from(
        [b"", b"20.5", b"on", b"online", b"open", b"a,b\n1,2", b"1;2", b"w,t=1 f=2i 5", b"\xff", b"\xa1aa\x01"]
    )
    | st.binary(max_size=12)
)
MESSAGES = st.lists(
    st.builds(
        lambda levels, payload, at, kept: said("/".join(levels) or "a", payload, at=at, kept=kept),
        st.lists(LEVEL, min_size=1, max_size=4),
        PAYLOAD,
        st.integers(0, 99),
        st.booleans(),
    ),
    max_size=12,
)


@given(MESSAGES)
def test_whatever_is_heard_the_proposal_works(messages: list[Message]) -> None:
    """It loads from what is printed, and routes; the same each time."""
    proposal = discover(messages, bucket="B")
    text = "\n".join(write(proposal))
    read = yaml.safe_load(text.replace("$${", "${")) or {}
    config = Config.model_validate(read)

    assert (config.routes, config.models) == (proposal.config().routes, proposal.config().models)
    assert prove(config, messages).heard == len(messages)
    assert text == "\n".join(write(discover(messages, bucket="B")))
