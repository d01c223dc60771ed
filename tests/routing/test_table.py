"""The routing table, and the examples of its reference."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.ports import IGNORED, Message, Point, Value
from ingestor.routing import RoutingTable
from sensors.simulator import Fault, Simulator
from tests.routing.helpers import RECEIVED_NS, table

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference" / "sensors-and-routes.md"
HOW_TOS = ("farm-topics", "device-families", "devices")
WITH_EXAMPLES = (REFERENCE, *(DOCS / "how-to" / f"{name}.md" for name in HOW_TOS))
EXAMPLES = re.compile(
    r"^```yaml\n(?P<yaml>(?:(?!```).*\n)*)```\n(?:(?!```).*\n)*```example\n(?P<lines>(?:(?!```).*\n)*)```", re.MULTILINE
)
"""A configuration and the example under it."""


def measurement(routes: RoutingTable, topic: str) -> str | None:
    """The measurement that a climate reading of a topic would come to."""
    found = routes.find(topic)
    points: list[Point] = []
    if found is not None:
        found.decode(Message(topic, b'{"temperature": 20}', 1), points)
    return points[0].series.measurement if points else None


def named(*topics: str) -> RoutingTable:
    """A table with a route for each topic, whose measurement is the topic's place in the list."""
    return table(*({"topic": topic, "measurement": str(at)} for at, topic in enumerate(topics)))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("farm/rack1/climate", "farm/rack1/climate"),
        ("farm/rack2/climate", "farm/{rack}/climate"),
        ("farm/rack1/light", "farm/rack1/+"),
        ("farm/rack2/light", "farm/{rest...}"),
        ("farm", "farm/{rest...}"),
        ("home/x", "#"),
    ],
)
def test_the_most_specific_route_takes_a_topic(topic: str, expected: str, order: int) -> None:
    """Wherever it stands in the list."""
    topics = ["#", "farm/{rest...}", "farm/{rack}/climate", "farm/rack1/+", "farm/rack1/climate"][::order]
    found = measurement(named(*topics), topic)

    assert found is not None
    assert topics[int(found)] == expected


def test_a_topic_of_no_route_is_found_nowhere() -> None:
    """The second time too."""
    routes = named("{rack}/climate")

    assert [routes.find("rack1/light") for _ in range(2)] == [None, None]
    assert routes.find("$SYS/climate") is None


def test_a_topic_is_worked_out_once() -> None:
    """The same topic gives the same decoder, and its points the same series."""
    routes = named("{rack}/climate")

    assert routes.find("rack1/climate") is routes.find("rack1/climate")
    assert routes.find("rack1/climate") is not routes.find("rack2/climate")


def test_subscriptions_bring_all_that_is_routed() -> None:
    """Filters of routes that others cover are left out."""
    assert named("{rack}/climate", "rack1/climate", "a/b/{x...}").subscriptions == ("+/climate", "a/b/#")
    assert table().subscriptions == ()


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        (
            ["{a}/climate", "+/climate"],
            r"^routes\[0\] and routes\[1\]: \{a\}/climate and \+/climate take the same topics",
        ),
        (["a/{x}", "{y}/b"], r"^routes\[0\] and routes\[1\]: a/\{x\} and \{y\}/b both take a/b; add a route for a/b"),
    ],
)
def test_ambiguous_routes_are_refused(topics: list[str], words: str) -> None:
    """Both are named."""
    with pytest.raises(ConfigError, match=words):
        named(*topics)


def test_a_third_route_settles_what_two_share() -> None:
    """Routes may cross where another takes exactly what they share."""
    routes = named("a/{x}", "{y}/b", "a/b")

    assert [measurement(routes, topic) for topic in ("a/c", "c/b", "a/b")] == ["0", "1", "2"]
    assert routes.subscriptions == ("+/+",)


@pytest.mark.parametrize("order", [1, -1])
def test_levels_with_names_in_them_may_cross(order: int) -> None:
    """What several could take goes to the one that says more of the first level in which they differ."""
    topics = ["rack{n}/x", "{a}1/x", "{b}/+", "{c}-{d}/x", "{c}-{d}/{rest...}"][::order]
    routes = named(*topics)
    found = {topic: measurement(routes, topic) for topic in ("rack1/x", "shelf1/x", "rack1/y", "a-1/x", "a-b/y")}

    assert {topic: topics[int(at or 0)] for topic, at in found.items()} == {
        "rack1/x": "rack{n}/x",
        "shelf1/x": "{a}1/x",
        "rack1/y": "{b}/+",
        "a-1/x": topics[min(topics.index("{a}1/x"), topics.index("{c}-{d}/x"))],
        "a-b/y": "{c}-{d}/{rest...}",
    }


def test_every_problem_is_told_at_once() -> None:
    """Models and routes, each with its place."""
    with pytest.raises(ConfigError) as caught:
        table({"model": "no"}, {}, {"topic": "{a}/climate"}, models={"x": {"fields": {"time": {}}}})

    assert [problem.where for problem in caught.value.problems] == [
        "models.x",
        "routes[0] {rack}/climate",
        "routes[1] and routes[2]",
    ]


def test_invented_topics_are_forgotten() -> None:
    """However many topics come, long ones too, what is remembered of them stays within its bound."""
    routes = table({"topic": "{rack}/{rest...}"})
    for at in range(3_000):
        routes.find(f"r/{at}/" + "x" * 60_000)

    assert len(routes._decoders) < 200


@pytest.mark.parametrize("faulty", [(), (1,)])
def test_simulated_racks_are_understood(faulty: tuple[int, ...]) -> None:
    """Each reading of a sound rack is stored whole; of a faulty one each fault, and nothing else, is set aside."""
    quantities = ("temperature", "humidity", "co2", "light", "power")
    routes = table(
        {"topic": "farm/{rack}/climate", "time": {"field": "ts", "unit": "ms"}},
        *({"topic": f"{{rack}}/{name}", "model": name, "format": "value"} for name in quantities),
    )
    farm = Simulator(faulty=faulty, fault_share=0.5)
    times = [RECEIVED_NS + at * 10**9 for at in range(40)]
    emissions = [emission for at in times for emission in (farm.message(1, at), *farm.values(1, at))]
    for emission in emissions:
        points: list[Point] = []
        found = routes.find(emission.topic)
        assert found is not None
        flaws = found.decode(Message(emission.topic, emission.payload, times[-1]), points)

        assert bool(flaws) == (emission.fault is not None)
        assert all(point.series.tags == (("rack", "rack1"),) for point in points)
        assert points or emission.fault is not None
    assert ({emission.fault for emission in emissions} == {None, *Fault}) is bool(faulty)


def examples() -> list[tuple[dict[str, Any], str, list[str]]]:
    """Each configuration of the documentation, with each message under it and what is to become of it."""
    found = []
    text = "\n".join(document.read_text(encoding="utf-8") for document in WITH_EXAMPLES)
    for match in EXAMPLES.finditer(text):
        for case in re.split(r"\n(?! )", match["lines"].rstrip("\n")):
            first, *rest = case.split("\n")
            found.append((yaml.safe_load(match["yaml"]), first, [line.strip() for line in rest]))
    return found


def written(value: Value) -> str:
    """A value as the reference writes it."""
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


def outcome(routes: RoutingTable, line: str) -> list[str]:
    """What becomes of a message, as the reference writes it."""
    topic, _, text = line.partition(" ")
    payload = bytes.fromhex(text[2:]) if text.startswith("0x") else text.replace("⏎", "\n").encode()
    found = routes.find(topic)
    if found is None:
        return ["unrouted"]
    points: list[Point] = []
    flaws = found.decode(Message(topic, payload, RECEIVED_NS), points)
    if flaws is IGNORED:
        return ["ignored"]
    lines = []
    for series, time_ns, fields in points:
        name = ",".join([series.measurement, *(f"{key}={tag}" for key, tag in series.tags)])
        values = " ".join(f"{key}={written(value)}" for key, value in fields.items())
        lines.append(f"{series.bucket}: {name} {values} at {'receipt' if time_ns == RECEIVED_NS else time_ns}")
    return lines + [f"! {flaw.reason}{' ' if flaw.field else ''}{flaw.field}: {flaw.detail}" for flaw in flaws]


@pytest.mark.parametrize(
    ("config", "line", "expected"), examples(), ids=lambda value: value if isinstance(value, str) else " "
)
def test_the_reference_is_right(config: dict[str, Any], line: str, expected: list[str]) -> None:
    """Each example of the documentation comes out as it says there."""
    assert outcome(RoutingTable(Config.model_validate(config)), line) == expected


def test_the_reference_has_examples() -> None:
    """They are found where they stand."""
    assert len(examples()) > 50
