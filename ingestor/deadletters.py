"""What was set aside: the raw message, once, and beside it every part of it that a store was not given, and why.

Everything here runs inside a transaction of `state.db` (see `State.run`), so that dead letters, counters and cursors
always tell the same story.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ingestor.ports import Message, Reason
from ingestor.state import INTAKE, count

NEVER_JOURNALED = -1
WHOLE_MESSAGE = -1
_ADDED_AT_ONCE = 50
_RETURNED_MESSAGES = 500
_RETURNED_BYTES = 4 * 2**20
_REMEMBER = (  # what messages of the journal count as, for when their letters are gone; decoding tells most of it
    "INSERT OR REPLACE INTO exceptions (store, position, fate, routing)"
    " SELECT d.store, r.position, iif(d.fate = 'held', 'dropped', d.fate), e.routing"
    " FROM dead_letters d JOIN raw r ON r.id = d.raw"
    " LEFT JOIN exceptions e ON e.store = d.store AND e.position = r.position"
    " WHERE r.position >= 0 AND d.store != '' AND d.fate != 'stored'"
)
_ROW_OVERHEAD_BYTES = 200  # about what SQLite and its indexes need for the rows of a letter


class Fate(StrEnum):
    """What a message counts as for a store; the values are names of counters."""

    STORED = "stored"
    SET_ASIDE = "set_aside"
    HELD = "held"


class Letter(NamedTuple):
    """One part of a message that a store was not given: all of it (`point` -1), a point, or `fields` of a point."""

    position: int
    message: Message
    point: int
    reason: Reason
    detail: str
    fields: tuple[str, ...]
    fate: Fate
    bucket: str = ""  # that the point waits for


class Returned(NamedTuple):
    """A message taken out again to be tried once more, and what it counted as until now."""

    raw: int
    position: int
    message: Message
    fate: Fate


class DeadLetter(NamedTuple):
    """A dead letter as people see it. `store` is empty where no store ever saw it; `position` then is -1."""

    id: int
    store: str
    position: int
    received_ns: int
    topic: str
    payload: bytes
    reason: str
    detail: str
    fields: str
    fate: str
    replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters are meant; what is None does not narrow. Times in ns, `until_ns` not included.

    `topic` tells whether a topic is meant (people write an MQTT filter).
    """

    id: int | None = None
    store: str | None = None
    reason: str | None = None
    topic: Callable[[str], bool] | None = None
    since_ns: int | None = None
    until_ns: int | None = None

    def sql(self, connection: sqlite3.Connection) -> tuple[str, list[object]]:
        """A condition over `dead_letters d JOIN raw r`, and its parameters."""
        terms: list[tuple[str, object]] = [
            ("d.id = ?", self.id),
            ("d.store = ?", self.store),
            ("d.reason = ?", self.reason),
            ("r.received_ns >= ?", self.since_ns),
            ("r.received_ns < ?", self.until_ns),
        ]
        used = [(term, value) for term, value in terms if value is not None]
        conditions = [term for term, _ in used]
        if self.topic is not None:
            connection.create_function("topic_meant", 1, self.topic, deterministic=True)
            conditions.append("topic_meant(r.topic)")
        return " AND ".join(conditions) or "1", [value for _, value in used]


def add(connection: sqlite3.Connection, store: str, letters: Iterable[Letter]) -> None:
    """Put letters in; one that is there already stays as it is."""
    every = list(letters)
    parts = Counter(map(_message_of, every))
    for at in range(0, len(every), _ADDED_AT_ONCE):
        _add(connection, store, every[at : at + _ADDED_AT_ONCE], parts)


def _message_of(letter: Letter) -> tuple[int, int]:
    return letter.position, letter.message.received_ns


def _add(
    connection: sqlite3.Connection, store: str, letters: Sequence[Letter], parts: Mapping[tuple[int, int], int]
) -> None:
    """Put a few letters in, with two statements in all: at each, the thread waits to get the interpreter back."""
    raws = {_message_of(letter): letter for letter in letters}
    messages = ",".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(raws))
    connection.execute(
        "INSERT OR IGNORE INTO raw (position, received_ns, topic, payload, flags, packet_id, properties, bytes)"
        f" VALUES {messages}",
        [value for key, letter in raws.items() for value in _raw_row(letter.position, letter.message, parts[key])],
    )
    rows = ",".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(letters))
    connection.execute(
        f"WITH part (position, received_ns, store, point, reason, detail, fields, fate, bucket) AS (VALUES {rows})"
        " INSERT OR IGNORE INTO dead_letters (raw, store, point, reason, detail, fields, fate, bucket)"
        " SELECT raw.id, store, point, reason, detail, fields, fate, bucket"
        " FROM part JOIN raw USING (position, received_ns) ORDER BY raw.id",
        [value for letter in letters for value in _part_row(store, letter)],
    )


def _raw_row(position: int, message: Message, parts: int) -> tuple[object, ...]:
    topic, payload, received_ns, flags, packet_id, properties = message
    size = message.size + parts * _ROW_OVERHEAD_BYTES
    return (position, received_ns, topic, payload, flags, packet_id, properties, size)


def _part_row(store: str, letter: Letter) -> tuple[object, ...]:
    position, message, point, reason, detail, fields, fate, bucket = letter
    return (position, message.received_ns, store, point, reason, detail, _joined(fields), fate, bucket)


def _joined(fields: Sequence[str]) -> str:
    """The names with commas between them and none in them, so that they can be counted."""
    return ",".join(field.replace(",", ";") for field in fields)


def total_bytes(connection: sqlite3.Connection) -> int:
    """About how many bytes all dead letters take."""
    query = "SELECT value FROM counters WHERE store = '' AND name = 'dead_letter_bytes'"
    return int(connection.execute(query).fetchone()[0])


def held_bytes(connection: sqlite3.Connection) -> int:
    """About how many bytes those take that wait for their bucket."""
    query = "SELECT coalesce(sum(bytes), 0) FROM raw WHERE id IN (SELECT raw FROM dead_letters WHERE fate = 'held')"
    return int(connection.execute(query).fetchone()[0])


def make_room(connection: sqlite3.Connection, max_bytes: int) -> int:
    """Put out the oldest until at most `max_bytes` are left, never one that is held; returns how many messages went."""
    excess = total_bytes(connection) - max_bytes
    if excess <= 0:
        return 0
    oldest = connection.execute(
        "SELECT id, bytes FROM raw WHERE id NOT IN (SELECT raw FROM dead_letters WHERE fate = 'held') ORDER BY id"
    )
    victims = []
    for raw, size in oldest:
        victims.append((raw,))
        excess -= size
        if excess <= 0:
            break
    connection.executemany(_REMEMBER + " AND d.point >= 0 AND d.raw = ?", victims)
    connection.executemany("DELETE FROM dead_letters WHERE raw = ?", victims)
    connection.executemany("DELETE FROM raw WHERE id = ?", victims)
    count(connection, INTAKE, {"dead_letters_put_out": len(victims)})
    return len(victims)


def marked(connection: sqlite3.Connection, store: str) -> list[Returned]:
    """The oldest messages of which something is marked for replay, as many as fit into memory well."""
    return _returned(connection, "replay AND store = ?", [store])


def held(connection: sqlite3.Connection, store: str, *, closed: Collection[str] = ()) -> list[Returned]:
    """The oldest messages of which something waits for a bucket that is not `closed`, as many as fit well."""
    open_ones = f"bucket NOT IN ({','.join('?' * len(closed))})"
    return _returned(connection, f"fate = 'held' AND bucket != '' AND store = ? AND {open_ones}", [store, *closed])


def _returned(connection: sqlite3.Connection, condition: str, values: Sequence[str]) -> list[Returned]:
    returned: list[Returned] = []
    size = 0
    query = f"SELECT DISTINCT raw, fate FROM dead_letters WHERE {condition} ORDER BY raw LIMIT {_RETURNED_MESSAGES}"
    for raw, fate in connection.execute(query, values).fetchall():
        position, *message = connection.execute(
            "SELECT position, topic, payload, received_ns, flags, packet_id, properties FROM raw WHERE id = ?", (raw,)
        ).fetchone()
        returned.append(Returned(raw, position, Message(*message), Fate(fate)))
        size += returned[-1].message.size
        if size >= _RETURNED_BYTES:
            break
    return returned


def of_positions(connection: sqlite3.Connection, store: str, begin: int, end: int) -> list[Returned]:
    """The messages of a run of the journal of which a store was not given something, each once, in order."""
    rows = connection.execute(
        "SELECT DISTINCT r.id, r.position, d.fate, r.topic, r.payload, r.received_ns, r.flags, r.packet_id,"
        " r.properties FROM raw r JOIN dead_letters d ON d.raw = r.id"
        " WHERE r.position >= ? AND r.position < ? AND d.store = ? ORDER BY r.position",
        (begin, end, store),
    )
    return [Returned(raw, position, Message(*message), Fate(fate)) for raw, position, fate, *message in rows]


def fields_left_out(connection: sqlite3.Connection, store: str, returned: Sequence[Returned]) -> int:
    """How many fields were left out of points that were stored, as the letters of these messages tell."""
    query = "SELECT fields FROM dead_letters WHERE raw = ? AND store = ? AND fate = 'stored' AND fields != ''"
    rows = (row for message in returned for row in connection.execute(query, (message.raw, store)))
    return sum(fields.count(",") + 1 for (fields,) in rows)


def settle(connection: sqlite3.Connection, store: str, returned: Sequence[Returned], letters: Iterable[Letter]) -> None:
    """Put back what is still wrong with messages that were tried again; what was right with them is forgotten here.

    A held message that was given up meanwhile (see `purge`) counts as held again: it was tried after all.
    """
    for one in returned:
        gone = connection.execute("DELETE FROM dead_letters WHERE raw = ? AND store = ?", (one.raw, store)).rowcount
        if not gone and one.fate is Fate.HELD:
            count(connection, store, {"held": 1, "dropped": -1})
    add(connection, store, letters)
    connection.executemany(
        "DELETE FROM raw WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE raw = ?1)",
        [(message.raw,) for message in returned],
    )


def find(connection: sqlite3.Connection, which: Filter, *, limit: int = -1) -> Iterator[DeadLetter]:
    """The dead letters that are meant, oldest first."""
    condition, values = which.sql(connection)
    rows = connection.execute(
        "SELECT d.id, d.store, r.position, r.received_ns, r.topic, r.payload, d.reason, d.detail, d.fields, d.fate,"
        f" d.replay FROM dead_letters d JOIN raw r ON r.id = d.raw WHERE {condition} ORDER BY d.id LIMIT ?",
        (*values, limit),
    )
    return (DeadLetter._make((*row[:-1], bool(row[-1]))) for row in rows)


def mark_for_replay(connection: sqlite3.Connection, which: Filter) -> int:
    """Mark what is meant, as far as a store can be given it again; returns how many letters.

    A message that was over the size limit cannot: only its head was kept. A held one need not be marked.
    """
    condition, values = which.sql(connection)
    return connection.execute(
        "UPDATE dead_letters SET replay = 1 WHERE id IN (SELECT d.id FROM dead_letters d JOIN raw r ON r.id = d.raw"
        f" WHERE d.store != '' AND d.fate != 'held' AND {condition})",
        values,
    ).rowcount


def purge(connection: sqlite3.Connection, which: Filter, *, also_held: bool = False) -> int:
    """Delete what is meant for good; returns how many letters.

    Held ones only with `also_held`: their messages then count as dropped, for nobody will store them.
    """
    condition, values = which.sql(connection)
    meant = connection.execute(
        f"SELECT d.id, d.raw, d.store, d.fate FROM dead_letters d JOIN raw r ON r.id = d.raw WHERE {condition}",
        values,
    ).fetchall()
    # Letters of one message share its fate: where one held point is given up, all of them are.
    given_up = {(raw, store) for _, raw, store, fate in meant if fate == Fate.HELD} if also_held else set()
    for store, messages in Counter(store for _, store in given_up).items():
        count(connection, store, {"held": -messages, "dropped": messages})
    going = [(number,) for number, raw, store, fate in meant if fate != Fate.HELD or (raw, store) in given_up]
    connection.executemany(_REMEMBER + " AND d.id = ?", going)
    gone = connection.executemany(
        "DELETE FROM dead_letters WHERE id = ?", [(number,) for number, _, _, fate in meant if fate != Fate.HELD]
    ).rowcount
    gone += connection.executemany("DELETE FROM dead_letters WHERE raw = ? AND store = ?", list(given_up)).rowcount
    connection.execute("DELETE FROM raw WHERE id NOT IN (SELECT raw FROM dead_letters)")
    return gone
