"""Options that several commands share."""

import time
from pathlib import Path

import pytest
import typer

from ingestor.cli.options import Topics, load_config, moment_ns, seconds, with_lines
from ingestor.errors import ConfigError, Problem
from tests.cli.commands import write_config


def test_the_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says overrides the file, for every command."""
    monkeypatch.setenv("INGESTOR_MQTT__URL", "mqtt://elsewhere")

    assert load_config(write_config(tmp_path)).mqtt.url == "mqtt://elsewhere"


def test_faults_found_later_get_their_lines(tmp_path: Path) -> None:
    """Who only saw the configuration says which route; the file has a line for it."""
    file = tmp_path / "a.yaml"
    file.write_text("data_dir: d\nroutes:\n  - {topic: a, model: climate, bucket: B}\n")
    with pytest.raises(ConfigError) as raised, with_lines(file):
        raise ConfigError([Problem("cannot be", "routes[0] a")])

    assert raised.value.problems[0].where == f"{file}:3"


def test_filters_are_checked_when_they_are_read() -> None:
    """What is no topic filter is wrong use, said in words."""
    with pytest.raises(typer.BadParameter, match="whole levels"):
        Topics("rack1/a+")


def test_filters_match_as_a_broker_does() -> None:
    """One level, or the rest."""
    topics = Topics("farm/+/#")

    assert "farm/rack1/climate" in topics
    assert "farm/rack1" in topics
    assert "farm" not in topics


@pytest.mark.parametrize(("text", "secs"), [("20", 20), ("1.5", 1.5), ("90s", 90), ("5m", 300), ("500ms", 0.5)])
def test_times_are_seconds_or_have_a_unit(text: str, secs: float) -> None:
    """A bare number is seconds."""
    assert seconds(text) == secs


@pytest.mark.parametrize("text", ["", "soon", "-1", "0", "0s", "5 m", "1e3", "inf", "nan"])
def test_other_times_are_wrong_use(text: str) -> None:
    """No time at all, or a negative one, is none."""
    with pytest.raises(typer.BadParameter):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01T00:00:01", 10**9),
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T08:00:01+08:00", 10**9),
        ("2025-01-01", 1_735_689_600 * 10**9),
        ("2025-01-01T00:00:00.000001", 1_735_689_600 * 10**9 + 1000),
    ],
)
def test_moments_are_iso_times(text: str, time_ns: int) -> None:
    """Without a zone they are UTC."""
    assert moment_ns(text) == time_ns


def test_moments_are_ages_too() -> None:
    """`2h` is two hours before now."""
    before = time.time_ns()
    found = moment_ns("2h")
    after = time.time_ns()

    assert before - 1000 <= found + 7200 * 10**9 <= after + 1000


def test_other_moments_are_wrong_use() -> None:
    """The words say what would do."""
    with pytest.raises(typer.BadParameter, match="neither a time"):
        moment_ns("yesterday")
