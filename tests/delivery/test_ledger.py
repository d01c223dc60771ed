"""The accounts of one store, in memory and on disk."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingestor import deadletters, state
from ingestor.deadletters import Fate, Filter, Letter
from ingestor.delivery.ledger import Ledger
from ingestor.encode.types import Registered, TypeRegistry
from ingestor.errors import StateError
from ingestor.ports import FieldType, Reason
from ingestor.routing.announced import Announced
from tests.builders import letter, message, series
from tests.routing.homes import KITCHEN, Home, body


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A `state.db` with the cursor of one store, that began at 10."""
    with closing(state.open_state(tmp_path / "state.db")) as connection:
        state.begin_cursor(connection, "local", 10)
        yield connection


def opened(
    connection: sqlite3.Connection, *, max_letter_bytes: int = 2**20, announced: Announced | None = None
) -> Ledger:
    """The ledger as a start of the service makes it."""
    return Ledger(
        "local",
        state.cursors(connection)["local"],
        totals=state.counters(connection, "local"),
        types=TypeRegistry(state.field_types(connection, "local")),
        max_letter_bytes=max_letter_bytes,
        announced=announced,
    )


def save(ledger: Ledger, connection: sqlite3.Connection) -> None:
    """Save all of it."""
    ledger.saved(ledger.save(connection), all_entered=True)


def held(position: int) -> Letter:
    """A letter of a message of 1,000 bytes that waits for its bucket."""
    of = message(b"x" * 1000, received_ns=position)
    return letter(position, of=of, part=0, reason=Reason.BUCKET, fate=Fate.HELD)._replace(bucket="Farm")


def test_totals_are_current_before_they_are_saved(connection: sqlite3.Connection) -> None:
    """What was entered counts at once, on top of what was saved; on disk it is from the save on."""
    ledger = opened(connection)
    ledger.enter(13, Counter(stored=3), [])
    save(ledger, connection)
    ledger.enter(15, Counter(stored=1, unrouted=1), [])

    assert ledger.totals == {"stored": 4, "unrouted": 1}
    assert (ledger.position, ledger.saved_position, ledger.unsaved) == (15, 13, True)
    assert state.counters(connection, "local") == {"stored": 3}
    assert state.cursors(connection)["local"] == (10, 13)


def test_a_start_goes_on_from_what_was_saved(connection: sqlite3.Connection) -> None:
    """Position and totals come back; what was not saved is to be entered again."""
    first = opened(connection)
    first.enter(13, Counter(stored=3), [])
    save(first, connection)
    first.enter(20, Counter(stored=7), [letter(14)])
    second = opened(connection)

    assert (second.began, second.position) == (10, 13)
    assert second.totals == {"stored": 3}
    assert not second.unsaved


def test_failed_save_keeps_everything_for_the_next(connection: sqlite3.Connection, tmp_path: Path) -> None:
    """A save that the disk refused changes neither side, and the next brings it all, once."""
    ledger = opened(connection)
    ledger.enter(12, Counter(stored=1, set_aside=1), [letter(11)])

    def refused(on: sqlite3.Connection) -> None:
        ledger.save(on)
        raise sqlite3.OperationalError("disk is full")

    with pytest.raises(StateError):
        state.transact(connection, refused, tmp_path / "state.db")
    unsaved = (ledger.unsaved, ledger.unsaved_bytes > 0, state.counters(connection, "local"))
    save(ledger, connection)

    assert unsaved == (True, True, {})
    assert state.counters(connection, "local") == {"stored": 1, "set_aside": 1, "reason.type": 1}
    assert len(list(deadletters.find(connection, Filter()))) == 1
    assert (ledger.unsaved, ledger.unsaved_bytes) == (False, 0)


def test_reasons_count_letters(connection: sqlite3.Connection) -> None:
    """Each letter counts under its reason, at once, and still after the save."""
    ledger = opened(connection)
    ledger.enter(13, Counter(set_aside=3), [letter(10), letter(11), letter(12, reason=Reason.RANGE)])
    at_once = dict(ledger.totals)
    save(ledger, connection)

    assert at_once == ledger.totals == {"set_aside": 3, "reason.type": 2, "reason.range": 1}


def test_types_are_saved_along(connection: sqlite3.Connection) -> None:
    """What the registry learned reaches the disk with the cursor, and is new only once."""
    types = TypeRegistry({})
    ledger = Ledger("local", state.cursors(connection)["local"], totals={}, types=types, max_letter_bytes=1000)
    types.refusals(series(types={"on": FieldType.BOOL}))
    ledger.enter(11, Counter(stored=1), [])
    save(ledger, connection)

    assert state.field_types(connection, "local") == {("Farm", "climate", "on"): Registered(FieldType.BOOL)}
    assert types.unsaved == {}


def test_letters_stay_within_their_bound(connection: sqlite3.Connection) -> None:
    """Each save puts out the oldest letters over the bound; counts of messages do not change by that."""
    ledger = opened(connection, max_letter_bytes=5000)
    for at in range(10, 30):
        ledger.enter(at + 1, Counter(set_aside=1), [letter(at, of=message(b"x" * 1000, received_ns=at))])
        save(ledger, connection)

    assert deadletters.total_bytes(connection) <= 5000
    assert [found.position for found in deadletters.find(connection, Filter())] == [26, 27, 28, 29]
    assert ledger.totals["set_aside"] == 20
    assert state.counters(connection, state.INTAKE)["dead_letters_put_out"] == 16


def test_held_letters_alone_may_fill_the_bound(connection: sqlite3.Connection) -> None:
    """When they do, no more may be held, until some of them flow."""
    ledger = opened(connection, max_letter_bytes=3000)
    may_hold = [ledger.may_hold]
    for at in range(10, 13):
        ledger.enter(at + 1, Counter(held=1), [held(at)])
        may_hold.append(ledger.may_hold)
        save(ledger, connection)
        may_hold.append(ledger.may_hold)
    returned = deadletters.held(connection, "local")
    ledger.saved(ledger.save_returned(connection, returned, Counter(held=-3, stored=3), []), all_entered=False)

    assert may_hold == [True, True, True, True, True, False, False]
    assert ledger.may_hold
    assert ledger.totals == {"held": 0, "stored": 3, "reason.bucket": 3}


def test_tried_again_leaves_what_is_not_saved(connection: sqlite3.Connection) -> None:
    """Saving the outcome of a replay neither loses nor doubles what was entered meanwhile."""
    ledger = opened(connection)
    ledger.enter(11, Counter(set_aside=1), [letter(10)])
    save(ledger, connection)
    deadletters.mark_for_replay(connection, Filter())
    returned = deadletters.marked(connection, "local")
    ledger.enter(12, Counter(stored=1), [])
    ledger.saved(ledger.save_returned(connection, returned, Counter(set_aside=-1, stored=1), []), all_entered=False)
    between = dict(ledger.totals)
    save(ledger, connection)

    assert between == {"stored": 2, "set_aside": 0, "reason.type": 1}
    assert ledger.totals == between == state.counters(connection, "local")
    assert state.cursors(connection)["local"].position == 12


def test_the_cursor_passes_no_announcement_that_is_not_kept(connection: sqlite3.Connection) -> None:
    """What was announced is on disk with it; what is announced while that is written follows with the next."""
    home = Home()
    home.announce(body())
    ledger = opened(connection, announced=home.table.announced)
    ledger.enter(11, Counter(ignored=1), [])
    saved = ledger.save(connection)
    home.announce(None)
    ledger.saved(saved, all_entered=True)

    assert [(one.topic, one.received_ns) for one in state.announcements(connection)] == [(KITCHEN, 1)]
    assert [one.received_ns for one in home.table.announced.unsaved] == [2]


def test_announcements_that_are_tried_again_are_kept(connection: sqlite3.Connection) -> None:
    """With what becomes of them."""
    home = Home()
    home.announce(body())
    ledger = opened(connection, announced=home.table.announced)
    ledger.saved(ledger.save_returned(connection, [], Counter(), []), all_entered=False)

    assert len(state.announcements(connection)) == 1
    assert home.table.announced.unsaved == ()
