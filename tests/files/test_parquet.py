"""Parquet files."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.files.parquet import ParquetReadings, schema_of, stream_of, streams_to_parquet
from ingestor.files.sheet import Roles
from ingestor.files.table import Block, BlockPoints, Column, FileError, Layout, SeriesBook
from ingestor.files.times import TimeReader
from ingestor.ports import FieldType, Point
from tests.files.samples import BLOCK, LAYOUT, blocks, plain, taken

NS = 1_769_860_800_000_000_000
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def write(folder: Path, some: Sequence[Block]) -> Path:
    """A file of some blocks."""
    schema = schema_of(LAYOUT)
    streams, file = folder / "streams", folder / "climate.parquet"
    streams.write_bytes(b"".join(stream_of(block, schema) for block in some))
    streams_to_parquet(streams, file, schema)
    return file


def read(
    file: Path, roles: Roles | None = None, times: TimeReader | None = None
) -> tuple[list[Point], list[tuple[int, str]]]:
    """The points of a file, and what is wrong in it."""
    readings = ParquetReadings(file, bucket="B", roles=roles or Roles(), times=times or TimeReader())
    try:
        return taken(readings.read())
    finally:
        readings.close()


@given(st.lists(blocks(), max_size=3))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, some: list[Block]) -> None:
    """Any readings give the same points: times, tags, values, types and units."""
    points, wrong = read(write(tmp_path_factory.mktemp("parquet"), some))
    made = BlockPoints(LAYOUT, SeriesBook("B", units={"temperature": "°C"}))

    assert wrong == []
    assert plain(points) == plain([point for block in some for point in made.points(block)])


def test_other_programs_read_it(tmp_path: Path) -> None:
    """Ordinary columns with their types, and times of a zone."""
    file = write(tmp_path, [BLOCK, BLOCK])

    schema = pq.read_schema(file)
    assert schema.field("time").type == pa.timestamp("ns", "UTC")
    assert schema.field("temperature").metadata[b"unit"] == "°C".encode()
    assert pl.read_parquet(file)["count"].to_list() == [-3, None, 2**63 - 1] * 2
    with duckdb.connect() as connection:
        asked = connection.execute("SELECT sum(temperature) FROM read_parquet(?) WHERE rack = 'rack2'", [str(file)])
        assert asked.fetchall() == [(40.0,)]


def test_portions_become_large_row_groups(tmp_path: Path) -> None:
    """Many small ones would be slow to read."""
    schema = schema_of(Layout("m", (), (Column("t", FieldType.FLOAT),)))
    streams, file = tmp_path / "streams", tmp_path / "m.parquet"
    block = Block(list(range(60_000)), [], [[1.0] * 60_000])
    streams.write_bytes(stream_of(block, schema) * 6)

    streams_to_parquet(streams, file, schema)

    found = pq.ParquetFile(file).metadata
    assert [found.row_group(at).num_rows for at in range(found.num_row_groups)] == [300_000, 60_000]


def test_a_tag_and_a_field_of_one_name_come_back(tmp_path: Path) -> None:
    """The column of the field has a name that is free, and says which one it is; other programs see both."""
    fields = (Column("a", FieldType.FLOAT), Column("a (field)", FieldType.INT), Column("time", FieldType.TEXT))
    schema = schema_of(Layout("m", ("a",), fields))
    streams, file = tmp_path / "streams", tmp_path / "m.parquet"
    streams.write_bytes(stream_of(Block([1], [["x"]], [[1.5], [2], ["noon"]]), schema))
    streams_to_parquet(streams, file, schema)
    ([point], wrong) = read(file)

    assert pq.read_table(file).column_names == ["time", "a", "a (field) (field)", "a (field)", "time (field)"]
    assert wrong == []
    assert point.series.tags == (("a", "x"),)
    assert point.fields == {"a": 1.5, "a (field)": 2, "time": "noon"}


def test_a_tag_called_time_has_no_place() -> None:
    """CSV can tell them apart, and the error says so."""
    with pytest.raises(FileError, match="a tag called time"):
        schema_of(Layout("m", ("time",), (Column("a", FieldType.FLOAT),)))


def test_a_foreign_file_with_a_mapping(tmp_path: Path) -> None:
    """Of other types, with dictionaries, missing numbers, and infinite ones, which no store holds."""
    table = pa.table(
        {
            "When": pa.array([NOON, NOON, NOON, None], pa.timestamp("ms", "Asia/Singapore")),
            "Rack": pa.array(["r1", None, "r1", "r1"]).dictionary_encode(),
            "Temp": pa.array([1.5, float("nan"), float("inf"), 1.0], pa.float32()),
            "Count": pa.array([1, 2, None, 1], pa.int16()),
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    points, wrong = read(tmp_path / "f.parquet", Roles(time="When", tags=("Rack",), measurement="m"))

    assert [(point.time_ns, point.series.tags, repr(point.fields)) for point in points] == [
        (NS, (("Rack", "r1"),), "{'Temp': 1.5, 'Count': 1}"),
        (NS, (), "{'Count': 2}"),
    ]
    assert wrong == [(3, "Temp: no finite number"), (4, "has no time")]


def test_a_type_may_be_given(tmp_path: Path) -> None:
    """Whole numbers can be floats; nothing else becomes something else."""
    pq.write_table(pa.table({"time": [NS], "t": [1]}), tmp_path / "f.parquet")

    (point,), _ = read(tmp_path / "f.parquet", Roles(types={"t": FieldType.FLOAT}, measurement="m"))
    assert repr(point.fields) == "{'t': 1.0}"
    with pytest.raises(FileError, match="column 't' is int in the file, not text"):
        read(tmp_path / "f.parquet", Roles(types={"t": FieldType.TEXT}, measurement="m"))


@pytest.mark.parametrize(
    ("column", "times"),
    [
        (pa.array([datetime(2026, 1, 31, 20)], pa.timestamp("us")), TimeReader(zone=ZoneInfo("Asia/Singapore"))),  # noqa: DTZ001
        (pa.array(["2026-01-31T12:00:00Z"]), TimeReader()),
        (pa.array([NS // 10**9]), TimeReader(precision="s")),
    ],
)
def test_times_of_other_types(tmp_path: Path, column: pa.Array, times: TimeReader) -> None:
    """Without a zone, as text, or as numbers."""
    pq.write_table(pa.table({"time": column, "t": [1.0]}), tmp_path / "f.parquet")

    assert read(tmp_path / "f.parquet", Roles(measurement="m"), times)[0][0].time_ns == NS


@pytest.mark.parametrize(
    ("columns", "roles", "why"),
    [
        ({"a": [1.0]}, Roles(measurement="m"), "no column 'time' among a"),
        ({"time": [1], "a": [1.0]}, Roles(), "name it with --measurement"),
        ({"time": [1], "a": ["x"]}, Roles(tags=("a",), measurement="m"), "no column is left"),
        ({"time": [1], "a": [[1.0]]}, Roles(measurement="m"), "which no store holds: choose others with --field"),
        ({"time": [1], "a": [{"b": None}]}, Roles(measurement="m"), "'a' is struct<.*>, which no store holds"),
        ({"time": [1], "a": [date(2026, 1, 1)]}, Roles(measurement="m"), "'a' is date32.*, which no store holds"),
        ({"time": [1], "a": [time(12)]}, Roles(measurement="m"), "'a' is time64.*, which no store holds"),
        ({"time": [1], "a": [None]}, Roles(measurement="m"), "'a' is null, which no store holds"),
        ({"time": [1], "a": [[1]], "t": [1]}, Roles(tags=("a",), measurement="m"), "'a' is list<.*cannot be a tag"),
        ({"time": [1], "a": [b"x"], "t": [1]}, Roles(tags=("a",), measurement="m"), "'a' is binary, which cannot be"),
    ],
)
def test_columns_that_cannot_be_used(tmp_path: Path, columns: dict[str, object], roles: Roles, why: str) -> None:
    """One clear line."""
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")

    with pytest.raises(FileError, match=why):
        read(tmp_path / "f.parquet", roles)


def damaged(data: bytes) -> bytes:
    """With other bytes where its description begins."""
    at = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:at] + bytes(byte ^ 255 for byte in data[at : at + 10]) + data[at + 10 :]


@pytest.mark.parametrize("damage", [lambda data: data[:-20], damaged], ids=["cut off", "damaged"])
def test_what_is_no_parquet_is_told(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """In one line."""
    file = write(tmp_path, [BLOCK])
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(FileError, match="cannot be read as Parquet") as told:
        read(file)
    assert "\n" not in str(told.value)


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    """Which of them is meant, nobody can say."""
    path = tmp_path / "farm.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["time", "a", "a"]), path)

    with pytest.raises(FileError, match="two columns are called 'a'"):
        ParquetReadings(path, bucket="Farm", roles=Roles(measurement="m"), times=TimeReader())


def test_whole_numbers_beyond_64_bits_are_left_out_alone(tmp_path: Path) -> None:
    """Parquet has larger ones than any store; as a float each of them has a place."""
    columns = {"time": [NS, NS + 1], "u": pa.array([2**64 - 1, 2**63 - 1], pa.uint64()), "t": [1.0, 2.0]}
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")

    points, wrong = read(tmp_path / "f.parquet", Roles(measurement="m"))
    assert [point.fields for point in points] == [{"t": 1.0}, {"u": 2**63 - 1, "t": 2.0}]
    assert wrong == [(1, f"u: {2**64 - 1} is no whole number of 64 bits")]

    points, wrong = read(tmp_path / "f.parquet", Roles(measurement="m", types={"u": FieldType.FLOAT}))
    assert [point.fields["u"] for point in points] == [2.0**64, 2.0**63]
    assert wrong == []


def test_values_of_odd_types(tmp_path: Path) -> None:
    """Decimals are the nearest float, texts of any width are texts; columns without a name are passed over."""
    columns = {
        "time": [NS],
        "d": pa.array([Decimal("1.10")], pa.decimal128(20, 2)),
        "h": pa.array([1.5], pa.float16()),
        "s": pa.array(["x"], pa.string_view()),
        "l": pa.array(["y"], pa.large_string()).dictionary_encode(),
        "": [1.0],
    }
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")

    (point,), wrong = read(tmp_path / "f.parquet", Roles(measurement="m"))
    assert (point.fields, wrong) == ({"d": 1.1, "h": 1.5, "s": "x", "l": "y"}, [])


def test_text_that_is_not_utf8_harms_no_other(tmp_path: Path) -> None:
    """It becomes something that no store takes; Parquet does not look into texts."""
    bad = pa.Array.from_buffers(pa.string(), 3, pa.array([b"\xff", b"ok", None]).buffers())
    pq.write_table(pa.table({"time": [NS, NS + 1, NS + 2], "s": bad, "r": bad, "t": [1.0] * 3}), tmp_path / "f.parquet")

    points, wrong = read(tmp_path / "f.parquet", Roles(tags=("r",), measurement="m"))
    assert [point.series.tags for point in points] == [(("r", "\udcff"),), (("r", "ok"),), ()]
    assert [point.fields.get("s") for point in points] == ["\udcff", "ok", None]
    assert wrong == []


def test_times_that_a_zone_has_twice_or_never_are_read_as_in_text(tmp_path: Path) -> None:
    """The first of two hours, and for one that is left out, as if the clocks had not been changed yet."""
    zone = TimeReader(zone=ZoneInfo("Europe/Berlin"))
    moments = [datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30), datetime(2026, 1, 1), None]  # noqa: DTZ001
    columns = {"time": pa.array(moments, pa.timestamp("ms")), "t": [1.0, 2.0, 3.0, 4.0]}
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")

    points, wrong = read(tmp_path / "f.parquet", Roles(measurement="m"), zone)
    assert [point.time_ns for point in points] == [zone.read(str(moment)) for moment in moments if moment]
    assert wrong == [(4, "has no time")]


@pytest.mark.parametrize("tz", [None, "Asia/Singapore"])
def test_a_time_that_is_out_of_range_harms_no_other(tmp_path: Path, tz: str | None) -> None:
    """Nanoseconds of 64 bits end in 2262."""
    times = pa.array([datetime(9999, 1, 1, tzinfo=UTC), NOON], pa.timestamp("us", tz))
    pq.write_table(pa.table({"time": times, "t": [1.0, 2.0]}), tmp_path / "f.parquet")

    points, wrong = read(tmp_path / "f.parquet", Roles(measurement="m"))
    assert [point.time_ns for point in points] == [NS]
    assert wrong[0][1].endswith("lies further from 1970 than 64 bits of nanoseconds can tell")


@pytest.mark.parametrize(
    ("measurement", "unit", "column", "why"),
    [
        (b"m", b"C", "t", "there is no column 'time'"),
        (b"\xff", b"C", "time", "not in UTF-8"),
        (b"m", b"\xff", "time", "not in UTF-8"),
        (b"", b"C", "time", "name it with --measurement"),
    ],
)
def test_a_file_that_only_looks_like_ours_is_told(
    tmp_path: Path, measurement: bytes, unit: bytes, column: str, why: str
) -> None:
    """What stands in its schema, anybody may have written."""
    fields = [
        pa.field(column, pa.int64()),
        pa.field("a", pa.float64(), metadata={"ingestor.role": "field", "unit": unit}),
    ]
    schema = pa.schema(fields, metadata={"ingestor.measurement": measurement})
    pq.write_table(pa.table([[1], [1.0]], schema=schema), tmp_path / "f.parquet")

    with pytest.raises(FileError, match=why):
        read(tmp_path / "f.parquet")


def test_another_measurement_may_be_said(tmp_path: Path) -> None:
    """As for CSV."""
    points, _ = read(write(tmp_path, [BLOCK]), Roles(measurement="other"))
    assert {point.series.measurement for point in points} == {"other"}
