"""The rows of an answer out of a file: how they are cut, and what SQLite is asked. The contract is about values."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingestor.reader import sqliterows
from ingestor.reader.question import Interval, Question
from ingestor.reader.sqlitefile import find
from ingestor.reader.sqliterows import Answer
from tests.reader.sqlitefarm import points, store


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """To a bucket with 25 readings of each of two racks, and a bucket's worth of another measurement."""
    rows = [{"temperature": float(at), "count": at} for at in range(25)]
    store(tmp_path, *points(rows, rack="b"), *points(rows, rack="a"), *points(rows[:1], measurement="soil"))
    with closing(sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)) as opened:
        yield opened


def answer(connection: sqlite3.Connection, *functions: str, every: Interval | None = None) -> Answer:
    """The answer to a question about all of the climate."""
    place = find(connection, "climate")
    assert place
    question = Question("Farm", "climate", 0, 10**12, ZoneInfo("UTC"), {}, ("count",), every, functions)
    return Answer(connection, question, place)


@pytest.mark.parametrize("size", [1, 7, 25, 49, 50, 51])
def test_batches_are_full(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Whatever their size, all rows are in them once and in order, and only the last is smaller."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", size)
    batches = list(answer(connection).raw())

    assert [batch.num_rows for batch in batches[:-1]] == [size] * (len(batches) - 1)
    table = pa.Table.from_batches(batches)
    assert table["rack"].to_pylist() == ["a"] * 25 + ["b"] * 25
    assert table["count"].to_pylist() == [*range(25), *range(25)]


@pytest.mark.parametrize("size", [1, 5, 100])
def test_windows_in_parts(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Windows that come in several parts are each there once, with all that is in them."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", size)
    table = pa.Table.from_batches(list(answer(connection, "count", "max", every=Interval(4, "s")).windows()))
    rows = sorted(zip(*(table[name].to_pylist() for name in ("rack", "count_count", "count_max")), strict=True))

    assert rows == sorted(
        (rack, 4 if last < 25 else 1, min(last, 24)) for rack in "ab" for last in (3, 7, 11, 15, 19, 23, 27)
    )


def test_no_statement_stays_open(
    connection: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two batches the log of writes can be emptied: nobody waits for a slow consumer."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", 10)
    readers = [answer(connection).raw(), answer(connection, "sum", every=Interval(1, "s")).windows()]
    for reader in readers:
        next(reader)
    with closing(sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)) as other:
        other.execute("UPDATE points_1 SET f1 = 0 WHERE series = 1")

        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


@pytest.mark.parametrize("functions", [("mean",), ("count", "p95"), ("sum", "min")])
def test_windows_are_made_without_sorting(connection: sqlite3.Connection, functions: Sequence[str]) -> None:
    """SQLite goes through the key once, and keeps no table of its own beside."""
    asked = answer(connection, *functions, every=Interval(1, "h"))
    list(asked.windows())
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked._window_query()}")]

    assert "SEARCH p USING PRIMARY KEY (series=? AND time>? AND time<?)" in plan
    assert [step for step in plan if "TEMP B-TREE" in step] == []
