"""Under which configuration a store was given each message of the journal: kept so that a replay knows what it wrote.

Everything that takes a connection runs inside a transaction of `state.db` (see `State.run`).
"""

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ingestor.config import Config
from ingestor.routing import RoutingTable
from ingestor.routing.weather.rows import decisive

_DECISIVE: Final[Mapping[str, Any]] = {
    "routes": True,
    "models": True,
    "devices": {"__all__": {"id", "tags", "calibration", "begin", "until"}},
    "buckets": {"__all__": {"name"}},
}
"""What decides how a message is decoded, besides how large it may become."""


class Span(NamedTuple):
    """Messages from `begin` on and before `until` (None: still) were given to a store under a routing.

    Where it is not `sure`, some of them may have been, and none need to.
    """

    routing: int
    begin: int
    until: int | None
    sure: bool

    def covers(self, position: int) -> bool:
        """Whether the message is among them."""
        return self.begin <= position and (self.until is None or position < self.until)


class Exceptional(NamedTuple):
    """What a message counts as, and the routing of its own that it was given under once more, if it was."""

    fate: str
    routing: int | None


def text_of(config: Config) -> str:
    """What of a configuration decides how messages are decoded, as text; equal where they are decoded alike."""
    said = config.model_dump(mode="json", include=_DECISIVE, exclude_unset=True, by_alias=True)
    said["mqtt"] = {"max_packet": f"{config.mqtt.max_packet}B"}
    if tasks := decisive(config.tasks):
        said["tasks"] = tasks
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def make_table(text: str) -> RoutingTable:
    """The routing table of such a text. May take a while: call it in a thread.

    Raises:
        ConfigError: Its routes or models cannot be any more: a package with a model is gone, say.
        ValueError: The text itself is of no configuration of this version.
    """
    return RoutingTable(Config.model_validate_json(text))


def register(connection: sqlite3.Connection, text: str) -> int:
    """The number of a routing, new or known."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    connection.execute("INSERT OR IGNORE INTO routings (digest, text) VALUES (?, ?)", (digest, text))
    (number,) = connection.execute("SELECT id FROM routings WHERE digest = ?", (digest,)).fetchone()
    return int(number)


def text_by_number(connection: sqlite3.Connection, routing: int) -> str:
    """The text of a routing that is referred to."""
    (text,) = connection.execute("SELECT text FROM routings WHERE id = ?", (routing,)).fetchone()
    return str(text)


def in_force(connection: sqlite3.Connection, store: str) -> int | None:
    """The routing under which a store was given messages last, None where that is not known."""
    query = 'SELECT routing FROM routed WHERE store = ? AND "until" IS NULL'
    row = connection.execute(query, (store,)).fetchone()
    return None if row is None else int(row[0])


def begin(connection: sqlite3.Connection, store: str, position: int, *, journal_end: int, text: str) -> int:
    """From now on a store is given messages under a routing; returns its number.

    Args:
        connection: See above.
        store: Its name.
        position: Up to where it is known to have everything: from there on all is given to it (once more).
        journal_end: What the journal holds before that, it may have been given under the routing before.
        text: See `text_of`.
    """
    routing = register(connection, text)
    row = connection.execute('SELECT id, routing FROM routed WHERE store = ? AND "until" IS NULL', (store,)).fetchone()
    if row is not None and row[1] == routing:
        return routing
    if row is not None:
        connection.execute('UPDATE routed SET "until" = max("begin", ?) WHERE id = ?', (position, row[0]))
        note(connection, store, position, journal_end, row[1], sure=False)
    note(connection, store, position, None, routing, sure=True)
    return routing


def note(
    connection: sqlite3.Connection, store: str, begin: int, until: int | None, routing: int, *, sure: bool
) -> None:
    """Keep a span, where there is anything in it."""
    if until is None or until > begin:
        connection.execute(
            'INSERT INTO routed (store, routing, "begin", "until", sure) VALUES (?, ?, ?, ?, ?)',
            (store, routing, begin, until, sure),
        )


def supersede(connection: sqlite3.Connection, store: str, begin: int, until: int, routing: int) -> None:
    """Messages were given to a store anew, and nothing is left of what they had become under other routings."""
    overlapping = connection.execute(
        'SELECT id, routing, "begin", "until", sure FROM routed'
        ' WHERE store = ? AND "begin" < ? AND ("until" IS NULL OR "until" > ?)',
        (store, until, begin),
    ).fetchall()
    for number, of, first, end, sure in overlapping:
        connection.execute("DELETE FROM routed WHERE id = ?", (number,))
        note(connection, store, first, begin, of, sure=sure)
        if end is None or end > until:
            note(connection, store, max(until, first), end, of, sure=sure)
    grown = connection.execute(
        'UPDATE routed SET "until" = ? WHERE store = ? AND routing = ? AND sure AND "until" = ?',
        (until, store, routing, begin),
    ).rowcount
    if not grown:
        note(connection, store, begin, until, routing, sure=True)
    connection.execute(
        "DELETE FROM exceptions WHERE store = ? AND position >= ? AND position < ?", (store, begin, until)
    )


def spans(connection: sqlite3.Connection, store: str, begin: int, until: int) -> Sequence[Span]:
    """What is known of the messages of a run, the oldest knowledge first."""
    rows = connection.execute(
        'SELECT routing, "begin", "until", sure FROM routed'
        ' WHERE store = ? AND "begin" < ? AND ("until" IS NULL OR "until" > ?) ORDER BY "begin", id',
        (store, until, begin),
    )
    return [Span(routing, first, end, bool(sure)) for routing, first, end, sure in rows]


def used(connection: sqlite3.Connection, store: str, begin: int, until: int) -> set[int]:
    """All routings under which any message of a run may have been given to a store, however long the run is."""
    rows = connection.execute(
        'SELECT routing FROM routed WHERE store = ?1 AND "begin" < ?3 AND ("until" IS NULL OR "until" > ?2)'
        " UNION SELECT routing FROM exceptions"
        " WHERE store = ?1 AND position >= ?2 AND position < ?3 AND routing IS NOT NULL",
        (store, begin, until),
    )
    return {routing for (routing,) in rows}


def exceptions(connection: sqlite3.Connection, store: str, begin: int, until: int) -> dict[int, Exceptional]:
    """The messages of a run of which something else is known, by their position."""
    rows = connection.execute(
        "SELECT position, fate, routing FROM exceptions WHERE store = ? AND position >= ? AND position < ?",
        (store, begin, until),
    )
    return {position: Exceptional(fate, routing) for position, fate, routing in rows}


def except_(connection: sqlite3.Connection, store: str, fates: dict[int, str], routing: int | None) -> None:
    """These messages, by their position, were given to a store once more, and count as this now."""
    connection.executemany(
        "INSERT OR REPLACE INTO exceptions VALUES (?, ?, ?, ?)",
        [(store, position, fate, routing) for position, fate in fates.items()],
    )


def prune(connection: sqlite3.Connection, oldest: int) -> None:
    """Forget what is about messages before `oldest` alone: the journal does not hold them any more."""
    connection.execute("DELETE FROM exceptions WHERE position < ?", (oldest,))
    connection.execute('DELETE FROM routed WHERE "until" <= ?', (oldest,))
    connection.execute(
        "DELETE FROM routings WHERE id NOT IN (SELECT routing FROM routed UNION SELECT routing FROM journal_replays"
        " UNION SELECT routing FROM exceptions WHERE routing IS NOT NULL)"
    )
