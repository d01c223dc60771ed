"""The annotated CSV of InfluxDB."""

from pathlib import Path

import pytest

from ingestor.files.annotated import is_annotated, read_annotated
from ingestor.files.table import FileError, Unreadable
from ingestor.files.times import TimeReader
from ingestor.ports import Point
from tests.files.samples import taken, text_file

NS = 1_769_860_800_000_000_000
LONG = (
    "#group,false,false,true,true,false,false,true,true,true\r\n"
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\r\n"
    "#default,mean,,,,,,,,\r\n"
    ",result,table,_start,_stop,_time,_value,_field,_measurement,rack\r\n"
    ",,0,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T12:00:00Z,20,temperature,climate,rack1\r\n"
    ",,1,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T12:00:00.5Z,21.5,temperature,climate,rack2\r\n"
    "\r\n"
    "#group,false,false,true,true,false,false,true,true\r\n"
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string\r\n"
    "#default,mean,,,,,,,\r\n"
    ",result,table,_start,_stop,_time,_value,_field,_measurement\r\n"
    ",,2,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T12:00:00Z,,state,door\r\n"
    ',,2,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-01-31T12:00:01Z,"say ""x"",\n",state,door\r\n\r\n'
)
PIVOTED = (
    "#datatype,string,long,dateTime:RFC3339,string,string,long,boolean,double\n"
    "#group,false,false,false,true,true,false,false,false\n"
    "#default,_result,,,,,,,7\n"
    ",result,table,_time,_measurement,rack,count,on,temperature\n"
    ",,0,2026-01-31T12:00:00Z,climate,rack1,3,true,\n"
    ",,0,2026-01-31T12:00:01Z,climate,,,false,20\n"
)


def read(folder: Path, text: str, measurement: str | None = None) -> tuple[list[Point], list[tuple[int, str]]]:
    """The points of a file with that text, and what is wrong in it."""
    with text_file(folder, text) as file:
        return taken(read_annotated(file, bucket="Farm", measurement=measurement, times=TimeReader()))


def test_a_row_a_value_as_the_page_downloads_it(tmp_path: Path) -> None:
    """Several tables with other columns and types; the empty text is a value."""
    points, wrong = read(tmp_path, LONG)

    assert [(p.series.measurement, p.series.tags, p.time_ns - NS, repr(p.fields)) for p in points] == [
        ("climate", (("rack", "rack1"),), 0, "{'temperature': 20.0}"),
        ("climate", (("rack", "rack2"),), 500_000_000, "{'temperature': 21.5}"),
        ("door", (), 0, "{'state': ''}"),
        ("door", (), 10**9, "{'state': 'say \"x\",\\n'}"),
    ]
    assert wrong == []


def test_a_row_a_reading_where_it_is_pivoted(tmp_path: Path) -> None:
    """Columns of the group are tags, the others fields; what is empty has the default, or is nothing."""
    points, wrong = read(tmp_path, PIVOTED)

    assert [(p.series.tags, repr(p.fields)) for p in points] == [
        ((("rack", "rack1"),), "{'count': 3, 'on': True, 'temperature': 7.0}"),
        ((), "{'on': False, 'temperature': 20.0}"),
    ]
    assert wrong == []


def test_a_wrong_row_harms_no_other(tmp_path: Path) -> None:
    """Each is named."""
    rows = (
        ",,0,2026-01-31T12:00:02Z,climate,rack1,x,,\n"
        ",,0,,climate,rack1,1,,\n"
        ",,0,2026-01-31T12:00:02Z,climate\n"
        ",,0,2026-01-31T12:00:02Z,,rack1,1,,\n"
        ",,0,2026-01-31T12:00:03Z,climate,rack1,5,,\n"
    )
    points, wrong = read(tmp_path, PIVOTED + rows)

    assert points[-1].fields == {"count": 5, "temperature": 7.0}
    assert [at for at, _ in wrong] == [7, 8, 9, 10]
    assert wrong[0] == (7, "'count': 'x' is no whole number of 64 bits")


def test_a_measurement_is_named_where_there_is_none(tmp_path: Path) -> None:
    """A table that was grouped without it."""
    text = (
        "#datatype,string,long,dateTime:RFC3339,double\n#group,false,false,false,false\n#default,,,,\n"
        ",result,table,_time,t\n,,0,2026-01-31,1\n"
    )

    with pytest.raises(FileError, match="name it with --measurement"):
        read(tmp_path, text)
    assert read(tmp_path, text, "climate")[0][0].series.measurement == "climate"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "#datatype,string,long,string,string\n,result,table,error,reference\n,,,boom,\n",
            "line 2: InfluxDB broke off there with an error: boom",
        ),
        ("#datatype,string,long,string,string\n,result,table,error,reference\n", "with an error$"),
        ("#datatype,string,long\n#group,false", "line 2: ends before the header of its table"),
        (
            "#datatype,string,long,dateTime:RFC3339,double,double,string\n,result,table,_time,t,t,_measurement\n",
            "two columns are called 't'",
        ),
        ("#datatype,string,long\n,result,table,_time,t\n", "does not fit the #datatype"),
        ("#default,,,,\n,result,table,_time,t\n", "does not fit the #datatype"),
        ("#datatype,string,long,double\n,result,table,_value\n", "has no _time"),
        (
            "#datatype,string,long,dateTime:RFC3339,double,string\n,result,table,_time,_value,_measurement\n",
            "only one of",
        ),
        (
            "#datatype,string,long,dateTime:RFC3339,duration,string\n,result,table,_time,d,_measurement\n",
            "type duration",
        ),
    ],
)
def test_tables_that_are_no_readings(tmp_path: Path, text: str, why: str) -> None:
    """One clear line with the place."""
    with pytest.raises(FileError, match=why):
        read(tmp_path, text)


def test_a_header_that_comes_again_is_no_row(tmp_path: Path) -> None:
    """The same one is passed over; another one needs annotations of its own, or rows would be read by the wrong one."""
    points, wrong = read(tmp_path, PIVOTED + PIVOTED.splitlines()[3] + "\n" + PIVOTED.splitlines()[4])
    assert (len(points), wrong) == (3, [])

    points, _ = read(tmp_path, LONG.replace('"say ""x"",\n"', "_time"))
    assert points[-1].fields == {"state": "_time"}
    with pytest.raises(FileError, match="line 7: a table begins there without its #datatype"):
        read(tmp_path, PIVOTED + ",result,table,_time,_measurement,room,count,on,temperature\n")


def test_what_is_rejected_of_a_later_table_stands_under_its_own_head(tmp_path: Path) -> None:
    """Or it would be read by the head of another one when it is mended and imported."""
    bad = LONG.replace("12:00:00.5Z", "soon").replace("12:00:01Z", "soon")
    with text_file(tmp_path, bad) as file:
        first, later = (
            item
            for item in read_annotated(file, bucket="Farm", measurement=None, times=TimeReader())
            if isinstance(item, Unreadable)
        )

    assert first.raw.startswith(",,1,")
    assert later.raw.startswith("\n#group")
    mended = later.raw.replace("soon", "12:00:01Z")
    (point,), _ = read(tmp_path, bad.partition("\n,,0")[0] + f"\n# line 13: why\n{mended}\n")
    assert (point.series.measurement, point.fields) == ("door", {"state": 'say "x",\n'})


def test_what_an_annotated_file_begins_with() -> None:
    """Any of the three annotations."""
    assert all(map(is_annotated, ["#datatype,string", "#group,false", "#default,,"]))
    assert not is_annotated("time,t")
