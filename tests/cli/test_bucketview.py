"""What is in a bucket's file, read while it is written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.cli.bucketview import Reading, count_points, newest_readings
from ingestor.ports import FieldType, Series
from ingestor.stores.bucketfile import BucketFile
from tests.builders import point, series

TYPES = {"temperature": FieldType.FLOAT, "state": FieldType.TEXT}


def rack(number: int) -> Series:
    """The climate of a rack, whose temperature has a unit."""
    tags = {"rack": f"rack{number}"}
    return Series("Farm", "climate", tags, types=TYPES, units={"temperature": "°C"})


def test_the_newest_of_each_series_is_found(tmp_path: Path) -> None:
    """One value a field and rack, the newest first; a field that the newest point has not is left out."""
    one, other = rack(1), rack(2)
    with closing(BucketFile(tmp_path / "Farm.db")) as file:
        file.upsert([
            point(one, time_ns=10, temperature=1.0, state="old"),
            point(one, time_ns=30, temperature=3.0),
            point(other, time_ns=20, temperature=2.0),
        ])  # fmt: skip
        found = newest_readings(tmp_path / "Farm.db")

    assert found == [
        Reading("climate", {"rack": "rack1"}, "temperature", 3.0, "°C", 30),
        Reading("climate", {"rack": "rack2"}, "temperature", 2.0, "°C", 20),
    ]


def test_points_of_all_measurements_are_counted(tmp_path: Path) -> None:
    """A point that was written twice is one."""
    with closing(BucketFile(tmp_path / "Farm.db")) as file:
        climate, power = series(measurement="climate"), series(measurement="power")
        file.upsert([point(climate, time_ns=1), point(climate, time_ns=2), point(power, time_ns=1)])
        file.upsert([point(power, time_ns=1)])
        found = count_points(tmp_path / "Farm.db")

    assert found == 3


def test_no_file_is_no_readings(tmp_path: Path) -> None:
    """Before the first point there is none, and looking makes none."""
    assert (newest_readings(tmp_path / "a.db"), count_points(tmp_path / "a.db")) == ([], 0)
    assert not (tmp_path / "a.db").exists()


def test_a_file_that_is_only_just_being_made_has_none_yet(tmp_path: Path) -> None:
    """The service makes the file and then what is in it; who looks in between is no error."""
    path = tmp_path / "a.db"
    path.touch()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        found = (newest_readings(path), count_points(path))

    assert found == ([], 0)


def test_odd_names_are_paths_all_the_same(tmp_path: Path) -> None:
    """What means something in the address of a file is taken literally."""
    path = tmp_path / "50% ?mode=rw#x.db"
    with closing(BucketFile(path)) as file:
        file.upsert([point()])

    assert count_points(path) == 1


def test_what_is_no_bucket_is_an_error(tmp_path: Path) -> None:
    """It is not taken for an empty one."""
    (tmp_path / "a.db").write_bytes(b"no database at all, but long enough" * 40)
    with pytest.raises(sqlite3.DatabaseError):
        count_points(tmp_path / "a.db")
