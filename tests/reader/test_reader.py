"""The door: where it reads, and what is checked before any store is asked. For answers see the contract."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingestor.errors import BucketError, ConfigError
from ingestor.ports import BucketInfo, FieldType, Point, Value
from ingestor.reader import QuestionError, Reader, sqliterows
from ingestor.reader import reader as reader_module
from ingestor.reader.aggregate import fill
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.builders import series
from tests.reader.sqlitefarm import points, store
from tests.support import ROOT, run

ALL: dict[str, Any] = {"start": "1970-01-01", "stop": "1970-01-02"}


class Silent(SqliteSource):
    """A source that nobody may ask."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))

    async def measurements(self, bucket: str) -> Sequence[str]:
        """Fails."""
        raise AssertionError(f"asked for {bucket}")


@pytest.fixture
def farm(tmp_path: Path) -> Reader:
    """A reader of a store with three readings."""
    rows: list[Mapping[str, Value]] = [
        {"temperature": 20.5, "count": 1},
        {"temperature": 21.5},
        {"temperature": 22.5, "count": 3, "state": "ok"},
    ]
    store(tmp_path, *points(rows, rack="rack1"))
    return Reader(f"sqlite:{tmp_path}", zone="Asia/Singapore")


@pytest.mark.parametrize(
    "wish",
    [{}, {"last": "1"}, {"last": "1h", "every": "0m"}, {"last": "1h", "where": {"a": 1}}, {"last": "1h", "fields": []}],
)
def test_mistakes_are_told_before_any_request(wish: dict[str, Any]) -> None:
    """What cannot be asked, no store is asked."""
    reader = Reader(Silent())

    async def stream() -> None:
        async for _ in reader.stream("Farm", **wish):
            pytest.fail("there is an answer")

    for work in (reader.read("Farm", **wish), reader.read_all("Farm", **wish), stream()):
        with pytest.raises(QuestionError):
            run(work)


def test_other_mistakes_are_told_before_any_request() -> None:
    """So it is with gaps and newest values."""
    reader = Reader(Silent())
    with pytest.raises(QuestionError, match="expected='often'"):
        run(reader.gaps("Farm", "often", last="1h"))
    with pytest.raises(QuestionError, match="which time is meant"):
        run(reader.gaps("Farm", "1m"))
    with pytest.raises(QuestionError, match="last='x'"):
        run(reader.last("Farm", last="x"))
    with pytest.raises(QuestionError, match="there is no argument 'lsat'; there is: fields, last, measurement, start"):
        run(reader.last("Farm", lsat="1h"))  # type: ignore[call-arg]  # wrong on purpose
    for work in (reader.measurements(""), reader.fields("\udc80", "m"), reader.tags("")):
        with pytest.raises(QuestionError, match="a bucket has a name"):
            run(work)
    with pytest.raises(QuestionError, match="measurement=5: a measurement has a name"):
        run(reader.read("Farm", last="1h", measurement=5))  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(QuestionError, match="zone='Mars'"):
        Reader(Silent(), zone="Mars")


def test_the_zone_of_the_reader_is_that_of_its_answers(farm: Reader) -> None:
    """Unless a question names another."""
    assert run(farm.read("Farm", **ALL))["time"].type == pa.timestamp("ns", "Asia/Singapore")
    assert run(farm.read("Farm", **ALL, zone="UTC"))["time"].type == pa.timestamp("ns", "UTC")


def test_frames_of_others_take_it_as_it_is(farm: Reader) -> None:
    """Pandas, polars and DuckDB read the table; ints stay ints in what can hold a missing one."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    table = run(farm.read("Farm", start="1969-12-31", stop="1970-01-02"))

    assert table["count"].to_pylist() == [1, None, 3]
    frame = table.to_pandas()
    assert (list(frame["temperature"]), str(frame["time"].dt.tz)) == ([20.5, 21.5, 22.5], "Asia/Singapore")
    of_polars = polars.from_arrow(table)
    assert of_polars["count"].dtype == polars.Int64
    assert of_polars["count"].to_list() == [1, None, 3]
    with duckdb.connect() as connection:
        connection.register("farm", table)
        assert connection.sql("SELECT rack, sum(count), max(temperature) FROM farm GROUP BY rack").fetchall() == [
            ("rack1", 4, 22.5)
        ]


def test_frames_of_others_where_a_tag_and_a_field_have_one_name(tmp_path: Path) -> None:
    """Pandas and DuckDB take both; polars does with other names."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    of = series(tags={"x": "tag"}, types={"x": FieldType.FLOAT})
    store(tmp_path, Point(of, 0, {"x": 1.0}))
    table = run(Reader(f"sqlite:{tmp_path}").read("Farm", **ALL))

    assert list(table.to_pandas().columns) == ["time", "x", "x"]
    with duckdb.connect() as connection:
        connection.register("farm", table)
        assert connection.sql("SELECT x, x_1 FROM farm").fetchall() == [("tag", 1.0)]
    with pytest.raises(polars.exceptions.DuplicateError):
        polars.from_arrow(table)
    assert polars.from_arrow(table.rename_columns(["time", "x", "x of field"]))["x of field"].to_list() == [1.0]


def test_from_a_configuration(tmp_path: Path) -> None:
    """Its store is read in its time zone."""
    (tmp_path / "config.yaml").write_text("data_dir: data\ntimezone: Europe/Berlin\n", encoding="utf-8")
    store(tmp_path / "data/stores/local", *points([{"temperature": 20.0}]))

    async def main() -> pa.Table:
        async with Reader.from_config(tmp_path / "config.yaml") as reader:
            return await reader.read("Farm", start="1970-01-01", stop="1970-01-02")

    table = run(main())
    assert (table.num_rows, table["time"].type.tz) == (1, "Europe/Berlin")


def test_it_must_be_clear_which_store(tmp_path: Path) -> None:
    """Of several, one is named."""
    (tmp_path / "config.yaml").write_text("stores:\n  a: {}\n  b: {path: b}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="there are several stores, a, b"):
        Reader.from_config(tmp_path / "config.yaml")


def test_empty_buckets(tmp_path: Path) -> None:
    """A bucket without a reading is told apart from one that is not there."""
    store(tmp_path, *points([{"temperature": 1.0}]))
    store(tmp_path, *points([{"temperature": 1.0}], bucket="Empty"))

    run(SqliteBuckets(tmp_path).create(BucketInfo("New")))
    reader = Reader(f"sqlite:{tmp_path}")
    with pytest.raises(QuestionError, match="bucket 'New' is empty"):
        run(reader.read("New", last="1h"))
    with pytest.raises(BucketError, match="there is no bucket 'Old'"):
        run(reader.read("Old", last="1h"))


def test_without_arrow_it_says_what_to_install() -> None:
    """And nothing of the reader is imported until somebody asks for it."""
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import ingestor.reader\n"
        "try:\n    ingestor.reader.Reader\n"
        "except ImportError as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    assert said == "reading needs Arrow, which is not installed: pip install 'ingestor[reader]'\n"


def test_a_name_that_is_not_there() -> None:
    """The package has no other names."""
    import ingestor.reader  # noqa: PLC0415

    with pytest.raises(AttributeError, match="no attribute 'Writer'"):
        ingestor.reader.__getattr__("Writer")


def test_a_stream_that_is_left_open(farm: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed with its reader; who reads on is told, and gets no short answer."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", 1)

    async def main() -> None:
        async with farm:
            batches = farm.stream("Farm", **ALL)
            await anext(batches)
        with pytest.raises(RuntimeError, match="left before all of its answer was read"):
            await anext(batches)

    run(main())


def test_a_change_of_what_is_no_number_is_told(farm: Reader) -> None:
    """Not given as rows without a column."""
    with farm.sync() as reader, pytest.raises(QuestionError, match="rate is made of numbers"):
        reader.read("Farm", **ALL, every="1s", fields="state", function="rate")


def test_what_takes_long_leaves_the_event_loop_alone(farm: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of windows are filled in another thread: a page that reads, too, is answered meanwhile."""
    threads: list[threading.Thread] = []

    def filled(*args: Any, **more: Any) -> pa.Table:  # noqa: ANN401 - as fill takes them
        threads.append(threading.current_thread())
        return fill(*args, **more)

    async def main() -> threading.Thread:
        async with farm:
            await farm.read("Farm", **ALL, every="1h", fill="null")
        return threading.current_thread()

    monkeypatch.setattr(reader_module, "fill", filled)
    own = run(main())

    assert len(threads) == 1
    assert threads[0] is not own
