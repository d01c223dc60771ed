"""What was set aside, and what can be done with it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestor import deadletters, state
from ingestor.deadletters import NEVER_JOURNALED, Fate, Filter, Letter
from ingestor.ports import Message, Reason
from tests.builders import letter, message

ALL = Filter()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A new `state.db`."""
    with closing(state.open_state(tmp_path / "state.db")) as connection:
        yield connection


def held(position: int, *, bucket: str = "Farm", of: Message | None = None) -> Letter:
    """A letter of a message whose first point waits for its bucket."""
    waits = letter(position, of=of, part=0, reason=Reason.BUCKET, fate=Fate.HELD)
    return waits._replace(bucket=bucket)


def positions(connection: sqlite3.Connection, which: Filter = ALL) -> list[int]:
    """Of the letters that are there, oldest first."""
    return [found.position for found in deadletters.find(connection, which)]


def raw_messages(connection: sqlite3.Connection) -> int:
    """How many raw messages are kept."""
    return int(connection.execute("SELECT count(*) FROM raw").fetchone()[0])


def test_raw_message_is_kept_once(connection: sqlite3.Connection) -> None:
    """However many stores and points refuse something of a message, its bytes are there once."""
    deadletters.add(connection, "local", [letter(1, part=0), letter(1, part=1)])
    deadletters.add(connection, "farm", [letter(1)])

    assert positions(connection) == [1, 1, 1]
    assert raw_messages(connection) == 1


def test_adding_again_changes_nothing(connection: sqlite3.Connection) -> None:
    """A journal that is delivered again makes no second letter."""
    for _ in range(2):
        deadletters.add(connection, "local", [letter(1), letter(2, reason=Reason.RANGE)])

    assert positions(connection) == [1, 2]


def test_never_journaled_are_told_apart_by_receipt(connection: sqlite3.Connection) -> None:
    """Messages without a position are different ones when they came at different times."""
    for received_ns in (5, 6, 6):
        deadletters.add(connection, "", [letter(NEVER_JOURNALED, of=message(received_ns=received_ns))])

    assert [found.received_ns for found in deadletters.find(connection, ALL)] == [5, 6]


def test_oldest_make_room(connection: sqlite3.Connection) -> None:
    """Over the bound the oldest go, as few as it takes; what went is counted."""
    deadletters.add(connection, "local", [letter(at, of=message(b"x" * 1000, received_ns=at)) for at in range(10)])
    size = deadletters.total_bytes(connection) // 10
    put_out = deadletters.make_room(connection, 3 * size)

    assert put_out == 7
    assert positions(connection) == [7, 8, 9]
    assert deadletters.total_bytes(connection) == 3 * size
    assert state.counters(connection, state.INTAKE)["dead_letters_put_out"] == 7


def test_held_are_never_put_out(connection: sqlite3.Connection) -> None:
    """The oldest stay when they are held, even when nothing else is left to go."""
    deadletters.add(connection, "local", [held(at) for at in range(3)])
    deadletters.add(connection, "local", [letter(at) for at in range(3, 6)])
    held_bytes = deadletters.held_bytes(connection)
    put_out = deadletters.make_room(connection, 0)

    assert put_out == 3
    assert positions(connection) == [0, 1, 2]
    assert deadletters.total_bytes(connection) == held_bytes > 0


def test_nothing_goes_while_there_is_room(connection: sqlite3.Connection) -> None:
    """At the bound exactly, all stay."""
    deadletters.add(connection, "local", [letter(at) for at in range(3)])

    assert deadletters.make_room(connection, deadletters.total_bytes(connection)) == 0
    assert positions(connection) == [0, 1, 2]


def test_marked_come_back_as_they_came(connection: sqlite3.Connection) -> None:
    """What is taken out for replay is the very message, once, however many of its letters are marked."""
    original = Message("rack 1/ü", b"\x00\xff", 7, flags=0x0B, packet_id=9, properties=b"\x01\x02")
    deadletters.add(connection, "local", [letter(3, of=original, part=part) for part in (0, 1)])
    deadletters.add(connection, "local", [letter(4)])
    marked = deadletters.mark_for_replay(connection, Filter(topic=lambda topic: topic == "rack 1/ü"))

    assert marked == 2
    assert [one[1:] for one in deadletters.marked(connection, "local")] == [(3, original, Fate.SET_ASIDE)]
    assert deadletters.marked(connection, "farm") == []


def test_held_come_back_oldest_first(connection: sqlite3.Connection) -> None:
    """What waits for its bucket needs no mark, and takes none."""
    deadletters.add(connection, "local", [held(at) for at in (2, 5, 9)])
    deadletters.add(connection, "local", [letter(3)])

    assert deadletters.mark_for_replay(connection, ALL) == 1
    assert [one.position for one in deadletters.held(connection, "local")] == [2, 5, 9]


def test_closed_buckets_keep_their_letters_to_themselves(connection: sqlite3.Connection) -> None:
    """What waits for a bucket that is still broken does not stand in the way of what waits for another."""
    deadletters.add(connection, "local", [held(at, bucket="Lab") for at in range(600)])
    deadletters.add(connection, "local", [held(600, bucket="Farm")])

    assert [one.position for one in deadletters.held(connection, "local", closed=["Lab", "Home"])] == [600]
    assert deadletters.held(connection, "local", closed=["Lab", "Farm"]) == []


@pytest.mark.parametrize(("payload_bytes", "expected"), [(10, 500), (2**20, 4)])
def test_few_come_back_at_once(connection: sqlite3.Connection, payload_bytes: int, expected: int) -> None:
    """A round of replay is bounded in messages and in bytes."""
    payload = b"x" * payload_bytes
    deadletters.add(
        connection,
        "local",
        [held(at, of=message(payload, received_ns=at)) for at in range(expected + 3)],
    )

    assert len(deadletters.held(connection, "local")) == expected


def test_what_was_right_is_forgotten(connection: sqlite3.Connection) -> None:
    """After a replay only what is still wrong remains, unmarked, with its new reason."""
    deadletters.add(connection, "local", [letter(1), letter(2)])
    deadletters.mark_for_replay(connection, ALL)
    returned = deadletters.marked(connection, "local")
    deadletters.settle(connection, "local", returned, [letter(2, reason=Reason.RANGE)])

    assert [(found.position, found.reason, found.replay) for found in deadletters.find(connection, ALL)] == [
        (2, "range", False)
    ]
    assert raw_messages(connection) == 1


def test_other_stores_keep_their_letters(connection: sqlite3.Connection) -> None:
    """A replay into one store forgets nothing of another."""
    for store in ("local", "farm"):
        deadletters.add(connection, store, [letter(1)])
    deadletters.mark_for_replay(connection, Filter(store="local"))
    deadletters.settle(connection, "local", deadletters.marked(connection, "local"), [])

    assert [found.store for found in deadletters.find(connection, ALL)] == ["farm"]
    assert raw_messages(connection) == 1


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"id": 2}, [2]),
        ({"store": "farm"}, [3]),
        ({"reason": "range"}, [2, 3]),
        ({"since_ns": 2}, [2, 3]),
        ({"until_ns": 2}, [1]),
        ({"topic": lambda topic: topic.endswith("power")}, [2]),
        ({"reason": "range", "store": "local", "since_ns": 1, "until_ns": 3}, [2]),
        ({"reason": "tag"}, []),
    ],
)
def test_filters_narrow_together(connection: sqlite3.Connection, which: Mapping[str, Any], expected: list[int]) -> None:
    """Each condition narrows; listing, marking and purging mean the same letters."""
    deadletters.add(connection, "local", [letter(1)])
    power = message(topic="rack1/power", received_ns=2)
    deadletters.add(connection, "local", [letter(2, of=power, reason=Reason.RANGE)])
    deadletters.add(connection, "farm", [letter(3, reason=Reason.RANGE)])
    meant = Filter(**which)

    assert positions(connection, meant) == expected
    assert deadletters.mark_for_replay(connection, meant) == len(expected)
    assert deadletters.purge(connection, meant) == len(expected)
    assert sorted(positions(connection) + expected) == [1, 2, 3]


def test_listing_can_be_limited(connection: sqlite3.Connection) -> None:
    """The limit takes the oldest."""
    deadletters.add(connection, "local", [letter(at) for at in range(5)])

    assert [found.position for found in deadletters.find(connection, ALL, limit=2)] == [0, 1]


def test_oversize_cannot_be_replayed(connection: sqlite3.Connection) -> None:
    """Of a message over the size limit only the head is there: it is not marked."""
    deadletters.add(connection, "", [letter(NEVER_JOURNALED, reason=Reason.TOO_LARGE)])

    assert deadletters.mark_for_replay(connection, ALL) == 0


def test_purging_spares_the_held(connection: sqlite3.Connection) -> None:
    """Held letters go only when that is said."""
    deadletters.add(connection, "local", [held(1), letter(2)])

    assert deadletters.purge(connection, ALL) == 1
    assert positions(connection) == [1]
    assert raw_messages(connection) == 1


def test_purged_held_count_as_dropped(connection: sqlite3.Connection) -> None:
    """A message given up is counted once, and goes with all its letters, also those that the filter does not mean."""
    state.count(connection, "local", {"held": 2})
    deadletters.add(connection, "local", [held(1), letter(1, part=1, fate=Fate.HELD), held(2)])

    assert deadletters.purge(connection, Filter(until_ns=2, reason="bucket"), also_held=True) == 2
    assert state.counters(connection, "local") == {"held": 1, "dropped": 1}
    assert positions(connection) == [2]
    assert deadletters.total_bytes(connection) == deadletters.held_bytes(connection)


def test_purged_while_it_is_tried_again(connection: sqlite3.Connection) -> None:
    """A held message that is given up while a replay of it is under way counts as what the replay makes of it."""
    state.count(connection, "local", {"held": 1})
    deadletters.add(connection, "local", [held(1)])
    returned = deadletters.held(connection, "local")
    deadletters.purge(connection, ALL, also_held=True)
    deadletters.settle(connection, "local", returned, [])
    state.count(connection, "local", {"held": -1, "stored": 1})

    assert state.counters(connection, "local") == {"held": 0, "dropped": 0, "stored": 1}


def test_names_of_fields_can_be_counted(connection: sqlite3.Connection) -> None:
    """Payloads may name fields with commas; in a letter there are commas between names alone."""
    one = letter(1)._replace(point=0, fields=("a,b", "c"), fate=Fate.STORED)
    deadletters.add(connection, "local", [one])
    returned = deadletters.of_positions(connection, "local", 0, 9)

    assert [found.fields for found in deadletters.find(connection, ALL)] == ["a;b,c"]
    assert deadletters.fields_left_out(connection, "local", returned) == 2


def test_a_message_of_many_readings_is_kept_once(connection: sqlite3.Connection) -> None:
    """Its bytes are handed over once for many letters, and each letter counts for what its own rows take."""
    whole = message(b"x" * 2**20)
    deadletters.add(connection, "local", (letter(1, of=whole, part=point) for point in range(2_000)))

    assert raw_messages(connection) == 1
    assert len(positions(connection)) == 2_000
    assert deadletters.total_bytes(connection) > len(whole.payload) + 2_000 * 100
    assert deadletters.make_room(connection, 0) == 1
    assert deadletters.total_bytes(connection) == 0
