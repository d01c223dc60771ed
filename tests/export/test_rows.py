"""Readings through the reader: of the embedded store, and of a real InfluxDB."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pytest
from pydantic import SecretStr

from ingestor.export import Choice, Export, SourceRows, Summary
from ingestor.export.rows import block_of_table
from ingestor.files.table import Block, Column, FileError, Layout
from ingestor.ports import FieldType, Point, Series
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.question import Question
from ingestor.reader.source import FieldInfo, Source
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.stores.sqlite import SqliteStore
from tests.export.samples import climate, door, export, farm, lines, store_all, unitless
from tests.servers.influxdb import InfluxDB
from tests.support import run

LAYOUT = Layout("m", ("rack",), (Column("t", FieldType.FLOAT),))


def through(source: Source, target: Path, choice: Choice) -> Summary:
    """What an export through a source tells."""

    async def main() -> Summary:
        async with source:
            return await Export(choice, target).run(SourceRows(source))

    return run(main(), timeout_secs=50)


def test_the_same_readings_come_through_the_reader_and_without_it(tmp_path: Path) -> None:
    """The order of series may differ; all else is equal."""
    rows = farm(tmp_path, climate(900))
    plain = export(rows, tmp_path / "plain.csv")

    assert through(SqliteSource(tmp_path), tmp_path / "arrow.csv", Choice("Farm")) == plain
    assert sorted(lines(tmp_path / "arrow.csv")) == sorted(lines(tmp_path / "plain.csv"))


@pytest.mark.parametrize("name", ["farm.csv.gz", "farm.lp", "farm.parquet"])
def test_a_real_influxdb_gives_the_same_as_the_embedded_store(influxdb: InfluxDB, tmp_path: Path, name: str) -> None:
    """The same bytes from both, but for units, which InfluxDB does not know."""
    bucket = f"export-{name}"
    influxdb.create_bucket(bucket)
    server = Server(influxdb.url, influxdb.org, SecretStr(influxdb.token))
    points = [*climate(2_000, bucket=bucket), *(door(50, bucket=bucket) if name == "farm.lp" else [])]
    without_units = [point._replace(series=unitless(point.series)) for point in points]
    store_all(InfluxStore(server, create=False, declared=()), points)
    farm(tmp_path / "store", without_units)

    from_influxdb = through(InfluxSource(server), tmp_path / f"influxdb-{name}", Choice(bucket))
    from_sqlite = through(SqliteSource(tmp_path / "store"), tmp_path / f"sqlite-{name}", Choice(bucket))

    assert from_influxdb == from_sqlite
    assert from_influxdb.rows == len(points)
    assert (tmp_path / f"influxdb-{name}").read_bytes() == (tmp_path / f"sqlite-{name}").read_bytes()


def test_tags_narrow_what_influxdb_gives(influxdb: InfluxDB, tmp_path: Path) -> None:
    """And what it counts."""
    influxdb.create_bucket("export-where")
    server = Server(influxdb.url, influxdb.org, SecretStr(influxdb.token))
    store_all(InfluxStore(server, create=False, declared=()), climate(300, bucket="export-where"))
    choice = Choice("export-where", where={"rack": ("rack2",)}, fields=("humidity", "on"))

    summary = through(InfluxSource(server), tmp_path / "farm.csv", choice)

    wanted = [point for point in climate(300)[1::3] if {"humidity", "on"} & point.fields.keys()]
    assert summary.rows == len(wanted)
    assert summary.values == sum(len({"humidity", "on"} & point.fields.keys()) for point in wanted)


def test_answers_are_sorted_by_tags_and_time() -> None:
    """However a source divided them; a tag that nothing has is nothing, not missing."""
    table = pa.table(
        {"time": pa.array([3, 1, 2], pa.timestamp("ns", "UTC")), "rack": ["b", "b", "a"], "t": [1.0, 2.0, None]}
    )

    assert block_of_table(table, LAYOUT) == Block([2, 1, 3], [["a", "b", "b"]], [[None, 2.0, 1.0]])
    assert block_of_table(table.select(["time", "t"]), LAYOUT).tags == [[None] * 3]


def test_a_tag_that_is_new_is_told() -> None:
    """Without it two series would be one."""
    table = pa.table({"time": pa.array([1], pa.timestamp("ns", "UTC")), "rack": ["a"], "t": [1.0], "level": ["2"]})

    with pytest.raises(FileError, match="'level' is new in the store since this began: begin anew"):
        block_of_table(table, LAYOUT)


TWINS = Layout("m", ("x",), (Column("x", FieldType.TEXT),))


def test_a_tag_and_a_field_may_have_one_name() -> None:
    """The tag stands first; where only one of them is there, it is the field."""
    time = pa.array([2, 1], pa.timestamp("ns", "UTC"))
    both = pa.table([time, pa.array(["b", "a"]), pa.array(["two", "one"])], names=["time", "x", "x"])

    assert block_of_table(both, TWINS) == Block([1, 2], [["a", "b"]], [["one", "two"]])
    assert block_of_table(both.select([0, 2]), TWINS) == Block([1, 2], [[None, None]], [["one", "two"]])
    with pytest.raises(FileError, match="'x' is new in the store since this began"):
        block_of_table(both, TWINS._replace(tags=()))


def test_an_export_has_a_tag_and_a_field_of_one_name(tmp_path: Path) -> None:
    """What a source gives is counted and written as what it is."""
    series = Series("Farm", "m", {"x": "tag"}, types={"x": FieldType.FLOAT})
    store_all(SqliteStore(tmp_path), [Point(series, 1, {"x": 2.5})])

    summary = through(SqliteSource(tmp_path), tmp_path / "farm.lp", Choice("Farm"))

    assert (summary.rows, (tmp_path / "farm.lp").read_text()) == (1, "m,x=tag x=2.5 1\n")


class Endless:
    """A source that never stops, and notes that it was closed."""

    closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def buckets(self) -> Sequence[str]:
        """None."""
        return ()

    async def measurements(self, bucket: str) -> Sequence[str]:
        """One."""
        return [bucket]

    async def fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        """One."""
        return [FieldInfo(bucket + measurement, FieldType.FLOAT)]

    async def tags(self, bucket: str, measurement: str) -> Mapping[str, Sequence[str]]:
        """None."""
        return {bucket: [measurement]}

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """None."""
        del bucket, measurement
        return None

    async def stream(self, question: Question) -> AsyncIterator[pa.RecordBatch]:
        """The same batch again and again."""
        del question
        try:
            while True:
                yield pa.record_batch({"time": pa.array([1, 2], pa.timestamp("ns", "UTC")), "t": [1.0, 2.0]})
        finally:
            self.closed = True


def test_too_much_is_given_up_in_the_middle() -> None:
    """No stretch of time fills the memory, and the answer is let go of."""
    source = Endless()
    block = run(SourceRows(source).block(Choice("B"), LAYOUT, start_ns=0, stop_ns=9, most=10))  # type: ignore[arg-type] # the rest is not asked

    assert block is None
    assert source.closed
