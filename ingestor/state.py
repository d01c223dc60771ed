"""`state.db`: what must survive a restart besides the journal. One SQLite file, one thread, one transaction at a time.

Here are the file, its schema, cursors, counters and small facts; dead letters have a file of their own.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from ingestor.encode.types import FieldKey, Registered
from ingestor.errors import DataDirError, StateError
from ingestor.ports import FieldType, Message

FILE_NAME = "state.db"
"""What it is called in the data directory."""

_BUSY_SECS = 2.0  # transactions of ours are short, and stopping must not wait long for one

_FIRST = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cursors (store TEXT PRIMARY KEY, began INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (
    store TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (store, name)
) WITHOUT ROWID;
CREATE TABLE field_types (
    store TEXT NOT NULL, bucket TEXT NOT NULL, measurement TEXT NOT NULL, field TEXT NOT NULL, type TEXT NOT NULL,
    PRIMARY KEY (store, bucket, measurement, field)
) WITHOUT ROWID;
-- A message of which something was set aside, once, however many stores and points refused something of it.
-- One that was never journaled has position -1 and is known by its time of receipt.
CREATE TABLE raw (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, received_ns INTEGER NOT NULL, topic TEXT NOT NULL,
    bytes INTEGER NOT NULL, flags INTEGER NOT NULL, packet_id INTEGER NOT NULL, properties BLOB NOT NULL,
    payload BLOB NOT NULL, UNIQUE (position, received_ns)
);
-- point: -1 for all of the message. fate: what the message counts as for this store: stored, set_aside or held.
-- bucket: the one that the point waits for, where it does.
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, raw INTEGER NOT NULL REFERENCES raw (id), store TEXT NOT NULL,
    point INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, fields TEXT NOT NULL,
    fate TEXT NOT NULL, bucket TEXT NOT NULL, replay INTEGER NOT NULL DEFAULT 0, UNIQUE (raw, store, point)
);
CREATE INDEX replays ON dead_letters (store, raw, fate) WHERE replay;
CREATE INDEX held ON dead_letters (store, raw, bucket) WHERE fate = 'held';
INSERT INTO counters VALUES ('', 'dead_letter_bytes', 0);
CREATE TRIGGER raw_in AFTER INSERT ON raw BEGIN
    UPDATE counters SET value = value + new.bytes WHERE store = '' AND name = 'dead_letter_bytes';
END;
CREATE TRIGGER raw_out AFTER DELETE ON raw BEGIN
    UPDATE counters SET value = value - old.bytes WHERE store = '' AND name = 'dead_letter_bytes';
END;
"""

_PINNED = """
-- pinned: a person decided it, and what the store holds does not change it.
ALTER TABLE field_types ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
"""

_REPLAYS = """
-- What decides how messages are decoded, as text, each once.
CREATE TABLE routings (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
-- From which position and before which one a store was given messages under a routing; "until" is NULL where it still
-- is. Where it is not sure, some of them may have been given it: a crash or a replay came between.
CREATE TABLE routed (
    id INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, routing INTEGER NOT NULL, "begin" INTEGER NOT NULL,
    "until" INTEGER, sure INTEGER NOT NULL
);
CREATE INDEX routed_of ON routed (store, "begin");
-- Messages that were given to a store once more, under a routing of their own; and what messages count as, where that
-- cannot be told from their letters, which are gone.
CREATE TABLE exceptions (
    store TEXT NOT NULL, position INTEGER NOT NULL, fate TEXT NOT NULL, routing INTEGER,
    PRIMARY KEY (store, position)
) WITHOUT ROWID;
-- What people asked for. phase: asked, delete, write, done, failed or cancelled. "until" is NULL for all that the
-- store has when it begins.
CREATE TABLE journal_replays (
    id INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, asked_ns INTEGER NOT NULL, routing INTEGER NOT NULL,
    "begin" INTEGER NOT NULL, "until" INTEGER, phase TEXT NOT NULL, position INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0, fault TEXT NOT NULL DEFAULT ''
);
"""

_ANNOUNCEMENTS = """
-- What devices announced, as it came, from when on; an empty payload takes it back.
CREATE TABLE announcements (
    topic TEXT NOT NULL, received_ns INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (topic, received_ns)
) WITHOUT ROWID;
"""

_TASKS = """
-- When each task ran and what came of it. faults: how often what went wrong, as JSON.
CREATE TABLE task_results (
    task TEXT PRIMARY KEY, turn_ns INTEGER, began_ns INTEGER, ended_ns INTEGER, succeeded_ns INTEGER, next_ns INTEGER,
    outcome TEXT NOT NULL, words TEXT NOT NULL, runs INTEGER NOT NULL, failures INTEGER NOT NULL, faults TEXT NOT NULL
) WITHOUT ROWID;
-- Runs that people asked for. outcome is empty until one is over.
CREATE TABLE task_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, asked_ns INTEGER NOT NULL,
    outcome TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT ''
);
"""

LAYOUTS: Mapping[int, Sequence[str]] = {1: (_FIRST,), 2: (_PINNED,), 3: (_REPLAYS, _ANNOUNCEMENTS, _TASKS)}
"""What each version of the layout brought. A file goes through those that it has not been through."""

_VERSION = max(LAYOUTS)

INTAKE = ""
"""The name under which counters that belong to no store are kept."""

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
"""What `State.run` runs: everything it does is one transaction."""


class CursorRow(NamedTuple):
    """Where a store began in the journal, and up to where it has everything."""

    began: int
    position: int


class State:
    """The open file. All access goes through `run`, in a thread of its own, so the event loop never waits for it.

    Args:
        path: The file; made with its schema when it is not there.

    Raises:
        DataDirError: On entering, when it cannot be opened or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._connection: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        try:
            self._connection = await asyncio.get_running_loop().run_in_executor(self._thread, open_state, self._path)
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def run(self, work: Work[Result]) -> Result:
        """Run `work` as one transaction; what it changed is on disk when this returns.

        Raises:
            StateError: Nothing was changed (a full or failing disk, or another process holds the file).
        """
        if self._connection is None:
            raise StateError(f"{self._path} is not open")
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, transact, self._connection, work, self._path
        )


def transact(connection: sqlite3.Connection, work: Work[Result], path: Path) -> Result:
    """Run `work` between BEGIN and COMMIT.

    Raises:
        StateError: Nothing was changed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise StateError(f"{path} cannot be written: {error}") from error
    return result


def open_state(path: Path) -> sqlite3.Connection:
    """Open the file for reading and writing; the caller closes it.

    Several processes may have it open: WAL mode, and each waits for the other's short transactions.

    Raises:
        DataDirError: It cannot be opened, is not ours, or was written by a newer version.
    """
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _create(connection)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise DataDirError(f"{path} cannot be opened: {error}") from error
    if version != _VERSION:
        connection.close()
        raise DataDirError(_other_version(path, version))
    return connection


def _other_version(path: Path, version: int) -> str:
    return f"{path} was written by another version of ingestor (its layout is {version}, ours {_VERSION})"


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")  # two processes may meet here
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for newer in range(version + 1, _VERSION + 1):
        for statement in _statements("".join(LAYOUTS[newer])):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {newer}")
    connection.execute("COMMIT")


def _statements(script: str) -> Iterable[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


# What follows runs inside a transaction: pass it to `State.run`.


def fact(connection: sqlite3.Connection, name: str) -> str | None:
    """A small fact by its name, or None."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_fact(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a small fact under its name."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def cursors(connection: sqlite3.Connection) -> dict[str, CursorRow]:
    """Every store's cursor, by the store's name."""
    return {name: CursorRow(began, position) for name, began, position in connection.execute("SELECT * FROM cursors")}


def begin_cursor(connection: sqlite3.Connection, store: str, position: int) -> None:
    """A new store begins at `position`."""
    connection.execute("INSERT INTO cursors VALUES (?, ?, ?)", (store, position, position))


def move_cursor(connection: sqlite3.Connection, store: str, position: int) -> None:
    """Everything before `position` is accounted for in this store."""
    connection.execute("UPDATE cursors SET position = ? WHERE store = ?", (position, store))


def counters(connection: sqlite3.Connection, store: str) -> dict[str, int]:
    """All counters of a store (or of `INTAKE`)."""
    return dict(connection.execute("SELECT name, value FROM counters WHERE store = ?", (store,)))


def count(connection: sqlite3.Connection, store: str, deltas: Mapping[str, int]) -> None:
    """Add to counters; one that is not there yet starts at 0."""
    connection.executemany(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
        [(store, name, delta) for name, delta in deltas.items() if delta],
    )


def set_count(connection: sqlite3.Connection, store: str, name: str, value: int) -> None:
    """Make a counter this; where it is that already, nothing is written."""
    connection.execute(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        " WHERE value != excluded.value",
        (store, name, value),
    )


def field_types(connection: sqlite3.Connection, store: str) -> dict[FieldKey, Registered]:
    """How each field of a store is registered, by bucket, measurement and field."""
    rows = connection.execute(
        "SELECT bucket, measurement, field, type, pinned FROM field_types WHERE store = ?", (store,)
    )
    return {
        (bucket, measurement, field): Registered(FieldType(kind), bool(pinned))
        for bucket, measurement, field, kind, pinned in rows
    }


def add_field_types(connection: sqlite3.Connection, store: str, types: Mapping[FieldKey, FieldType]) -> None:
    """Register types of fields, new or learned anew; those that are pinned stay as they are."""
    connection.executemany(
        "INSERT INTO field_types VALUES (?, ?, ?, ?, ?, 0)"
        " ON CONFLICT DO UPDATE SET type = excluded.type WHERE NOT pinned",
        [(store, *key, kind.value) for key, kind in types.items()],
    )


def pin_field_type(connection: sqlite3.Connection, store: str, key: FieldKey, kind: FieldType) -> None:
    """Register the type that a person decided on, for good. A running service would not see it."""
    connection.execute(
        "INSERT INTO field_types VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET type = excluded.type, pinned = 1",
        (store, *key, kind.value),
    )


def announcements(connection: sqlite3.Connection) -> list[Message]:
    """What was announced, as far as some message may still come to be decoded with it."""
    return [Message(*row) for row in connection.execute("SELECT topic, payload, received_ns FROM announcements")]


def add_announcements(connection: sqlite3.Connection, news: Sequence[Message]) -> None:
    """Keep announcements; those that are kept already stay as they are."""
    connection.executemany(
        "INSERT OR IGNORE INTO announcements VALUES (?, ?, ?)",
        [(message.topic, message.received_ns, message.payload) for message in news],
    )


def forget_announcements(connection: sqlite3.Connection, before_ns: int) -> int:
    """Let go of those that no message needs, of the journal or of the dead letters, and return since when any may.

    Args:
        connection: See above.
        before_ns: No message of the journal was received before that.
    """
    (oldest,) = connection.execute("SELECT min(received_ns) FROM raw").fetchone()
    since = before_ns if oldest is None else min(before_ns, oldest)
    connection.execute(
        "DELETE FROM announcements AS old WHERE received_ns < ? AND EXISTS (SELECT 1 FROM announcements AS newer"
        " WHERE newer.topic = old.topic AND newer.received_ns > old.received_ns AND newer.received_ns < ?)",
        (since, since),
    )
    connection.execute("DELETE FROM announcements WHERE received_ns < ? AND length(payload) = 0", (since,))
    return since


def read_field_types(path: Path, store: str) -> dict[FieldKey, Registered]:
    """What `field_types` tells; see `read_state`."""
    return read_state(path, lambda connection: field_types(connection, store))


def read_state(path: Path, work: Work[Result]) -> Result:
    """Do work with a file that is only read: for who is not the service, whether that runs or not.

    Raises:
        DataDirError: It cannot be read, or was written by another version.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECS)) as found:
            (version,) = found.execute("PRAGMA user_version").fetchone()
            if version == _VERSION:
                return work(found)
    except sqlite3.Error as error:
        raise DataDirError(f"{path} cannot be read: {error}") from error
    raise DataDirError(_other_version(path, version))


def forget_store(connection: sqlite3.Connection, store: str) -> bool:
    """Remove all that is known of a store; False when there was no such store."""
    known = connection.execute("DELETE FROM cursors WHERE store = ?", (store,)).rowcount > 0
    for table in ("counters", "field_types", "dead_letters", "routed", "exceptions", "journal_replays"):
        connection.execute(f"DELETE FROM {table} WHERE store = ?", (store,))  # noqa: S608 - names of ours
    connection.execute("DELETE FROM raw WHERE id NOT IN (SELECT raw FROM dead_letters)")
    return known
