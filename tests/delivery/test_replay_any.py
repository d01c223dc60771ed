"""Whatever came before it, a replay of all leaves what a store would have that never knew anything else."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestor import deadletters, state
from ingestor.deadletters import Filter
from tests.delivery.farm import Farm, config, device, reading

CONFIGS = [
    config(),
    config(device("one", "a"), device("two", "b")),
    config(device("one", "b"), device("two", "a")),
    config(device("one", "a", offset=200.0), device("two", "a")),
    config(device("one", "b", offset=200.0), on_invalid="reading"),
    config(
        device("one", "a", until="2027-01-15T08:00:05Z"),
        device("one", "b", offset=0.0, **{"from": "2027-01-15T08:00:05Z"}),
    ),
    config(topic="sensors/one", device="one"),
    config(topic="other/{id}"),
]
CHOICES = st.integers(0, len(CONFIGS) - 1)
MESSAGES = st.builds(
    reading,
    st.sampled_from(["one", "two", "three"]),
    st.integers(0, 12),
    temperature=st.sampled_from([20.0, 900.0, '"x"', "null"]),
    humidity=st.sampled_from([50.0, 500.0]),
)
FILTERS = st.builds(Filter, topic=st.sampled_from([None, "sensors/one".__eq__]))
OPERATIONS = st.one_of(
    st.tuples(st.just("serve"), CHOICES, st.lists(MESSAGES, max_size=12)),
    st.tuples(st.just("replay"), CHOICES, st.tuples(st.integers(0, 30), st.integers(0, 30))),
    st.tuples(st.just("kill"), CHOICES, st.integers(1, 25)),
    st.tuples(st.just("mark"), st.just(0), FILTERS),
    st.tuples(st.just("purge"), st.just(0), FILTERS),
    st.tuples(st.just("put out"), st.just(0), st.integers(0, 2_000)),
)


def set_aside(farm: Farm) -> int:
    """How many fields were left out of what is stored, by the accounts."""
    return farm.state.now(lambda connection: state.counters(connection, "local")).get("fields_set_aside", 0)


def apply(farm: Farm, what: str, choice: int, more: object) -> None:
    """Do one of the things that may happen to a store."""

    def to_letters(connection: sqlite3.Connection) -> None:
        match what, more:
            case "mark", Filter():
                deadletters.mark_for_replay(connection, more)
            case "purge", Filter():
                deadletters.purge(connection, more)
            case _, int():
                deadletters.make_room(connection, more)

    of = CONFIGS[choice]
    match what, more:
        case "serve", list():
            farm.serve(of, *more)
        case "replay", (int(begin), int(length)):
            farm.ask(of, begin=begin, until=begin + length)
            farm.serve(of)
        case "kill", int():
            farm.ask(of)
            farm.serve_until_killed(of, transactions=more, moment="before")
        case _:
            farm.state.now(to_letters)


@pytest.mark.long
@pytest.mark.timeout(300)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(MESSAGES, min_size=1, max_size=20),
    operations=st.lists(OPERATIONS, max_size=6),
    last=CHOICES,
)
def test_a_replay_of_all_leaves_no_trace_of_the_past(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[object],
    operations: list[tuple[str, int, object]],
    last: int,
) -> None:
    """Points, fields and counts are those of a store that was given every message once, with the last configuration."""
    folder: Path = tmp_path_factory.mktemp("farm")
    farm, fresh = Farm(folder / "state.db"), Farm(folder / "fresh.db")
    apply(farm, "serve", 1, first)
    for what, choice, more in operations:
        apply(farm, what, choice, more)
    farm.ask(CONFIGS[last])
    farm.serve(CONFIGS[last])
    fresh.serve(CONFIGS[last], *[slot for slot in farm.journal.slots if not isinstance(slot, str)])

    assert farm.done
    assert farm.store.points == fresh.store.points
    assert farm.accounts() == fresh.accounts()
    assert set_aside(farm) == set_aside(fresh)
