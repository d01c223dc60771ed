"""Replays from the journal: what changes in the store, in the accounts, and what a crash leaves."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from ingestor import deadletters, state
from ingestor.deadletters import Filter
from ingestor.delivery import replays, routings
from ingestor.delivery.replays import Phase
from ingestor.errors import BucketError, StateError, StoreUnavailableError
from ingestor.ports import LossReason, Point, Reason, Rejection
from tests.delivery.farm import Farm, config, device, reading

READINGS = [reading(name, number) for number in range(700) for name in ("one", "two")]


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    """A store that is new."""
    return Farm(tmp_path / "state.db")


def test_a_corrected_calibration_overwrites_values(farm: Farm) -> None:
    """Every value is corrected in its place: nothing is deleted, and the counts of messages are as before."""
    before, after = config(device("one", "a")), config(device("one", "a", offset=-1.5))
    farm.serve(before, *READINGS)
    farm.ask(after)
    farm.serve(after)

    assert farm.done
    assert farm.accounts() == {"stored": len(READINGS)}
    assert farm.store.deleted == 0
    assert {fields["temperature"] for (rack, _), fields in farm.points.items() if rack == "a"} == {18.5}
    assert len(farm.points) == len(READINGS)


def test_a_corrected_tag_leaves_nothing_under_the_old_one(farm: Farm) -> None:
    """Points move to the series that they belong to."""
    before, after = config(device("one", "a")), config(device("one", "b"))
    farm.serve(before, *READINGS)
    farm.ask(after)
    farm.serve(after, reading("one", 10_000))

    assert farm.done
    assert {rack for rack, _ in farm.points} == {"b", "-"}
    assert len(farm.points) == len(READINGS) + 1
    assert (farm.replay.deleted, farm.replay.messages) == (700, len(READINGS))
    assert farm.accounts() == {"stored": len(READINGS) + 1}


def test_two_tags_that_were_mixed_up_change_places(farm: Farm) -> None:
    """What one device leaves is where the other one's readings of the same seconds belong: none of them is lost."""
    before = config(device("one", "a"), device("two", "b"))
    after = config(device("one", "b"), device("two", "a"))
    messages = [reading(name, n, temperature=t) for n in range(700) for name, t in (("one", 10.0), ("two", 30.0))]
    farm.serve(before, *messages)
    farm.ask(after)
    farm.serve(after)

    assert farm.done
    assert len(farm.points) == 1_400
    assert {(rack, fields["temperature"]) for (rack, _), fields in farm.points.items()} == {("b", 10.0), ("a", 30.0)}


def test_a_device_swapped_at_noon_has_its_own_past(farm: Farm) -> None:
    """Readings before and after carry their own tags and calibration, also when they are replayed later."""
    before = config(device("one", "a"))
    after = config(
        device("one", "a", until="2027-01-15T08:05:50Z"),
        device("one", "b", offset=2.0, **{"from": "2027-01-15T08:05:50Z"}),
    )
    farm.serve(before, *READINGS)
    farm.ask(after)
    farm.serve(after)

    assert {number for rack, number in farm.points if rack == "a"} == set(range(350))
    assert {number for rack, number in farm.points if rack == "b"} == set(range(350, 700))
    assert {fields["temperature"] for (rack, _), fields in farm.points.items() if rack == "b"} == {22.0}


def test_a_field_that_is_stored_no_more_goes(farm: Farm) -> None:
    """A point in its old place with fewer fields has no more than those."""
    farm.serve(config(), *READINGS)
    after = config(device("one", "-", offset=200.0))
    farm.ask(after)
    farm.serve(after)

    assert [sorted(fields) for fields in farm.points.values()].count(["humidity"]) == 700
    assert farm.accounts() == {"stored": len(READINGS)}
    counters = farm.state.now(lambda connection: state.counters(connection, "local"))
    assert (counters["fields_set_aside"], counters["reason.range"]) == (700, 700)


def test_the_accounts_follow_what_messages_become(farm: Farm) -> None:
    """Stored ones may be set aside, or be no reading of a route at all, and come back by the next replay."""
    strict, elsewhere = config(device("one", "a", offset=200.0), on_invalid="reading"), config(topic="other/{id}")
    farm.serve(config(), *READINGS)
    for of, accounts, points in (
        (strict, {"stored": 700, "set_aside": 700}, 700),
        (elsewhere, {"unrouted": 1_400}, 0),
        (strict, {"stored": 700, "set_aside": 700}, 700),
        (config(), {"stored": 1_400}, 1_400),
    ):
        farm.ask(of)
        farm.serve(of)

        assert farm.done
        assert farm.accounts() == accounts
        assert len(farm.store.points) == points
        letters = farm.state.now(lambda connection: list(deadletters.find(connection, Filter())))
        assert len(letters) == accounts.get("set_aside", 0)


def test_letters_that_are_gone_still_count(farm: Farm) -> None:
    """What was purged, put out or given once more counts as what it became, whatever decoding it then would say."""
    strict = config(device("one", "a", offset=200.0), on_invalid="reading")
    farm.serve(strict, *READINGS[:20])
    mild = config()

    def mark_half(connection: sqlite3.Connection) -> None:
        for letter in list(deadletters.find(connection, Filter(), limit=5)):
            deadletters.mark_for_replay(connection, Filter(id=letter.id))

    farm.state.now(mark_half)
    farm.serve(mild)
    farm.state.now(lambda connection: deadletters.purge(connection, Filter()))
    tried_again = farm.accounts()
    strange = config(device("one", "z"), device("two", "z"))
    farm.ask(strange)
    farm.serve(strange)

    assert tried_again == {"stored": 15, "set_aside": 5}
    assert farm.accounts() == {"stored": 20}
    assert {rack for rack, _ in farm.points} == {"z"}


def test_what_the_store_refused_is_offered_again(farm: Farm) -> None:
    """Points that were rejected, and put out of the dead letters since, count as set aside until they are stored."""

    def refuse(points: Sequence[Point]) -> Sequence[Rejection]:
        return [Rejection(at, Reason.REJECTED, "no") for at in range(len(points))]

    farm.answer = refuse
    farm.serve(config(), *READINGS[:20])
    refused = farm.accounts()
    farm.state.now(lambda connection: deadletters.make_room(connection, 0))
    farm.answer = lambda _: ()
    farm.ask(config())
    farm.serve(config())

    assert refused == {"set_aside": 20}
    assert farm.accounts() == {"stored": 20}
    assert farm.state.now(lambda connection: routings.exceptions(connection, "local", 0, 20)) == {}


def test_points_that_wait_for_their_bucket_are_no_loss(farm: Farm) -> None:
    """Where a replay meets a broken bucket, its messages are held, and flow once it is mended."""

    def refuse(points: Sequence[Point]) -> Sequence[Rejection]:
        if any(point.series.bucket == "Lab" for point in points):
            raise BucketError("Lab", "missing")
        return ()

    lab = config(bucket="Lab")
    farm.serve(config(), *READINGS[:20])
    farm.answer = refuse
    farm.ask(lab)
    farm.serve(lab)
    held = farm.accounts()
    farm.answer = lambda _: ()
    farm.serve(lab, secs=60)

    assert held == {"held": 20}
    assert farm.accounts() == {"stored": 20}
    assert {bucket for bucket, *_ in farm.store.points} == {"Lab"}


def test_only_what_is_asked_for_changes(farm: Farm) -> None:
    """Messages before and after stay as they are."""
    before, after = config(device("one", "a")), config(device("one", "b"))
    farm.serve(before, *READINGS)
    farm.ask(after, begin=200, until=600)
    farm.serve(after)

    assert {number for rack, number in farm.points if rack == "b"} == set(range(100, 300))
    assert len(farm.points) == len(READINGS)
    assert farm.replay.messages == 400


def test_a_replay_begins_where_it_leaves_room(farm: Farm) -> None:
    """What would fill the journal is not kept for it."""
    farm.serve(config(device("one", "a")), *READINGS[:20])
    farm.journal.start = 8
    after = config(device("one", "b"))
    farm.ask(after)
    farm.serve(after)

    assert (farm.replay.begin, farm.replay.messages) == (8, 12)
    assert {number for rack, number in farm.points if rack == "b"} == set(range(4, 10))


def test_a_replay_waits_for_a_service_with_its_configuration(farm: Farm) -> None:
    """While one runs with another nothing happens; whoever starts next takes it over with what is then in force."""
    before, after = config(device("one", "a")), config(device("one", "b"))
    farm.serve(before, *READINGS[:20], meanwhile=lambda: farm.ask(after))
    waiting = farm.replay
    farm.serve(after)

    assert waiting.phase is Phase.ASKED
    assert farm.done
    assert {rack for rack, _ in farm.points} == {"b", "-"}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("transactions", range(1, 45, 2))
def test_a_crash_at_any_step_changes_nothing_in_the_end(
    farm: Farm, transactions: int, moment: Literal["before", "after"]
) -> None:
    """Killed twice before or after any transaction, and started again, it comes to the same, with exact accounts."""
    before = config(device("one", "a"), device("two", "b"))
    after = config(device("one", "b"), device("two", "a", offset=200.0))
    farm.serve(before, *READINGS)
    farm.ask(after)
    killed = farm.serve_until_killed(after, transactions=transactions, moment=moment)
    farm.serve_until_killed(after, transactions=transactions, moment=moment)
    farm.serve(after)

    assert killed
    assert farm.done
    assert farm.accounts() == {"stored": 1_400}
    assert len(farm.points) == 1_400
    assert {rack for rack, _ in farm.points} == {"a", "b"}
    assert all(("temperature" in fields) is (rack == "b") for (rack, _), fields in farm.points.items())
    assert farm.state.now(lambda connection: state.counters(connection, "local"))["fields_set_aside"] == 700


@pytest.mark.parametrize("transactions", range(4, 45, 4))
def test_a_configuration_that_changes_in_the_middle_leaves_nothing_behind(farm: Farm, transactions: int) -> None:
    """What was half moved under one configuration is moved on under the next."""
    farm.serve(config(device("one", "a")), *READINGS)
    second, third = config(device("one", "b")), config(device("one", "c", offset=1.0))
    farm.ask(second)
    farm.serve_until_killed(second, transactions=transactions, moment="before")
    farm.serve(third)

    assert farm.done
    assert {rack for rack, _ in farm.points} == {"-", "c"}
    assert farm.accounts() == {"stored": 1_400}
    assert len(farm.points) == 1_400


def test_a_store_that_cannot_delete_is_told_of_and_tried_again(farm: Farm) -> None:
    """The replay says why it does not go on; what comes meanwhile is stored."""

    def refuse() -> None:
        raise StoreUnavailableError("out of order")

    before, after = config(device("one", "a")), config(device("one", "b"))
    farm.serve(before, *READINGS[:20])
    farm.store.refuse_deletion = refuse
    farm.ask(after)
    farm.serve(after, reading("two", 999))
    held = farm.replay
    stored = farm.accounts()
    farm.store.refuse_deletion = lambda: None
    farm.serve(after)

    assert (held.phase, held.fault) == (Phase.DELETE, "out of order")
    assert stored == {"stored": 21}
    assert farm.done
    assert farm.replay.fault == ""


def test_a_replay_that_fills_the_journal_is_a_fault(farm: Farm) -> None:
    """What waits for its store keeps what it has to read; where that leaves no room, people are told what to do."""

    def refuse() -> None:
        raise StoreUnavailableError("out of order")

    after = config(device("one", "b"))
    farm.serve(config(device("one", "a")), *READINGS[:20])
    farm.store.refuse_deletion = refuse
    farm.ask(after)
    farm.serve(after)
    with_room = farm.delivery.stats(journal_end=20, now_ns=0).fault
    farm.full = True

    assert with_room is None
    assert farm.delivery.stats(journal_end=20, now_ns=0).fault == (
        "replay 1: out of order (or give it up: journal replay --cancel 1)"
    )


def test_a_state_that_refuses_delays_it(farm: Farm) -> None:
    """A full disk under `state.db` is waited for."""
    failures = iter(range(3))

    def refuse() -> None:
        if next(failures, None) is not None:
            raise StateError("disk full")

    after = config(device("one", "b"))
    farm.serve(config(device("one", "a")), *READINGS[:20])
    farm.ask(after)
    farm.store.refuse_deletion = lambda: setattr(farm.state, "before", refuse)
    farm.serve(after)

    assert farm.done
    assert len(farm.points) == 20


def test_what_the_journal_lost_meanwhile_is_counted(farm: Farm) -> None:
    """Damaged messages stay what they counted as."""
    farm.serve(config(device("one", "a")), *READINGS[:20])
    farm.journal.slots[4:6] = [LossReason.DAMAGED] * 2
    after = config(device("one", "b"))
    farm.ask(after)
    farm.serve(after)

    assert farm.done
    assert (farm.replay.lost, farm.replay.messages) == (2, 18)
    assert farm.accounts() == {"stored": 20}


def test_a_configuration_that_cannot_be_used_any_more_is_told_of(farm: Farm) -> None:
    """What it wrote cannot be known, so nothing is touched."""
    farm.serve(config(device("one", "a")), *READINGS[:20])
    farm.state.now(lambda connection: connection.execute("UPDATE routings SET text = '{\"routes\": 3}'"))
    before = dict(farm.store.points)
    after = config(device("one", "b"))
    farm.ask(after)
    farm.serve(after)

    assert farm.replay.phase is Phase.FAILED
    assert "cannot be worked out any more" in farm.replay.fault
    assert farm.store.points == before
    assert farm.journal.readers == []


def test_messages_from_before_routings_were_kept_are_written_anew(farm: Farm) -> None:
    """Of those nothing is deleted, for nobody knows what they became; their values are corrected in their places."""
    farm.serve(config(device("one", "a")), *READINGS[:20])
    farm.state.now(lambda connection: connection.execute("DELETE FROM routed"))
    after = config(device("one", "a", offset=1.0))
    farm.ask(after)
    farm.serve(after)

    assert farm.done
    assert farm.store.deleted == 0
    assert {fields["temperature"] for (rack, _), fields in farm.points.items() if rack == "a"} == {21.0}
    assert farm.accounts() == {"stored": 20}


def test_a_replay_that_is_cancelled_ends(farm: Farm) -> None:
    """Nothing of it is done after that, and nothing is kept for it."""
    farm.serve(config(device("one", "a")), *READINGS[:20])
    after = config(device("one", "b"))
    farm.ask(after)
    number = farm.replay.id
    farm.state.now(lambda connection: replays.cancel(connection, number))
    farm.serve(after)

    assert farm.replay.phase is Phase.CANCELLED
    assert {rack for rack, _ in farm.points} == {"a", "-"}
    assert farm.journal.readers == []
