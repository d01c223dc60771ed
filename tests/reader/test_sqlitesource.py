"""The embedded store as a source: its files, also while somebody writes. For its answers see the contract."""

import asyncio
import os
import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.reader import sqlitefile, sqliterows
from ingestor.reader.question import Question
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores.sqlite import SqliteStore
from tests.reader.sqlitefarm import points, store
from tests.support import run

ROWS = [{"temperature": float(at)} for at in range(30)]


def question(bucket: str = "Farm", measurement: str = "climate") -> Question:
    """All of a measurement."""
    return Question(bucket, measurement, 0, 2**62, ZoneInfo("UTC"), {})


async def count(source: SqliteSource, of: Question) -> int:
    """How many rows there are."""
    return sum([batch.num_rows async for batch in source.stream(of)])


def test_no_folder_has_no_buckets(tmp_path: Path) -> None:
    """A store that nothing was written to is empty."""
    assert run(SqliteSource(tmp_path / "nothing").buckets()) == []


def test_names_of_buckets_are_those_that_were_written(tmp_path: Path) -> None:
    """Whatever file names do not take, is in the name of the bucket again."""
    for name in ("Farm", "a/b", "50 %", "Büro"):
        store(tmp_path, *points(ROWS[:1], bucket=name))
    source = SqliteSource(tmp_path)

    assert run(source.buckets()) == ["50 %", "Büro", "Farm", "a/b"]
    assert run(count(source, question("a/b"))) == 1


def test_no_such_bucket_or_measurement(tmp_path: Path) -> None:
    """A missing bucket is an error, and nothing is made; a missing measurement is empty."""
    store(tmp_path, *points(ROWS))
    source = SqliteSource(tmp_path)
    with pytest.raises(BucketError, match="there is no bucket 'Nowhere'"):
        run(count(source, question("Nowhere")))

    assert [path.name for path in tmp_path.glob("*.db")] == ["Farm.db"]
    assert run(count(source, question(measurement="weather"))) == 0
    assert list(run(source.fields("Farm", "weather"))) == []
    assert run(source.tags("Farm", "weather")) == {}


def test_a_file_that_is_none_of_ours(tmp_path: Path) -> None:
    """It is told which one, and why."""
    (tmp_path / "Farm.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(BucketError, match=r"Farm\.db cannot be read: file is not a database"):
        run(SqliteSource(tmp_path).measurements("Farm"))


def test_reading_while_the_service_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch after batch is written and read at the same time; neither waits for the other."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", 4)
    store(tmp_path, *points(ROWS, rack="a"))

    async def main() -> int:
        rows = 0
        async with SqliteStore(tmp_path) as writer, SqliteSource(tmp_path) as source:
            async for batch in source.stream(question()):
                rows += batch.num_rows
                await writer.write(points(ROWS[:5], rack="0 is before all others"))
        return rows

    assert run(main()) == len(ROWS)


def test_a_file_that_another_process_keeps_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that it may pass."""
    monkeypatch.setattr(sqlitefile, "_BUSY_SECS", 0.01)
    store(tmp_path, *points(ROWS))
    other = sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)
    try:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            run(SqliteSource(tmp_path).measurements("Farm"))
    finally:
        other.close()


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a mounted backup: it is read all the same, without the files that SQLite else makes beside it."""
    store(tmp_path, *points(ROWS))
    monkeypatch.setattr(os, "access", lambda *_: False)

    found: list[str] = []

    async def main() -> None:
        async for _ in SqliteSource(tmp_path).stream(question()):
            found.extend(os.listdir(tmp_path))  # noqa: PTH208 - while the file is open

    run(main())
    assert found == ["Farm.db"]


def test_nothing_is_written(tmp_path: Path) -> None:
    """The file stays as it is to the byte."""
    store(tmp_path, *points(ROWS))
    before = (tmp_path / "Farm.db").read_bytes()
    run(count(SqliteSource(tmp_path), question()))

    assert (tmp_path / "Farm.db").read_bytes() == before


def test_whoever_stops_listening_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is broken off closes its file and ends its thread."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", 4)
    store(tmp_path, *points(ROWS))

    async def main() -> int:
        stream = SqliteSource(tmp_path).stream(question())
        first = await anext(stream)
        await stream.aclose()
        return int(first.num_rows)

    assert run(main()) == 4


def test_the_loop_goes_on(tmp_path: Path) -> None:
    """While a file is read, other tasks run; several reads go on at the same time."""
    store(tmp_path, *points(ROWS, rack="a"), *points(ROWS, rack="b"))

    async def main() -> list[int]:
        source = SqliteSource(tmp_path)
        return await asyncio.gather(*(count(source, question()) for _ in range(5)))

    assert run(main()) == [60] * 5
