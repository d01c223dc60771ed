"""What is where in a bucket's file."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.reader import sqlitefile
from ingestor.reader.source import FieldInfo
from ingestor.reader.sqlitefile import find, measurements, opened, span
from tests.reader.sqlitefarm import SECOND, points, store

ROWS = [{"temperature": float(at), "count": at} for at in range(9)]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process that lets nobody else into the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_what_is_in_a_file(tmp_path: Path) -> None:
    """Measurements, fields with types and units, tags with their values, and the time from the first to the last."""
    store(tmp_path, *points(ROWS, rack="b"), *points(ROWS[:3], rack="a", room="1"), *points(ROWS, measurement="soil"))
    with opened(tmp_path, "Farm") as connection:
        place = find(connection, "climate")
        assert place is not None

        assert measurements(connection) == ["climate", "soil"]
        assert list(place.fields[-1:]) == [FieldInfo("temperature", FieldType.FLOAT, "°C")]
        assert place.values == {"rack": ["a", "b"], "room": ["1"]}
        assert span(connection, place) == (0, 8 * SECOND)


def test_no_such_measurement(tmp_path: Path) -> None:
    """It is nowhere."""
    store(tmp_path, *points(ROWS))
    with opened(tmp_path, "Farm") as connection:
        assert find(connection, "weather") is None


def test_series_are_chosen_by_tags(tmp_path: Path) -> None:
    """One of several values, "" for none, and all where nothing is asked for; in the order in which they came."""
    store(tmp_path, *points(ROWS, rack="b"), *points(ROWS, rack="a", room="1"), *points(ROWS, room="2"))
    with opened(tmp_path, "Farm") as connection:
        place = find(connection, "climate")
    assert place is not None

    def racks(**where: tuple[str, ...]) -> list[str | None]:
        return [place.series[number].get("rack") for number in place.fitting(where)]

    assert racks() == ["b", "a", None]
    assert racks(rack=("a", "b", "c")) == ["b", "a"]
    assert racks(rack=("a", "")) == ["a", None]
    assert racks(rack=("a",), room=("2",)) == []


def test_a_measurement_without_readings_has_no_span(tmp_path: Path) -> None:
    """All of them may have been deleted."""
    store(tmp_path, *points(ROWS))
    with closing(sqlite3.connect(tmp_path / "Farm.db", isolation_level=None)) as other:
        other.execute("DELETE FROM points_1")
    with opened(tmp_path, "Farm") as connection:
        place = find(connection, "climate")

        assert place is not None
        assert span(connection, place) is None


def test_no_such_file(tmp_path: Path) -> None:
    """It is told, and nothing is made."""
    with pytest.raises(BucketError, match="there is no bucket 'Farm'"), opened(tmp_path, "Farm"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_none_of_ours(tmp_path: Path) -> None:
    """It is told which one, and why."""
    (tmp_path / "Farm.db").write_bytes(b"something else entirely" * 100)
    with (
        pytest.raises(BucketError, match=r"Farm\.db cannot be read: file is not a database"),
        opened(tmp_path, "Farm") as connection,
    ):
        measurements(connection)


def test_a_lock_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket is not to blame for what another process does."""
    monkeypatch.setattr(sqlitefile, "_BUSY_SECS", 0.01)
    store(tmp_path, *points(ROWS))
    with (
        locked(tmp_path / "Farm.db"),
        pytest.raises(StoreUnavailableError, match=r"Farm\.db: database is locked"),
        opened(tmp_path, "Farm") as connection,
    ):
        measurements(connection)


def test_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through such a connection nothing is; on a medium that cannot be written nothing is made beside the file."""
    store(tmp_path, *points(ROWS))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with opened(tmp_path, "Farm") as connection:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM series")

        assert [path.name for path in tmp_path.iterdir()] == ["Farm.db"]


def test_it_needs_no_arrow() -> None:
    """It is there where Arrow is not."""
    code = "import sys; sys.modules['pyarrow'] = None; import ingestor.reader.sqlitefile, ingestor.export"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50)

    assert (done.returncode, done.stderr) == (0, "")
