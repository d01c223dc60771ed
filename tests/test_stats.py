"""What the service says of itself."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.stats import IntakeStats, JournalStats, RateGauge, Snapshot, StoreStats

SOUND = Snapshot(
    version="1",
    uptime_secs=1.0,
    intake=IntakeStats(connected=True, subscribed=True),
    journal=JournalStats(),
    stores=(StoreStats("local"), StoreStats("farm")),
)


def test_ready_when_data_can_flow() -> None:
    """Connected, subscribed, journal and stores without fault: ready, and no reason why not."""
    assert SOUND.ready
    assert SOUND.reasons == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"intake": IntakeStats()}, "mqtt: not connected"),
        ({"intake": IntakeStats(connected=True)}, "mqtt: not subscribed"),
        ({"intake": IntakeStats(fault="bad password")}, "mqtt: bad password"),
        ({"journal": JournalStats(full=True)}, "journal: full, intake is paused until a store catches up"),
        ({"journal": JournalStats(full=True, fault="no space left")}, "journal: no space left"),
        ({"stores": (StoreStats("local", fault="away"), StoreStats("farm"))}, "store local: away"),
    ],
)
def test_what_keeps_data_from_flowing_is_the_reason(changes: dict[str, object], reason: str) -> None:
    """Each thing that stops the flow is told, and the deeper reason instead of its consequence."""
    broken = replace(SOUND, **changes)  # type: ignore[arg-type]  # by name, as they come

    assert not broken.ready
    assert broken.reasons == (reason,)


def test_all_reasons_are_told() -> None:
    """Who mends one thing should know of the others."""
    stores = (StoreStats("a", fault="x"), StoreStats("b", fault="y"))
    broken = replace(SOUND, intake=IntakeStats(), journal=JournalStats(fault="z"), stores=stores)

    assert broken.reasons == ("mqtt: not connected", "journal: z", "store a: x", "store b: y")


def test_json_holds_everything() -> None:
    """The snapshot as plain data survives JSON, with what follows from it."""
    told = json.loads(json.dumps(replace(SOUND, journal=JournalStats(bytes=7, fault="x")).to_json()))

    assert (told["ready"], told["reasons"]) == (False, ["journal: x"])
    assert told["journal"]["bytes"] == 7
    assert [store["name"] for store in told["stores"]] == ["local", "farm"]


def test_a_store_from_its_counters() -> None:
    """Counters of the ledger become the numbers of the store; what waits and what is held is pending."""
    totals = {"stored": 5, "set_aside": 2, "unrouted": 1, "held": 3, "points": 9, "reason.type": 2, "reason.range": 1}
    store = StoreStats.of("local", totals=totals, waiting=4)

    assert (store.stored, store.set_aside, store.unrouted, store.points) == (5, 2, 1, 9)
    assert (store.pending, store.held) == (7, 3)
    assert store.reasons == {"type": 2, "range": 1}


def test_how_long_room_lasts() -> None:
    """At ten bytes a second, a hundred bytes last ten seconds."""
    gauge = RateGauge()
    gauge.add(0.0, 1000)
    gauge.add(5.0, 1050)

    assert gauge.secs_until(100) == 10.0


@pytest.mark.parametrize("samples", [[], [(0.0, 5)], [(0.0, 5), (1.0, 5)], [(0.0, 5), (0.0, 9)], [(0.0, 5), (1.0, 4)]])
def test_what_does_not_grow_has_no_end(samples: list[tuple[float, int]]) -> None:
    """Without growth, or before there is anything to compare, no time is told."""
    gauge = RateGauge()
    for now, total in samples:
        gauge.add(now, total)

    assert gauge.secs_until(100) is None


@given(st.integers(1, 10**6), st.integers(-100, 10**9))
def test_the_rate_is_that_of_the_last_samples(rate: int, room: int) -> None:
    """An old rate is forgotten, and room that is used up already lasts no time."""
    gauge = RateGauge()
    for second in range(100):
        gauge.add(float(second), second)
    for second in range(100, 120):
        gauge.add(float(second), 100 + second * rate)

    assert gauge.secs_until(room) == pytest.approx(max(0.0, room / rate))
