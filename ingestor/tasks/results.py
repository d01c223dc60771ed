"""What is kept of tasks in `state.db`: when each ran, what came of it, and what people asked for.

Everything that takes a connection runs inside a transaction of `state.db` (see `State.run`).
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Self

from ingestor.stats import TaskStats


class Outcome(StrEnum):
    """What became of the last run of a task."""

    NEVER = "never"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    INTERRUPTED = "interrupted"
    """The service stopped while it ran."""


class Record(NamedTuple):
    """All that is remembered of a task. Times are nanoseconds since 1970 UTC.

    Attributes:
        task: Its name.
        turn_ns: The turn of its schedule that it had last; None where it had none.
        began_ns: When its last run began.
        ended_ns: When that ended; None while it runs.
        succeeded_ns: When a run last ended well.
        next_ns: When it runs next.
        outcome: Of the last run.
        words: What the last run did, or why it did not.
        runs: How many began.
        failures: How many of them failed, or took too long.
        faults: What went wrong in them, how often, by `TaskFault`.
    """

    task: str
    turn_ns: int | None = None
    began_ns: int | None = None
    ended_ns: int | None = None
    succeeded_ns: int | None = None
    next_ns: int | None = None
    outcome: Outcome = Outcome.NEVER
    words: str = ""
    runs: int = 0
    failures: int = 0
    faults: Mapping[str, int] = {}

    @classmethod
    def of_row(cls, row: Sequence[object]) -> Self:
        """From a row of the table."""
        *rest, faults = row
        made = cls._make([*rest, json.loads(str(faults))])
        return made._replace(outcome=Outcome(made.outcome))

    def stats(self, kind: str) -> TaskStats:
        """The same for people."""
        failed = self.outcome in {Outcome.FAILED, Outcome.TIMED_OUT}
        return TaskStats(
            self.task,
            kind,
            outcome=self.outcome.value,
            words=self.words,
            began_ns=self.began_ns,
            ended_ns=self.ended_ns,
            succeeded_ns=self.succeeded_ns,
            next_ns=self.next_ns,
            runs=self.runs,
            failures=self.failures,
            faults=self.faults,
            fault=self.words if failed else None,
        )


def records(connection: sqlite3.Connection) -> dict[str, Record]:
    """What is remembered of each task, by its name; also of tasks that the configuration names no more."""
    rows = connection.execute("SELECT * FROM task_results")
    return {record.task: record for record in map(Record.of_row, rows)}


def save(connection: sqlite3.Connection, record: Record) -> None:
    """Remember this of a task."""
    values = [*record[:-1], json.dumps(dict(record.faults), sort_keys=True)]
    places = ", ".join("?" * len(values))
    connection.execute(f"INSERT OR REPLACE INTO task_results VALUES ({places})", values)  # noqa: S608 - question marks


def begin_anew(connection: sqlite3.Connection, tasks: Collection[str]) -> None:
    """Forget the tasks that are none of these, and end what ran or was asked for before the service came."""
    connection.execute(
        "UPDATE task_results SET outcome = ?, words = 'the service ended while it ran' WHERE outcome = ?",
        (Outcome.INTERRUPTED, Outcome.RUNNING),
    )
    for name in records(connection).keys() - set(tasks):
        connection.execute("DELETE FROM task_results WHERE task = ?", (name,))
    answer(connection, (request.id for request in requests(connection)), Outcome.INTERRUPTED, "the service began anew")


class Request(NamedTuple):
    """A run that a person asked for."""

    id: int
    task: str


def ask(connection: sqlite3.Connection, task: str, now_ns: int) -> int:
    """Ask the running service for a run; returns the number of the request. Old answers nobody fetched are deleted."""
    connection.execute("DELETE FROM task_requests WHERE asked_ns < ?", (now_ns - 86_400 * 10**9,))
    cursor = connection.execute("INSERT INTO task_requests (task, asked_ns) VALUES (?, ?)", (task, now_ns))
    assert cursor.lastrowid is not None  # noqa: S101 - one row was inserted
    return cursor.lastrowid


def requests(connection: sqlite3.Connection) -> list[Request]:
    """What was asked for and is not answered yet, oldest first."""
    rows = connection.execute("SELECT id, task FROM task_requests WHERE outcome = '' ORDER BY id")
    return [Request(*row) for row in rows]


def answer(connection: sqlite3.Connection, ids: Iterable[int], outcome: Outcome, words: str) -> None:
    """What came of the run that was asked for."""
    connection.executemany(
        "UPDATE task_requests SET outcome = ?, words = ? WHERE id = ?", [(outcome, words, one) for one in list(ids)]
    )


def answered(connection: sqlite3.Connection, number: int) -> tuple[Outcome, str] | None:
    """What came of a request, None where it is still open."""
    row = connection.execute("SELECT outcome, words FROM task_requests WHERE id = ?", (number,)).fetchone()
    return None if row is None or not row[0] else (Outcome(row[0]), str(row[1]))


def withdraw(connection: sqlite3.Connection, number: int) -> None:
    """Forget a request, answered or not."""
    connection.execute("DELETE FROM task_requests WHERE id = ?", (number,))
