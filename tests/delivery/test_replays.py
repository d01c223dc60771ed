"""What people asked to be replayed, as it is kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.delivery import replays
from ingestor.delivery.replays import Phase
from ingestor.state import open_state


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An open state."""
    with closing(open_state(tmp_path / "state.db")) as connection:
        yield connection


def ask(connection: sqlite3.Connection, *, store: str = "local", routing: int = 1) -> int:
    """Ask for one."""
    return replays.ask(connection, store, 10, None, routing=routing, now_ns=5)


def test_they_come_in_the_order_they_were_asked_for(connection: sqlite3.Connection) -> None:
    """One after the other for each store."""
    first, of_other, second = ask(connection), ask(connection, store="farm"), ask(connection)
    begun = replays.next_of(connection, "local")
    assert begun is not None
    replays.save(connection, begun._replace(phase=Phase.DONE, messages=3))
    following = replays.next_of(connection, "local")
    other = replays.next_of(connection, "farm")

    assert begun.id == first
    assert (begun.begin, begun.until, begun.phase, begun.position) == (10, None, Phase.ASKED, 10)
    assert following is not None
    assert following.id == second
    assert other is not None
    assert other.id == of_other
    assert replays.next_of(connection, "none") is None
    assert [(one.id, one.messages) for one in replays.all_of(connection)] == [(first, 3), (of_other, 0), (second, 0)]


def test_a_start_with_another_configuration_begins_anew(connection: sqlite3.Connection) -> None:
    """What was under way is under way from its beginning, what was not has not begun, what is over stays over."""
    for phase in (Phase.ASKED, Phase.DELETE, Phase.WRITE, Phase.DONE, Phase.FAILED):
        ask(connection)
        last = replays.all_of(connection)[-1]
        replays.save(connection, last._replace(phase=phase, until=90, position=50))
    replays.retarget(connection, "local", 1)
    as_before = replays.all_of(connection)
    replays.retarget(connection, "local", 2)
    anew = replays.all_of(connection)

    assert [one.position for one in as_before] == [50] * 5
    assert [one.phase for one in anew] == [Phase.ASKED, Phase.DELETE, Phase.DELETE, Phase.DONE, Phase.FAILED]
    assert [one.position for one in anew] == [10, 10, 10, 50, 50]
    assert [one.routing for one in anew] == [2, 2, 2, 1, 1]


def test_one_that_was_given_up_stays_so(connection: sqlite3.Connection) -> None:
    """Whoever was just working on it cannot bring it back."""
    number = ask(connection)
    under_way = replays.next_of(connection, "local")
    assert under_way is not None
    given_up = replays.cancel(connection, number)
    replays.save(connection, under_way._replace(phase=Phase.WRITE))

    assert given_up == under_way
    assert replays.cancel(connection, number) is None
    assert replays.cancel(connection, 99) is None
    assert [one.phase for one in replays.all_of(connection)] == [Phase.CANCELLED]


def test_only_the_last_that_are_over_are_kept(connection: sqlite3.Connection) -> None:
    """However often people replay; what is not over is never put out."""
    ask(connection, store="farm")
    for _ in range(50):
        number = ask(connection)
        replays.cancel(connection, number)
    kept = replays.all_of(connection)

    assert kept[0].store == "farm"
    assert len(kept) <= 22
