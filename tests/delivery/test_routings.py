"""Under which configuration a store was given messages: told as text, kept by position, forgotten with the journal."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestor import configfile
from ingestor.config import Config
from ingestor.delivery import routings
from ingestor.delivery.routings import Exceptional, Span
from ingestor.errors import ConfigError
from ingestor.routing import RoutingTable
from ingestor.state import open_state
from tests.support import ROOT

ROUTES = [
    {"topic": "{rack}/climate", "model": "climate", "bucket": "Farm", "device": "{rack}",
     "time": {"field": "t", "max_ahead": "10m", "not_before": "2020-01-01"}},
    {"preset": "shelly", "bucket": "Farm", "time": {"max_ahead": "1h"}},
    {"topic": "{rack}/state/power", "device": "{rack}", "state": {"online": ["up"]}},
]  # fmt: skip
DEVICES = [
    {"id": "a", "tags": {"rack": "1"}, "interval": "5m", "from": "2024-01-02T12:00:00+08:00"},
    {"id": "a", "calibration": {"temperature": {"offset": 0.1}}, "until": "2024-01-02T12:00:00+08:00"},
]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An open state."""
    with closing(open_state(tmp_path / "state.db")) as connection:
        yield connection


def test_a_text_gives_the_same_table_again() -> None:
    """Whatever is written in the configuration, also what is left to its defaults, is so once it is read again."""
    config = Config.model_validate(
        {"routes": ROUTES, "devices": DEVICES, "buckets": [{"name": "F", "retention": "30d"}]}
    )
    text = routings.text_of(config)
    again = Config.model_validate_json(text)

    assert routings.text_of(again) == text
    assert (again.routes, again.models) == (config.routes, config.models)
    assert [row.model_copy(update={"interval": None}) for row in config.devices] == list(again.devices)
    assert routings.make_table(text).subscriptions == RoutingTable(config).subscriptions


def test_the_projects_own_configuration_can_be_kept() -> None:
    """The example with every key."""
    text = routings.text_of(configfile.load(ROOT / "config.yaml", environ={}))

    assert routings.text_of(Config.model_validate_json(text)) == text
    assert routings.make_table(text).subscriptions


def test_what_decides_nothing_changes_nothing() -> None:
    """Another broker, store or interval is no other routing; another calibration is."""
    base: dict[str, object] = {"routes": ROUTES, "devices": DEVICES}
    text = routings.text_of(Config.model_validate(base))
    with_broker = Config.model_validate({**base, "mqtt": {"url": "mqtt://other"}, "batch": {"max_points": 7}})
    slower = Config.model_validate({**base, "devices": [{**DEVICES[0], "interval": "9m"}, DEVICES[1]]})
    corrected = Config.model_validate({**base, "devices": [{**DEVICES[0], "tags": {"rack": "2"}}, DEVICES[1]]})

    assert routings.text_of(with_broker) == routings.text_of(slower) == text
    assert routings.text_of(corrected) != text


def test_weather_is_decoded_again_without_what_asks_for_it() -> None:
    """Where it is stored decides; when it is asked for, where, and with which key, does not, and is not kept."""
    weather = {"every": "30m", "latitude": 1, "longitude": 2, "api_key": "hunter2", "providers": ["openweathermap"]}
    texts = [
        routings.text_of(Config.model_validate({"routes": ROUTES, "tasks": tasks}))
        for tasks in (
            {},
            {"weather": weather},
            {"weather": weather | {"every": "1h", "latitude": 3, "api_key": "other"}, "backup": {"every": "1d"}},
            {"weather": weather | {"bucket": "Other"}},
        )
    ]

    assert texts[1] == texts[2]
    assert len(set(texts)) == 3
    assert "hunter2" not in texts[1]
    assert routings.make_table(texts[1]).find("$weather/weather/openweathermap/current") is not None


@pytest.mark.parametrize("text", ['{"routes": 3}', "{", '{"nonsense": 1}'])
def test_a_text_of_another_version_is_refused(text: str) -> None:
    """What cannot be read is a ValueError, not a wrong table."""
    with pytest.raises(ValueError, match="validation error"):
        routings.make_table(text)


def test_a_table_that_cannot_be_any_more_is_refused() -> None:
    """A model of a package that is gone, say."""
    row = {"topic": "a", "model": "no.such:Model", "bucket": "F"}

    with pytest.raises(ConfigError):
        routings.make_table(routings.text_of(Config.model_validate({"routes": [row]})))


def test_a_routing_is_kept_once(connection: sqlite3.Connection) -> None:
    """The same text has the same number, and the number leads back to it."""
    numbers = [routings.register(connection, text) for text in ("a", "b", "a")]

    assert numbers[0] == numbers[2] != numbers[1]
    assert routings.text_by_number(connection, numbers[1]) == "b"


def test_a_start_with_the_same_configuration_is_no_news(connection: sqlite3.Connection) -> None:
    """One span goes on."""
    first = routings.begin(connection, "local", 0, journal_end=0, text="a")
    routings.begin(connection, "local", 70, journal_end=90, text="a")

    assert routings.spans(connection, "local", 0, 1_000) == [Span(first, 0, None, sure=True)]
    assert routings.in_force(connection, "local") == first
    assert routings.in_force(connection, "farm") is None


def test_what_a_crash_left_open_may_have_been_either(connection: sqlite3.Connection) -> None:
    """Messages behind the cursor that the journal has already may have been given under the old one, too."""
    old = routings.begin(connection, "local", 0, journal_end=0, text="a")
    new = routings.begin(connection, "local", 70, journal_end=90, text="b")

    assert set(routings.spans(connection, "local", 0, 1_000)) == {
        Span(old, 0, 70, sure=True),
        Span(old, 70, 90, sure=False),
        Span(new, 70, None, sure=True),
    }
    assert [span.routing for span in routings.spans(connection, "local", 10, 20)] == [old]
    assert [span.routing for span in routings.spans(connection, "local", 90, 91)] == [new]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    starts=st.lists(st.integers(0, 60), min_size=1, max_size=4).map(sorted),
    runs=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=6),
)
def test_what_was_given_anew_is_under_one_routing(
    tmp_path_factory: pytest.TempPathFactory, starts: list[int], runs: list[tuple[int, int]]
) -> None:
    """A replay leaves one sure span over what it went through, and all else as it was."""
    with closing(open_state(tmp_path_factory.mktemp("state") / "state.db")) as connection:
        for number, position in enumerate(starts):
            last = routings.begin(connection, "local", position, journal_end=position, text=str(number))
        before = {at: _of(connection, at) for at in range(90)}
        for begin, length in runs:
            routings.note(connection, "local", begin, begin + length, last, sure=False)
            routings.supersede(connection, "local", begin, begin + length, last)
        for at in range(90):
            anew = any(begin <= at < begin + length for begin, length in runs)
            assert _of(connection, at) == ([(last, True)] if anew else before[at])
        assert routings.in_force(connection, "local") == last


def _of(connection: sqlite3.Connection, position: int) -> list[tuple[int, bool]]:
    return [(span.routing, span.sure) for span in routings.spans(connection, "local", position, position + 1)]


def test_spans_of_a_replay_grow_together(connection: sqlite3.Connection) -> None:
    """However many steps it took, and whatever was known of single messages is over."""
    old = routings.begin(connection, "local", 0, journal_end=0, text="a")
    new = routings.begin(connection, "local", 100, journal_end=100, text="b")
    routings.except_(connection, "local", {15: "stored", 99: "dropped"}, old)
    for begin in range(10, 50, 10):
        routings.supersede(connection, "local", begin, begin + 10, new)

    assert set(routings.spans(connection, "local", 0, 200)) == {
        Span(old, 0, 10, sure=True),
        Span(new, 10, 50, sure=True),
        Span(old, 50, 100, sure=True),
        Span(new, 100, None, sure=True),
    }
    assert routings.exceptions(connection, "local", 0, 200) == {99: Exceptional("dropped", old)}


def test_what_the_journal_forgot_is_forgotten(connection: sqlite3.Connection) -> None:
    """Only what a message may still be asked about is kept, and texts only with it."""
    routings.begin(connection, "local", 0, journal_end=0, text="a")
    routings.begin(connection, "local", 50, journal_end=50, text="b")
    current = routings.begin(connection, "local", 90, journal_end=90, text="c")
    routings.except_(connection, "local", {20: "stored", 60: "stored"}, None)
    routings.prune(connection, 50)

    assert [text for (text,) in connection.execute("SELECT text FROM routings ORDER BY id")] == ["b", "c"]
    assert list(routings.exceptions(connection, "local", 0, 100)) == [60]
    routings.prune(connection, 95)
    assert routings.spans(connection, "local", 0, 100) == [Span(current, 90, None, sure=True)]
