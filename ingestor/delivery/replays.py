"""What people asked to be replayed from the journal, and how far that is. Runs inside transactions of `state.db`."""

import sqlite3
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

_COLUMNS: Final = (
    'id, store, asked_ns, routing, "begin", "until", phase, position, messages, deleted, written, lost, fault'
)
_KEPT: Final = 20  # of those that are over


class Phase(StrEnum):
    """How far a replay is.

    First all that has to go is deleted, then all is written: what one message leaves may be where another belongs now.
    """

    ASKED = "asked"
    DELETE = "delete"
    WRITE = "write"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED: Final = (Phase.ASKED, Phase.DELETE, Phase.WRITE)


class Replay(NamedTuple):
    """One replay of one store: of the messages from `begin` on and before `until`, up to `position` in its phase.

    `until` is None before it has begun, where it is to go up to what the store then has. `routing` is what messages
    are to be decoded with. `messages` were given to the store anew, `lost` were gone from the journal; `deleted` and
    `written` count points. `fault` says in words what keeps it, or kept it, from going on.
    """

    id: int
    store: str
    asked_ns: int
    routing: int
    begin: int
    until: int | None
    phase: Phase
    position: int
    messages: int = 0
    deleted: int = 0
    written: int = 0
    lost: int = 0
    fault: str = ""


def ask(connection: sqlite3.Connection, store: str, begin: int, until: int | None, *, routing: int, now_ns: int) -> int:
    """Ask for a replay; returns its number."""
    row = connection.execute(
        'INSERT INTO journal_replays (store, asked_ns, routing, "begin", "until", phase, position)'
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (store, now_ns, routing, begin, until, Phase.ASKED, begin),
    ).fetchone()
    connection.execute(
        "DELETE FROM journal_replays WHERE phase NOT IN (?, ?, ?) AND id <= ?", (*UNFINISHED, row[0] - _KEPT)
    )
    return int(row[0])


def all_of(connection: sqlite3.Connection) -> Sequence[Replay]:
    """All that are known, the oldest first."""
    return _made(connection.execute(f"SELECT {_COLUMNS} FROM journal_replays ORDER BY id"))  # noqa: S608 - names


def next_of(connection: sqlite3.Connection, store: str) -> Replay | None:
    """The oldest of a store that is not finished."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM journal_replays WHERE store = ? AND phase IN (?, ?, ?) ORDER BY id LIMIT 1",  # noqa: S608
        (store, *UNFINISHED),
    )
    return next(iter(_made(rows)), None)


def retarget(connection: sqlite3.Connection, store: str, routing: int) -> None:
    """A service begins with a routing: what was asked for before is for this one, and begins anew where it is another.

    What a replay may have written under the routing before is known from the spans of `routings`.
    """
    connection.execute(
        'UPDATE journal_replays SET routing = ?1, phase = iif(phase = ?3, phase, ?4), position = "begin"'
        " WHERE store = ?2 AND routing != ?1 AND phase IN (?3, ?4, ?5)",
        (routing, store, *UNFINISHED),
    )


def save(connection: sqlite3.Connection, replay: Replay) -> None:
    """Keep how far a replay is, unless it was cancelled meanwhile."""
    connection.execute(
        'UPDATE journal_replays SET "begin" = ?, "until" = ?, phase = ?, position = ?, messages = ?, deleted = ?,'
        " written = ?, lost = ?, fault = ? WHERE id = ? AND phase != ?",
        (*replay[4:], replay.id, Phase.CANCELLED),
    )


def cancel(connection: sqlite3.Connection, number: int) -> Replay | None:
    """Give up a replay, and return how far it was; None where there is none that could be given up."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM journal_replays WHERE id = ? AND phase IN (?, ?, ?)",  # noqa: S608 - names
        (number, *UNFINISHED),
    )
    found = next(iter(_made(rows)), None)
    connection.execute(
        "UPDATE journal_replays SET phase = ? WHERE id = ? AND phase IN (?, ?, ?)",
        (Phase.CANCELLED, number, *UNFINISHED),
    )
    return found


def _made(rows: Iterable[tuple[object, ...]]) -> list[Replay]:
    return [replay._replace(phase=Phase(replay.phase)) for replay in map(Replay._make, rows)]
