"""CSV files as points."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ingestor.files import sheet as sheet_module
from ingestor.files.sheet import Roles, read_sheet
from ingestor.files.table import FileError
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType, Point
from tests.files.samples import taken, text_file

NS = 1_769_860_800_000_000_000
OURS = "time,measurement,rack:tag,temperature:float:°C,count:int\n"


def read(
    folder: Path, text: str, roles: Roles | None = None, known: Mapping[str, FieldType] | None = None
) -> tuple[list[Point], list[tuple[int, str]]]:
    """The points of a file with that text, and what is wrong in it."""
    with text_file(folder, text) as file:
        return taken(read_sheet(file, bucket="Farm", roles=roles or Roles(), times=TimeReader(), known=known or {}))


def test_our_own_files_need_no_mapping(tmp_path: Path) -> None:
    """They say what each column is; a spreadsheet may have changed separator and order."""
    text = "count:int;rack:tag;temperature:float:°C;measurement;time\n3;r1;20;climate;2026-01-31T12:00:00Z\n"
    (point,), wrong = read(tmp_path, text)

    assert (point.series.measurement, point.series.tags, point.time_ns) == ("climate", (("rack", "r1"),), NS)
    assert repr(point.fields) == "{'count': 3, 'temperature': 20.0}"
    assert point.series.units == {"temperature": "°C"}
    assert wrong == []


def test_a_wrong_cell_leaves_the_rest_of_its_reading(tmp_path: Path) -> None:
    """And a wrong record leaves all others."""
    rows = [
        "2026-01-31T12:00:00Z,climate,r1,20,x",
        "2026-01-31T12:00:01Z,climate,r1,y,x",
        "soon,climate,r1,20,3",
        "2026-01-31T12:00:02Z,,r1,20,3",
        "2026-01-31T12:00:03Z,climate,r1,20",
        "2026-01-31T12:00:04Z,climate,r1,,",
        "2026-01-31T12:00:05Z,climate,,1,1",
    ]
    points, wrong = read(tmp_path, OURS + "\n".join(rows))

    assert [(point.time_ns - NS) // 10**9 for point in points] == [0, 5]
    assert points[0].fields == {"temperature": 20.0}
    assert points[1].series.tags == ()
    assert wrong == [
        (2, "count: 'x' is no whole number of 64 bits"),
        (3, "temperature: 'y' is no finite number; count: 'x' is no whole number of 64 bits"),
        (4, "time 'soon' is neither ISO 8601 (2026-01-31T12:00:00Z) nor a whole number"),
        (5, "names no measurement"),
        (6, "has 4 cells; the header has 5"),
        (7, "has no value"),
    ]


FOREIGN = "When,Rack,Temp,Door,Note\n2026-01-31 12:00,r1,20,true,ok\n2026-01-31 12:01,r2,,false,\n"


def test_a_foreign_file_with_a_mapping(tmp_path: Path) -> None:
    """Types are guessed; all columns that are nothing else are fields."""
    roles = Roles(time="When", tags=("Rack",), measurement="climate")
    points, wrong = read(tmp_path, FOREIGN, roles)

    assert [(point.series.tags, dict(point.fields)) for point in points] == [
        ((("Rack", "r1"),), {"Temp": 20.0, "Door": True, "Note": "ok"}),
        ((("Rack", "r2"),), {"Door": False}),
    ]
    assert points[0].time_ns == NS
    assert wrong == []


def test_fields_are_chosen_and_types_given(tmp_path: Path) -> None:
    """By a person, or by a model."""
    roles = Roles(time="When", fields=("Temp",), types={"Temp": FieldType.INT}, measurement="climate")
    (first, *_), _ = read(tmp_path, FOREIGN, roles)
    assert repr(first.fields) == "{'Temp': 20}"

    roles = Roles(time="When", fields=("Temp", "Note"), measurement="climate")
    (first, *_), _ = read(tmp_path, FOREIGN, roles, {"Temp": FieldType.TEXT})
    assert repr(first.fields) == "{'Temp': '20', 'Note': 'ok'}"


def test_a_type_that_was_guessed_wrong_harms_only_the_cells_that_do_not_fit(tmp_path: Path) -> None:
    """Only the first records were looked at."""
    text = "time,t\n" + "2026-01-31T12:00:00Z,1\n" * 1_200 + "2026-01-31T12:00:00Z,off\n2026-01-31T12:00:00Z,2\n"
    points, wrong = read(tmp_path, text, Roles(measurement="m"))

    assert len(points) == 1_201
    assert wrong == [(1_202, "t: 'off' is no finite number")]


@pytest.mark.parametrize(
    ("text", "roles", "why"),
    [
        ("a,b\n1,2\n", Roles(measurement="m"), "no column 'time' among a, b: say with --time"),
        ("time,b\n1,2\n", Roles(), "name it with --measurement"),
        ("time,b\n1,2\n", Roles(tags=("c",), measurement="m"), "no column 'c'"),
        ("time,b\n1,2\n", Roles(tags=("b",), measurement="m"), "no column is left"),
        ("time,b,b\n1,2,3\n", Roles(measurement="m"), "two columns are called 'b'"),
        ("time;b\n1;1.021,5\n2;22\n", Roles(measurement="m"), "'b' has numbers with a comma: write them with a point"),
        ("time;b\n1;21,5\n2;22\n", Roles(measurement="m"), "'b' has numbers with a comma: write them with a point"),
        ('time,"b\n', Roles(measurement="m"), "the header has a quote"),
        ("time,measurement,b:float,note\n", Roles(), "'note' has no type"),
        ("time,measurement,b:float,b:int\n", Roles(), "two columns are called 'b'"),
    ],
)
def test_a_header_that_cannot_be_used(tmp_path: Path, text: str, roles: Roles, why: str) -> None:
    """One clear line that says what to do."""
    with pytest.raises(FileError, match=why):
        read(tmp_path, text, roles)


def test_a_column_called_measurement_says_it(tmp_path: Path) -> None:
    """Unless a person says another."""
    text = "time,measurement,t\n2026-01-31,a,1\n2026-01-31,b,2\n"

    points, _ = read(tmp_path, text)
    assert [point.series.measurement for point in points] == ["a", "b"]

    points, _ = read(tmp_path, text, Roles(measurement="c", fields=("t",)))
    assert [point.series.measurement for point in points] == ["c", "c"]


def test_a_header_alone_has_no_readings(tmp_path: Path) -> None:
    """That is no fault; a file without even that is one."""
    assert read(tmp_path, "time,measurement,t:float\n") == ([], [])
    with pytest.raises(FileError, match="there is no header"):
        read(tmp_path, "\n\n")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("time,time,measurement,t:float", "two columns are called 'time'"),
        ("time,measurement,measurement,t:float", "two columns are called 'measurement'"),
        ("t\0ime,t", "has NUL bytes in it"),
        ("time,:float", "a column has a type but no name"),
        ("time,:tag,t:float", "a column has a type but no name"),
        ("time,t:float\r2026-01-31,1\r", "has a carriage return in it"),
        ("time,K\udcfcche", "is not in UTF-8"),
    ],
)
def test_a_header_that_is_none_is_told(tmp_path: Path, header: str, why: str) -> None:
    """Before anything is stored under a wrong name, or one of two columns is left out."""
    with pytest.raises(FileError, match=why):
        read(tmp_path, f"{header}\n", Roles(measurement="m"))


def test_very_many_columns_take_no_time(tmp_path: Path) -> None:
    """Each is looked up, not searched."""
    names = [f"c{number}" for number in range(20_000)]
    (found,), wrong = read(tmp_path, f"time,{','.join(names)}\n2026-01-31{',1' * 20_000}\n", Roles(measurement="m"))

    assert (len(found.fields), wrong) == (20_000, [])


def test_types_are_guessed_from_a_bounded_part_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long its lines are, they are not all held at once."""
    monkeypatch.setattr(sheet_module, "_LOOKED_AT_CHARACTERS", 10)
    points, wrong = read(tmp_path, "time,t\n2026-01-31,1\n2026-01-31,x\n", Roles(measurement="m"))

    assert ([point.fields for point in points], [at for at, _ in wrong]) == ([{"t": 1.0}], [3])


def test_the_empty_text_and_no_value_stay_apart(tmp_path: Path) -> None:
    """`""` is the one, nothing at all the other, at the end of a line too; a tag is never empty."""
    rows = ['2026-01-30,m,r,"",', '2026-01-31,m,"",,""', "2026-02-01,m,r,,"]
    points, wrong = read(tmp_path, "time,measurement,rack:tag,a:text,b:text\n" + "\n".join(rows))

    assert [point.fields for point in points] == [{"a": ""}, {"b": ""}]
    assert [point.series.tags for point in points] == [(("rack", "r"),), ()]
    assert wrong == [(4, "has no value")]
    assert read(tmp_path, OURS) == ([], [])
