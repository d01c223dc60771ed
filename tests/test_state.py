"""`state.db`: transactions, cursors, counters and small facts."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ingestor import deadletters, state
from ingestor.encode.types import Registered
from ingestor.errors import DataDirError, StateError
from ingestor.ports import FieldType
from ingestor.state import CursorRow, State, open_state, read_field_types
from tests.builders import letter, message
from tests.support import run

TEMPERATURE, ON = ("Farm", "climate", "temperature"), ("Farm", "climate", "on")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "data" / "state.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """The open file."""
    with closing(open_state(path)) as connection:
        yield connection


def failing(connection: sqlite3.Connection) -> None:
    """Work that changes something and then fails."""
    state.set_fact(connection, "name", "value")
    raise LookupError("half way")


def test_work_is_on_disk_when_it_returns(path: Path) -> None:
    """What one opening wrote, the next one reads; the folder is made."""

    async def main() -> str | None:
        async with State(path) as first:
            await first.run(lambda connection: state.set_fact(connection, "name", "value"))
        async with State(path) as second:
            return await second.run(lambda connection: state.fact(connection, "name"))

    assert run(main()) == "value"


def test_work_that_fails_changes_nothing(path: Path) -> None:
    """The error comes through as it is, the file is as before, and the next transaction goes well."""

    async def main() -> str | None:
        async with State(path) as opened:
            with pytest.raises(LookupError):
                await opened.run(failing)
            return await opened.run(lambda connection: state.fact(connection, "name"))

    assert run(main()) is None


def test_locked_file_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the file, work is refused with a StateError, and runs once it lets go."""
    monkeypatch.setattr(state, "_BUSY_SECS", 0.01)

    async def main() -> dict[str, int]:
        async with State(path) as opened:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(StateError, match=r"state\.db cannot be written: database is locked"):
                    await opened.run(lambda connection: state.count(connection, "local", {"stored": 1}))
            await opened.run(lambda connection: state.count(connection, "local", {"stored": 1}))
            return await opened.run(lambda connection: state.counters(connection, "local"))

    assert run(main()) == {"stored": 1}


def test_full_disk_changes_nothing(connection: sqlite3.Connection, path: Path) -> None:
    """What does not fit is refused as a whole, and the connection stays usable."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StateError, match="full"):
        state.transact(connection, lambda on: state.set_fact(on, "name", "x" * 100_000), path)
    assert state.transact(connection, lambda on: state.fact(on, "name"), path) is None


def test_work_does_not_stop_the_loop(path: Path) -> None:
    """While a transaction waits for the disk, the event loop goes on."""

    async def main() -> bool:
        looped = threading.Event()
        async with State(path) as opened:
            asyncio.get_running_loop().call_soon(looped.set)
            return await opened.run(lambda _: looped.wait(10))

    assert run(main())


def test_use_before_entering_is_an_error(path: Path) -> None:
    """A state that was not entered refuses work and makes no file."""
    with pytest.raises(StateError, match="not open"):
        run(State(path).run(lambda _: None))
    assert not path.exists()


def garbage(path: Path) -> None:
    """Not a SQLite file."""
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)


def folder(path: Path) -> None:
    """A folder of that name."""
    path.mkdir(parents=True)


def file_for_folder(path: Path) -> None:
    """A file where the folder should be."""
    path.parent.write_text("")


def newer(path: Path) -> None:
    """A file of a later version."""
    with closing(open_state(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("spoil", [garbage, folder, file_for_folder, newer])
def test_unusable_file_is_named(path: Path, spoil: Callable[[Path], None]) -> None:
    """What cannot be opened ends in a DataDirError with the file's name, and leaves no thread behind."""
    spoil(path)

    async def main() -> None:
        async with State(path):
            pytest.fail("opened")

    with pytest.raises(DataDirError, match=r"state\.db"):
        run(main())


def test_two_processes_may_make_it_at_once(path: Path) -> None:
    """Whoever comes first makes the schema; all of them can use it."""
    with ThreadPoolExecutor(8) as pool:
        connections = list(pool.map(open_state, [path] * 8))
    for opened in connections:
        state.count(opened, "local", {"stored": 1})
        opened.close()

    with closing(open_state(path)) as connection:
        assert state.counters(connection, "local") == {"stored": 8}


def test_facts_are_replaced(connection: sqlite3.Connection) -> None:
    """A fact is the last one set; one never set is None."""
    state.set_fact(connection, "client_id", "a")
    state.set_fact(connection, "client_id", "b")

    assert state.fact(connection, "client_id") == "b"
    assert state.fact(connection, "other") is None


def test_counters_add_up(connection: sqlite3.Connection) -> None:
    """Deltas of either sign are added; those of one store leave another's alone; 0 makes no row."""
    state.count(connection, "local", {"stored": 5, "held": 3, "dropped": 0})
    state.count(connection, "local", {"stored": 2, "held": -3})
    state.count(connection, "farm", {"stored": 1})

    assert state.counters(connection, "local") == {"stored": 7, "held": 0}
    assert state.counters(connection, "farm") == {"stored": 1}


def test_cursors_remember_where_they_began(connection: sqlite3.Connection) -> None:
    """Moving a cursor leaves its beginning, and other cursors."""
    state.begin_cursor(connection, "local", 10)
    state.begin_cursor(connection, "farm", 20)
    state.move_cursor(connection, "local", 15)

    assert state.cursors(connection) == {"local": CursorRow(10, 15), "farm": CursorRow(20, 20)}


def test_types_are_registered_and_learned_anew(connection: sqlite3.Connection) -> None:
    """The type that was registered last counts, for the store that it was registered for."""
    state.add_field_types(connection, "local", {TEMPERATURE: FieldType.FLOAT, ON: FieldType.BOOL})
    state.add_field_types(connection, "local", {TEMPERATURE: FieldType.TEXT})

    assert state.field_types(connection, "local") == {
        TEMPERATURE: Registered(FieldType.TEXT),
        ON: Registered(FieldType.BOOL),
    }
    assert state.field_types(connection, "farm") == {}


def test_pinned_types_stay(connection: sqlite3.Connection) -> None:
    """What a person decided is changed by that person alone, whether it was registered before or not."""
    state.add_field_types(connection, "local", {TEMPERATURE: FieldType.FLOAT})
    for key in (TEMPERATURE, ON):
        state.pin_field_type(connection, "local", key, FieldType.FLOAT)
        state.pin_field_type(connection, "local", key, FieldType.INT)
    state.add_field_types(connection, "local", {TEMPERATURE: FieldType.TEXT, ON: FieldType.TEXT})

    assert state.field_types(connection, "local") == dict.fromkeys(
        (TEMPERATURE, ON), Registered(FieldType.INT, pinned=True)
    )


def make_version_1(path: Path) -> None:
    """A file as the first version left it, with one registered type."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("".join(state.LAYOUTS[1]))
        connection.execute("INSERT INTO field_types VALUES ('local', 'Farm', 'climate', 'temperature', 'float')")
        state.set_fact(connection, "client_id", "a")
        connection.execute("PRAGMA user_version = 1")


def test_a_file_of_version_1_is_taken_over(path: Path) -> None:
    """What it holds stays, its types are not pinned, and it is used like a new one from then on."""
    make_version_1(path)
    with closing(open_state(path)) as connection:
        taken_over = state.field_types(connection, "local")
        state.pin_field_type(connection, "local", TEMPERATURE, FieldType.INT)
    with closing(open_state(path)) as connection:
        assert state.field_types(connection, "local") == {TEMPERATURE: Registered(FieldType.INT, pinned=True)}
        assert state.fact(connection, "client_id") == "a"
    assert taken_over == {TEMPERATURE: Registered(FieldType.FLOAT)}


def test_a_file_that_is_taken_over_is_like_a_new_one(path: Path, tmp_path: Path) -> None:
    """Whatever version a file is of, it has all tables in the end, with the same columns."""
    make_version_1(path)
    tables = [_columns(path), _columns(tmp_path / "new.db")]

    assert tables[0] == tables[1]
    assert "journal_replays" in tables[0]


def _columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The columns of each table, once the file was opened."""
    with closing(open_state(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names}


def test_two_processes_may_take_it_over_at_once(path: Path) -> None:
    """Whoever comes first does it, and the others find it done."""
    make_version_1(path)
    with ThreadPoolExecutor(8) as pool:
        for opened in list(pool.map(open_state, [path] * 8)):
            assert state.field_types(opened, "local") == {TEMPERATURE: Registered(FieldType.FLOAT)}
            opened.close()


def test_types_are_read_beside_a_running_service(path: Path, connection: sqlite3.Connection) -> None:
    """A reader sees them without the right to change anything, while the file is open for writing and afterwards."""
    state.add_field_types(connection, "local", {TEMPERATURE: FieldType.FLOAT})
    beside = read_field_types(path, "local")
    connection.close()

    assert beside == read_field_types(path, "local") == {TEMPERATURE: Registered(FieldType.FLOAT)}


@pytest.mark.parametrize("spoil", [garbage, folder, newer, make_version_1])
def test_what_cannot_be_read_is_named(path: Path, spoil: Callable[[Path], None]) -> None:
    """A reader changes no file, so it also leaves one of an older version alone."""
    spoil(path)

    with pytest.raises(DataDirError, match=r"state\.db"):
        read_field_types(path, "local")


def test_forgetting_a_store_leaves_the_others(connection: sqlite3.Connection) -> None:
    """Everything of the store goes, and raw messages that only it had; nothing of another store does."""
    for store in ("local", "farm"):
        state.begin_cursor(connection, store, 0)
        state.count(connection, store, {"stored": 1})
        state.add_field_types(connection, store, {("Farm", "climate", "on"): FieldType.BOOL})
        deadletters.add(connection, store, [letter(7)])
    deadletters.add(connection, "local", [letter(8)])

    assert state.forget_store(connection, "local")
    assert state.cursors(connection) == {"farm": CursorRow(0, 0)}
    assert (state.counters(connection, "local"), state.field_types(connection, "local")) == ({}, {})
    assert (state.counters(connection, "farm"), len(state.field_types(connection, "farm"))) == ({"stored": 1}, 1)
    assert [(found.store, found.position) for found in deadletters.find(connection, deadletters.Filter())] == [
        ("farm", 7)
    ]
    assert connection.execute("SELECT position FROM raw").fetchall() == [(7,)]


def test_forgetting_an_unknown_store_says_so(connection: sqlite3.Connection) -> None:
    """There is nothing to forget of a store that never began."""
    assert not state.forget_store(connection, "nobody")


def test_announcements_are_kept_as_they_came(connection: sqlite3.Connection) -> None:
    """Each once, however often it is kept."""
    came = [message(b"{}", topic="a", received_ns=1), message(b"", topic="a", received_ns=2)]
    for _ in range(2):
        state.add_announcements(connection, came)

    assert sorted(state.announcements(connection)) == sorted(came)


def test_announcements_that_no_message_needs_are_let_go_of(connection: sqlite3.Connection) -> None:
    """What holds for the oldest message stays, and what came after it; what was taken back by then is gone."""
    kept = [("a", 3, b"2"), ("a", 7, b""), ("b", 1, b"1"), ("d", 6, b"1")]
    gone = [("a", 1, b"1"), ("c", 1, b"1"), ("c", 4, b"")]
    came = [message(payload, topic=topic, received_ns=when) for topic, when, payload in kept + gone]
    state.add_announcements(connection, came)

    assert state.forget_announcements(connection, 5) == 5
    assert sorted((one.topic, one.received_ns, one.payload) for one in state.announcements(connection)) == kept


def test_announcements_that_a_dead_letter_needs_stay(connection: sqlite3.Connection) -> None:
    """It may be tried again long after the journal has forgotten its message."""
    came = [message(payload, topic="a", received_ns=when) for when, payload in ((1, b"1"), (3, b"2"), (5, b""))]
    state.add_announcements(connection, came)
    state.begin_cursor(connection, "local", 0)
    deadletters.add(connection, "local", [letter(0, of=message(received_ns=2))])

    assert state.forget_announcements(connection, 9) == 2
    assert len(state.announcements(connection)) == 3
