"""What a bucket's file does when a field has another type, and when others write it too."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestor.ports import FieldType
from ingestor.stores.bucketfile import BucketFile
from tests.builders import point, series
from tests.stores.reading import read_buckets

FLOAT, TEXT = series(types={"level": FieldType.FLOAT}), series(types={"level": FieldType.TEXT, "on": FieldType.BOOL})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "Farm.db"


@pytest.fixture
def file(path: Path) -> Iterator[BucketFile]:
    """The open file."""
    with closing(BucketFile(path)) as file:
        yield file


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a person gets who opens the file."""
    with closing(sqlite3.connect(path)) as reader:
        return reader.execute(query).fetchall()


def test_another_type_is_left_out_and_told(path: Path, file: BucketFile) -> None:
    """SQLite would make a number of a text that looks like one; the rest of the point is stored."""
    first = file.upsert([point(FLOAT, time_ns=1, level=1.5)])
    second = file.upsert(
        [
            point(TEXT, time_ns=2, level="007", on=True),
            point(TEXT, time_ns=3, level="8"),
            point(FLOAT, time_ns=4, level=2.0),
        ]
    )

    assert (first, second) == ({}, {TEXT: {"level": FieldType.FLOAT}})
    assert {key[3]: fields for key, fields in read_buckets(path.parent).items()} == {
        1: {"level": 1.5},
        2: {"on": True},
        4: {"level": 2.0},
    }


def test_another_type_is_seen_after_reopening(path: Path, file: BucketFile) -> None:
    """The types are in the file, not in who wrote it."""
    file.upsert([point(FLOAT, level=1.5)])
    with closing(BucketFile(path)) as again:
        assert again.upsert([point(TEXT, level="high")]) == {TEXT: {"level": FieldType.FLOAT}}


def test_a_new_column_begins_and_the_old_one_keeps_its_values(path: Path, file: BucketFile) -> None:
    """Nothing is converted: the old values are there under a name that says their type, and the view shows both."""
    file.upsert([point(FLOAT, time_ns=1, level=1.5)])
    name = file.begin_column_anew("climate", "level", FieldType.TEXT)
    conflicts = file.upsert([point(TEXT, time_ns=2, level="007")])

    assert (name, conflicts) == ("level (float)", {})
    assert rows(path, 'SELECT "level (float)", level FROM climate ORDER BY time') == [(1.5, None), (None, "007")]
    assert file.field_types() == {
        ("climate", "level (float)"): FieldType.FLOAT,
        ("climate", "level"): FieldType.TEXT,
        ("climate", "on"): FieldType.BOOL,
    }


def test_columns_may_begin_anew_again_and_again(path: Path, file: BucketFile) -> None:
    """Each of the old ones has a name of its own."""
    whole = series(types={"level": FieldType.INT})
    names = []
    for number, of in enumerate([FLOAT, whole, FLOAT, whole]):
        (kind,) = of.types.values()
        names.append(file.begin_column_anew("climate", "level", kind))
        file.upsert([point(of, time_ns=number, level=number if kind is FieldType.INT else float(number))])

    assert names == [None, "level (float)", "level (int)", "level (float) 2"]
    query = 'SELECT "level (float)", "level (int)", "level (float) 2", level FROM climate ORDER BY time'
    assert rows(path, query) == [
        (0.0, None, None, None),
        (None, 1, None, None),
        (None, None, 2.0, None),
        (None, None, None, 3),
    ]


@pytest.mark.parametrize(("measurement", "field"), [("climate", "level"), ("climate", "other"), ("soil", "level")])
def test_nothing_begins_anew_without_need(path: Path, file: BucketFile, measurement: str, field: str) -> None:
    """A field of that type already, or of which there is nothing, stays as it is."""
    file.upsert([point(FLOAT, level=1.5)])
    before = rows(path, "PRAGMA schema_version")

    assert file.begin_column_anew(measurement, field, FieldType.FLOAT) is None
    assert rows(path, "PRAGMA schema_version") == before
    assert file.upsert([point(FLOAT, time_ns=2, level=2.5)]) == {}


def test_two_may_write_one_file(path: Path, file: BucketFile) -> None:
    """The service and a script each see the measurements, fields and types that the other one makes."""
    wide = series(types={"level": FieldType.FLOAT, "on": FieldType.BOOL})
    soil = series(measurement="soil", types={"moisture": FieldType.FLOAT})
    with closing(BucketFile(path)) as other:
        other.upsert([point(FLOAT, time_ns=1, level=1.0)])
        file.upsert([point(wide, time_ns=2, level=2.0, on=True)])
        other.upsert([point(soil, time_ns=3, moisture=3.0), point(wide, time_ns=4, on=False)])
        file.upsert([point(soil, time_ns=5, moisture=5.0)])
        other.begin_column_anew("climate", "level", FieldType.TEXT)
        conflicts = file.upsert([point(TEXT, time_ns=6, level="6"), point(FLOAT, time_ns=7, level=7.0)])

    assert conflicts == {FLOAT: {"level": FieldType.TEXT}}
    assert {key[3]: fields for key, fields in read_buckets(path.parent).items()} == {
        1: {"level (float)": 1.0},
        2: {"level (float)": 2.0, "on": True},
        3: {"moisture": 3.0},
        4: {"on": False},
        5: {"moisture": 5.0},
        6: {"level": "6"},
    }
