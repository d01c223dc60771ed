"""Readings of the embedded store as plain rows."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.export import Choice, SqliteRows
from ingestor.files.table import BlockPoints, Column, SeriesBook
from ingestor.ports import FieldType
from ingestor.reader import sqlitefile
from tests.export.samples import SECOND_NS, START_NS, climate, door, farm
from tests.files.samples import plain
from tests.support import run

ALL = {"start_ns": START_NS, "stop_ns": START_NS + 10**15}


def test_what_there_is(tmp_path: Path) -> None:
    """Measurements, tags, fields with types and units, and the time from the first to the last."""
    rows = farm(tmp_path, [*climate(30), *door(3)])
    layout = run(rows.layout(Choice("Farm"), "climate"))

    assert run(rows.measurements("Farm")) == ["climate", "door"]
    assert layout.tags == ("rack", "room")
    assert layout.fields[-1] == Column("temperature", FieldType.FLOAT, "°C")
    assert [column.name for column in layout.fields] == ["count", "humidity", "on", "state", "temperature"]
    assert run(rows.layout(Choice("Farm", fields=("on",)), "climate")).fields == (Column("on", FieldType.BOOL),)
    assert run(rows.span("Farm", "climate")) == (START_NS, START_NS + 29 * SECOND_NS)


def test_blocks_are_the_points_that_were_stored(tmp_path: Path) -> None:
    """Values with their types, units too."""
    points = climate(300)
    rows = farm(tmp_path, points)
    layout = run(rows.layout(Choice("Farm"), "climate"))
    block = run(rows.block(Choice("Farm"), layout, most=None, **ALL))

    assert block is not None
    found = BlockPoints(layout, SeriesBook("Farm", units={"temperature": "°C", "humidity": "%"})).points(block)
    assert sorted(plain(found)) == sorted(plain(points))
    assert tuple(run(rows.counts(Choice("Farm"), layout, **ALL))) == block.counts


def test_a_time_and_tags_narrow_it(tmp_path: Path) -> None:
    """The end is not included; "" is without the tag; counts are of the same."""
    rows = farm(tmp_path, climate(30))

    def times(choice: Choice, start: int, stop: int) -> list[int]:
        layout = run(rows.layout(choice, "climate"))
        span = {"start_ns": START_NS + start * SECOND_NS, "stop_ns": START_NS + stop * SECOND_NS}
        block = run(rows.block(choice, layout, most=None, **span))
        assert block is not None
        assert tuple(run(rows.counts(choice, layout, **span))) == block.counts
        return sorted((time_ns - START_NS) // SECOND_NS for time_ns in block.times)

    assert times(Choice("Farm"), 5, 8) == [5, 6, 7]
    assert times(Choice("Farm", where={"rack": ("rack2",)}), 0, 9) == [1, 4, 7]
    assert times(Choice("Farm", where={"rack": ("rack1", "rack2")}), 0, 4) == [0, 1, 3]
    assert times(Choice("Farm", where={"room": ("",)}), 0, 4) == [1, 2]
    assert times(Choice("Farm", where={"rack": ("rack9",)}), 0, 9) == []


def test_more_than_asked_for_is_not_given(tmp_path: Path) -> None:
    """The caller asks for less time then."""
    rows = farm(tmp_path, climate(30))
    layout = run(rows.layout(Choice("Farm"), "climate"))

    assert run(rows.block(Choice("Farm"), layout, most=29, **ALL)) is None
    assert run(rows.block(Choice("Farm"), layout, most=30, **ALL)) is not None


def test_a_bucket_that_is_not_there_or_broken_is_told(tmp_path: Path) -> None:
    """And nothing is made by asking."""
    with pytest.raises(BucketError, match="there is no bucket 'Farm'"):
        run(SqliteRows(tmp_path).measurements("Farm"))
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "Farm.db").write_bytes(b"x" * 5_000)
    with pytest.raises(BucketError, match="cannot be read"):
        run(SqliteRows(tmp_path).measurements("Farm"))


def test_a_file_that_is_locked_is_not_a_broken_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may pass: the same may be asked later."""
    monkeypatch.setattr(sqlitefile, "_BUSY_SECS", 0.01)
    rows = farm(tmp_path, climate(3))
    with closing(sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            run(rows.measurements("Farm"))


def test_a_measurement_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As when somebody puts another file in the place of the bucket meanwhile."""
    rows = farm(tmp_path, climate(3))
    with pytest.raises(BucketError, match="bucket 'Farm' has no measurement 'weather'"):
        run(rows.span("Farm", "weather"))


def test_it_reads_while_somebody_writes(tmp_path: Path) -> None:
    """A writer in the middle of a transaction is no obstacle."""
    rows = farm(tmp_path, climate(30))
    writer = sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        assert run(rows.span("Farm", "climate")) is not None
    finally:
        writer.close()
