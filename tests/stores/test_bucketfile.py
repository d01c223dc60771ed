"""One bucket's SQLite file, as people see it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestor.ports import FieldType, Point
from ingestor.stores import bucketfile
from ingestor.stores.bucketfile import BucketFile
from tests.builders import point, series
from tests.stores.reading import read_buckets

CLIMATE = {"temperature": FieldType.FLOAT, "humidity": FieldType.FLOAT}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "Farm.db"


@pytest.fixture
def file(path: Path) -> Iterator[BucketFile]:
    """The open file."""
    with closing(BucketFile(path)) as file:
        yield file


def select(path: Path, query: str) -> list[dict[str, Any]]:
    """What a person gets who opens the file with any SQLite tool, reading only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        reader.row_factory = sqlite3.Row
        return [dict(row) for row in reader.execute(query)]


def test_view_reads_well_while_the_service_writes(path: Path, file: BucketFile) -> None:
    """`select * from climate` shows time, tags and fields by their names, in a file that stays open for writing."""
    of = series(tags={"rack": "rack1", "level": "2"}, types=CLIMATE)
    file.upsert([point(of, time_ns=1_700_000_000_123_456_789, temperature=21.5)])
    first = select(path, "SELECT * FROM climate")
    file.upsert([point(of, time_ns=1_700_000_001_000_000_000, humidity=40.0)])

    assert first == [
        {
            "time": "2023-11-14 22:13:20.123",
            "level": "2",
            "rack": "rack1",
            "temperature": 21.5,
            "humidity": None,
            "time_ns": 1_700_000_000_123_456_789,
        }
    ]
    assert len(select(path, "SELECT * FROM climate")) == 2


def test_reader_in_the_middle_does_not_stop_writing(path: Path, file: BucketFile) -> None:
    """A person's open transaction goes on seeing what it saw, and what is written meanwhile is seen by the next."""
    file.upsert([point(time_ns=1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM climate").fetchone()
        file.upsert([point(time_ns=at) for at in range(2, 1000)])
        after = reader.execute("SELECT count(*) FROM climate").fetchone()

    assert before == after == (1,)
    assert select(path, "SELECT count(*) AS n FROM climate") == [{"n": 999}]


def test_view_grows_with_its_measurement(path: Path, file: BucketFile) -> None:
    """Tags and fields that come later join the view; who has none of them has NULL."""
    file.upsert([point(series(types={"temperature": FieldType.FLOAT}), time_ns=1)])
    wider = series(tags={"rack": "rack1", "level": "2"}, types={"state": FieldType.TEXT})
    file.upsert([point(wider, time_ns=2, state="wet")])

    assert [
        (row["level"], row["temperature"], row["state"])
        for row in select(path, "SELECT * FROM climate ORDER BY time_ns")
    ] == [(None, 21.5, None), ("2", None, "wet")]


def test_opening_again_goes_on(path: Path) -> None:
    """What a file knows of series, fields and tags is in the file."""
    for at in range(3):
        with closing(BucketFile(path)) as file:
            file.upsert([point(time_ns=at, temperature=float(at))])

    assert [row["temperature"] for row in select(path, "SELECT * FROM climate")] == [0.0, 1.0, 2.0]
    assert len(select(path, "SELECT * FROM series")) == 1


def test_every_view_can_be_read(path: Path, file: BucketFile) -> None:
    """Odd names of measurements, tags and fields still give views with a column for each, named as near as SQL lets."""
    names = ['quo"te', "a'b", "a.b", "$", "time", "TIME", "tags", "new\nline", "back\\slash", ""]
    points = [
        Point(series(measurement=name, tags={name: name}, types={name: FieldType.FLOAT}), 1, {name: 1.5})
        for name in (*names, "points_1", "series", "sqlite_x")
    ]
    file.upsert(points)
    views = select(path, "SELECT name, view_name FROM measurements")

    assert len({row["view_name"].lower() for row in views}) == len(points)
    for row in views:
        quoted = row["view_name"].replace('"', '""')
        (shown,) = select(path, f'SELECT * FROM "{quoted}"')  # noqa: S608 - quoted, and our own
        assert len(shown) == 4
        assert {row["name"], 1.5} <= set(shown.values())


def test_a_view_that_somebody_made_meanwhile_stays(path: Path, file: BucketFile) -> None:
    """People may add views of their own while the file is open: a new measurement's view takes another name."""
    file.upsert([point(series(measurement="first"))])
    with closing(sqlite3.connect(path)) as person:
        person.execute("CREATE VIEW Climate AS SELECT 'mine' AS whose")
    file.upsert([point()])

    assert select(path, "SELECT * FROM climate") == [{"whose": "mine"}]
    assert [row["temperature"] for row in select(path, 'SELECT * FROM "climate 2"')] == [21.5]


def test_measurements_that_differ_in_case_each_have_a_view(path: Path) -> None:
    """Names in one batch, in another and after opening again are kept apart, though SQLite takes them for the same."""
    with closing(BucketFile(path)) as file:
        file.upsert([point(series(measurement=name), temperature=1.0) for name in ("climate", "Climate")])
        file.upsert([point(series(measurement="CLIMATE"), temperature=1.0)])
    with closing(BucketFile(path)) as again:
        again.upsert([point(series(measurement="cLIMATE"), temperature=1.0)])
    views = [row["view_name"] for row in select(path, "SELECT view_name FROM measurements ORDER BY id")]

    assert views == ["climate", "Climate 2", "CLIMATE 3", "cLIMATE 4"]
    assert [len(select(path, f'SELECT * FROM "{view}"')) for view in views] == [1, 1, 1, 1]  # noqa: S608 - our own


def test_a_measurement_without_tags_has_a_view(path: Path, file: BucketFile) -> None:
    """The view comes with the measurement, whatever its points have."""
    file.upsert([point(series(tags={}, types={"temperature": FieldType.FLOAT}))])

    assert [list(row) for row in select(path, "SELECT * FROM climate")] == [["time", "temperature", "time_ns"]]


def test_a_new_measurement_changes_the_schema_twice(path: Path, file: BucketFile) -> None:
    """A table and a view, however many fields: each change costs more the more measurements there are."""
    before = select(path, "PRAGMA schema_version")[0]["schema_version"]
    file.upsert([point(series(types={f"field{at}": FieldType.INT for at in range(50)}), field0=1)])

    assert select(path, "PRAGMA schema_version")[0]["schema_version"] == before + 2


def test_units_and_types_are_told(path: Path, file: BucketFile) -> None:
    """The file says of each field which type and unit it has."""
    of = series(types=CLIMATE)
    of.units = {"temperature": "°C"}
    file.upsert([point(of)])

    assert select(path, "SELECT name, type, unit FROM fields") == [
        {"name": "temperature", "type": "float", "unit": "°C"},
        {"name": "humidity", "type": "float", "unit": None},
    ]


@pytest.mark.parametrize(("number", "fields"), [(1, 1), (7, 3), (8, 1), (63, 2), (64, 3), (65, 1), (200, 3), (65, 600)])
def test_any_number_of_rows_and_columns(path: Path, file: BucketFile, number: int, fields: int) -> None:
    """Whatever the size of a batch and the width of a measurement, each point is written once."""
    types = {f"field{at}": FieldType.INT for at in range(fields)}
    file.upsert([Point(series(types=types), at, {"field0": at}) for at in range(number)])

    assert [list(stored.values()) for stored in read_buckets(path.parent).values()] == [[at] for at in range(number)]


def test_memory_is_bounded(path: Path, file: BucketFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many series come, few are remembered, and a batch may bring old and new ones together."""
    monkeypatch.setattr(bucketfile, "_REMEMBERED_BYTES", 10_000)
    many = [series(tags={"rack": str(number)}) for number in range(60)]
    for begin in range(0, 60, 4):
        file.upsert([point(of) for of in (*many[:2], *many[begin : begin + 4])])

    assert len(read_buckets(path.parent)) == 60
    assert len(file._places) < 20


def test_failed_write_leaves_nothing(path: Path, file: BucketFile) -> None:
    """A batch is written as a whole or not at all."""
    with pytest.raises(OverflowError):
        file.upsert([point(time_ns=1), point(time_ns=2, count=2**63)])
    file.close()

    with closing(BucketFile(path)) as again:
        again.upsert([point(time_ns=3)])
    assert [key[3] for key in read_buckets(path.parent)] == [3]


def test_file_of_another_program_is_left_alone(path: Path) -> None:
    """A SQLite file that is not ours is refused and not changed."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id = 7")
        other.execute("CREATE TABLE mine (a)")
    with pytest.raises(sqlite3.DatabaseError, match="another program"):
        BucketFile(path)

    assert [row["name"] for row in select(path, "SELECT name FROM sqlite_schema")] == ["mine"]


def test_a_condition_on_time_finds_its_place(path: Path, file: BucketFile) -> None:
    """A view goes series by series through the key of its points, and does not scan them all."""
    file.upsert([point(time_ns=1)])
    with closing(sqlite3.connect(path)) as reader:
        plan = [row[-1] for row in reader.execute("EXPLAIN QUERY PLAN SELECT * FROM climate WHERE time_ns > 5")]

    assert any("SEARCH points_1" in step and "time>" in step for step in plan), plan
