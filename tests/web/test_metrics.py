"""A snapshot as Prometheus reads it."""

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from math import inf

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from ingestor.ports import Reason
from ingestor.stats import IntakeStats, Snapshot, TaskStats
from ingestor.web.metrics import Metrics
from tests.web.snapshots import flowing

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(snapshot: Snapshot) -> Samples:
    """What Prometheus would take from it: name and labels to value."""
    text = Metrics(lambda: snapshot).text().decode()
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def of(found: Samples, name: str, **labels: str) -> float:
    """One value."""
    return found[name, frozenset(labels.items())]


def numbers(value: object) -> Iterator[float]:
    """Every number in it, at any depth."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def test_every_number_of_the_snapshot_is_there() -> None:
    """Nothing that the service counts is hidden from Prometheus."""
    snapshot = flowing()
    counted = list(numbers(asdict(snapshot)))

    assert len(counted) > 40
    assert set(counted) <= set(samples(snapshot).values())


def test_names() -> None:
    """All are ours, what only grows says so, and times and sizes are in Prometheus' base units."""
    families = list(text_string_to_metric_families(Metrics(flowing).text().decode()))
    names = [sample.name for family in families for sample in family.samples]
    counted = [sample.name for family in families if family.type == "counter" for sample in family.samples]

    assert all(re.fullmatch(r"ingestor(_[a-z]+)+", name) for name in names)
    assert {name for name in names if name.endswith("_total")} == set(counted)
    assert not [name for name in names if re.search(r"_(secs|ms|minutes|kib|mib)(_|$)", name)]


def test_types_are_told() -> None:
    """What only grows is a counter, so that rates can be taken; each metric says what it is."""
    families = list(text_string_to_metric_families(Metrics(flowing).text().decode()))
    types = {family.name: family.type for family in families}

    assert types["ingestor_received_messages"] == "counter"
    assert types["ingestor_store_pending_messages"] == "gauge"
    assert types["ingestor_store_write_seconds"] == "summary"
    assert all(family.documentation for family in families)


def test_values_stand_under_their_names() -> None:
    """The numbers that people ask for first, each where it is looked for."""
    found = samples(flowing())

    assert of(found, "ingestor_received_messages_total") == 1101
    assert of(found, "ingestor_recognised_messages_total") == 1103
    assert of(found, "ingestor_mqtt_reconnects_total") == 1105
    assert of(found, "ingestor_journal_bytes") == 1201
    assert of(found, "ingestor_journal_lasts_seconds") == 1205.5
    assert of(found, "ingestor_disk_written_bytes_total") == 1002
    assert of(found, "ingestor_store_stored_messages_total", store="farm") == 3002
    assert of(found, "ingestor_store_dead_letters_total", store="local", reason="range") == 2013
    assert of(found, "ingestor_store_lag_seconds", store="local") == 2014.5
    assert of(found, "ingestor_oldest_unwritten_seconds") == 3014.5
    assert of(found, "ingestor_store_write_seconds_count", store="local") == 2015
    assert of(found, "ingestor_store_write_seconds_sum", store="local") == 2016.5
    assert of(found, "ingestor_build_info", version="9.9.9") == 1


def test_the_equations_can_be_checked_from_outside() -> None:
    """Every term of the accounting of a store is a metric of its own."""
    found = samples(flowing())
    names = {name for name, _ in found}
    terms = ("journaled", "stored", "set_aside", "unrouted", "ignored", "dropped", "damaged")

    assert {f"ingestor_store_{term}_messages_total" for term in terms} <= names
    assert "ingestor_store_pending_messages" in names


def test_labels_come_from_closed_lists() -> None:
    """Labels are names of stores and reasons; a reason that did not occur yet is there with 0."""
    found = samples(flowing())
    labels = {label for _, pairs in found for label in pairs if label[0] != "version"}

    assert labels == {("store", "local"), ("store", "farm")} | {("reason", reason.value) for reason in Reason}
    assert of(found, "ingestor_store_dead_letters_total", store="local", reason="not_json") == 0


def test_tasks_have_metrics_of_their_own() -> None:
    """Each under its name; what never was is left out, and a fault that did not occur yet is there with 0."""
    ran = TaskStats("weather", "weather", "failed", "no", 1_000_000_000, 3_500_000_000, runs=7, failures=2,
                    faults={"refused": 2}, next_ns=9_000_000_000, fault="no")  # fmt: skip
    found = samples(flowing(tasks=(ran, TaskStats("backup", "backup"))))
    prefix = "ingestor_task_"

    assert of(found, f"{prefix}runs_total", task="weather") == 7
    assert of(found, f"{prefix}failed_runs_total", task="weather") == 2
    assert of(found, f"{prefix}last_run_seconds", task="weather") == 2.5
    assert of(found, f"{prefix}next_run_timestamp_seconds", task="weather") == 9
    assert of(found, f"{prefix}faults_total", task="weather", fault="refused") == 2
    assert of(found, f"{prefix}faults_total", task="backup", fault="refused") == 0
    assert [of(found, f"{prefix}fault", task=name) for name in ("weather", "backup")] == [1, 0]
    assert (f"{prefix}last_success_timestamp_seconds", frozenset({("task", "backup")})) not in found


@pytest.mark.parametrize(
    ("broken", "metric"),
    [
        ({"intake": IntakeStats()}, "ingestor_ready"),
        ({"intake": IntakeStats()}, "ingestor_mqtt_connected"),
        ({"intake": IntakeStats(connected=True)}, "ingestor_mqtt_subscribed"),
    ],
)
def test_states_are_one_or_zero(broken: dict[str, object], metric: str) -> None:
    """A state is 1 while it holds and 0 while it does not."""
    assert of(samples(flowing()), metric) == 1
    assert of(samples(flowing(**broken)), metric) == 0


def test_faults_are_seen() -> None:
    """A journal or a store that cannot be written shows as 1, each by itself."""
    sound = flowing()
    local, farm = sound.stores
    broken = flowing(
        journal=replace(sound.journal, fault="disk full", full=True),
        intake=replace(sound.intake, paused=True),
        stores=(local, replace(farm, fault="away")),
    )
    before, after = samples(sound), samples(broken)
    found = {key: after[key] for key in after if after[key] != before[key]}

    assert found == {
        ("ingestor_ready", frozenset()): 0,
        ("ingestor_journal_fault", frozenset()): 1,
        ("ingestor_journal_full", frozenset()): 1,
        ("ingestor_mqtt_paused", frozenset()): 1,
        ("ingestor_store_fault", frozenset({("store", "farm")})): 1,
    }


def test_a_journal_that_does_not_grow_lasts_for_ever() -> None:
    """So that an alarm on "less than a day" needs no second condition."""
    idle = flowing(journal=replace(flowing().journal, lasts_secs=None))

    assert of(samples(idle), "ingestor_journal_lasts_seconds") == inf


def test_what_is_not_known_is_not_told() -> None:
    """Where the system does not say what was written to disk, there is no number instead of a wrong one."""
    found = samples(flowing(disk_bytes_written=None, stores=()))

    assert "ingestor_disk_written_bytes_total" not in {name for name, _ in found}
    assert of(found, "ingestor_oldest_unwritten_seconds") == 0


def test_names_of_stores_are_escaped() -> None:
    """Whatever a label holds, the text can be read back."""
    odd = 'a"b\\c\nd'
    store = replace(flowing().stores[0], name=odd)

    assert of(samples(flowing(stores=(store,))), "ingestor_store_pending_messages", store=odd) == 2008


def test_no_registry_is_shared() -> None:
    """Two services in one process do not meet, and the registry of the process stays as it was."""
    before = list(REGISTRY.collect())
    one, two = Metrics(flowing), Metrics(lambda: flowing(uptime_secs=7.0))

    assert one.text() != two.text()
    assert [family.name for family in REGISTRY.collect()] == [family.name for family in before]


def test_a_snapshot_is_taken_for_each_request_and_not_before() -> None:
    """Nothing is asked when the server is made, and once for each text."""
    asked = []

    def snapshot() -> Snapshot:
        asked.append(1)
        return flowing()

    metrics = Metrics(snapshot)

    assert asked == []
    assert metrics.text() == metrics.text()
    assert len(asked) == 2
