"""Imports, from each format into each store."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from ingestor.encode.types import TypeRegistry
from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.export import Choice, Export, SourceRows, SqliteRows, Summary
from ingestor.files.sheet import Roles
from ingestor.files.table import FileError
from ingestor.importing import Import, Options, Progress
from ingestor.importing import job as job_module
from ingestor.ports import Point, Reason, Rejection
from ingestor.reader.influxsource import InfluxSource
from ingestor.routing.models import resolve
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.stores.memory import MemoryStore
from ingestor.stores.sqlite import SqliteStore
from ingestor.writer import BatchWriter, OnFault
from tests.export.samples import climate, export, farm, lines
from tests.importing.samples import bring_in, bring_in_text
from tests.servers.influxdb import InfluxDB
from tests.support import run

NAMES = ["farm.csv", "farm.csv.gz", "farm.lp.gz", "farm.parquet"]
NS = 1_769_860_800_000_000_000
FLUX = (
    'from(bucket: "{}") |> range(start: 2026-01-01, stop: 2027-01-01) |> filter(fn: (r) => r._measurement == "climate")'
)
PIVOT = ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'


def content(file: Path) -> list[str]:
    """The lines of a CSV, in whatever order its series are, without units: not all stores have them."""
    return sorted(line.replace(":float:°C", ":float").replace(":float:%", ":float") for line in lines(file))


def server_of(influxdb: InfluxDB) -> Server:
    """The server as stores and sources take it."""
    return Server(influxdb.url, influxdb.org, SecretStr(influxdb.token))


@pytest.mark.parametrize("name", NAMES)
def test_what_was_exported_comes_back_the_same(tmp_path: Path, name: str) -> None:
    """Into an empty store: equal counts, values and types; and once more, which changes nothing."""
    rows = farm(tmp_path / "from", climate(3_000))
    before = export(rows, tmp_path / "before.csv")
    export(rows, tmp_path / name)

    for _ in range(2):
        summary = bring_in(tmp_path / name, SqliteStore(tmp_path / "to"))
        assert summary == (3_000, 0, 0, {}, None)

    assert export(SqliteRows(tmp_path / "to"), tmp_path / "after.csv") == before
    assert content(tmp_path / "after.csv") == content(tmp_path / "before.csv")


@pytest.mark.parametrize("name", NAMES)
def test_into_a_real_influxdb_and_out_again(influxdb: InfluxDB, tmp_path: Path, name: str) -> None:
    """What comes out of it is what went in."""
    bucket = f"import-{name}"
    influxdb.create_bucket(bucket)
    rows = farm(tmp_path, climate(2_000))
    before = export(rows, tmp_path / "before.csv")
    export(rows, tmp_path / name)
    store = InfluxStore(server_of(influxdb), create=False, declared=())

    assert bring_in(tmp_path / name, store, options=Options(bucket)) == (2_000, 0, 0, {}, None)

    async def out() -> Summary:
        async with InfluxSource(server_of(influxdb)) as source:
            return await Export(Choice(bucket), tmp_path / "after.csv").run(SourceRows(source))

    assert run(out(), timeout_secs=50) == before
    assert content(tmp_path / "after.csv") == content(tmp_path / "before.csv")


@pytest.mark.parametrize("pivoted", [False, True])
def test_the_csv_that_influxdb_answers(influxdb: InfluxDB, tmp_path: Path, pivoted: bool) -> None:  # noqa: FBT001 - a parameter
    """As its page downloads it; a text that is empty cannot be told from none where it is pivoted."""
    bucket = f"download-{pivoted}"
    influxdb.create_bucket(bucket)
    points = [
        point._replace(fields={name: value for name, value in point.fields.items() if value != ""})
        for point in climate(900, bucket=bucket)
    ]
    points = [point for point in points if point.fields]
    farm(tmp_path, points)
    bring_in_points(InfluxStore(server_of(influxdb), create=False, declared=()), points)
    question = FLUX.format(bucket) + (PIVOT if pivoted else "")
    (tmp_path / "query.csv").write_text(influxdb.query(question), encoding="utf-8", newline="")

    summary = bring_in(tmp_path / "query.csv", SqliteStore(tmp_path / "to"), options=Options(bucket))

    assert (summary.rejected, summary.reasons) == (0, {})
    choice = Choice(bucket)
    before = export(SqliteRows(tmp_path), tmp_path / "before.csv", choice=choice)
    assert export(SqliteRows(tmp_path / "to"), tmp_path / "after.csv", choice=choice) == before
    assert content(tmp_path / "after.csv") == content(tmp_path / "before.csv")


def bring_in_points(store: InfluxStore, points: Sequence[Point]) -> None:
    """Write points without any file."""

    async def main() -> None:
        async with store:
            assert not await store.write(points)

    run(main())


def test_bad_lines_harm_no_good_one_and_can_be_mended(tmp_path: Path) -> None:
    """They are counted by reason, and stand in a file of their own, which is imported when it is right."""
    text = "".join(f"m,rack=r{number % 3} t={number}.5 {NS + number}\n" for number in range(12_000))
    summary, store = bring_in_text(tmp_path, "a.lp", f"m t=x {NS}\n{text}m t=1\nm t=2\n")

    assert (summary.stored, summary.rejected, len(store.points)) == (12_000, 3, 12_000)
    assert summary.reasons == {
        "has no time": 2,
        "field 't' is 'x': neither a number of 64 bits nor true, false or a text": 1,
    }
    assert summary.file == tmp_path / "a.rejected.lp"

    mended = (
        summary.file.read_text().replace("t=x", "t=7").replace("t=1", f"t=1 {NS + 1}").replace("t=2", f"t=2 {NS + 2}")
    )
    summary, store = bring_in_text(tmp_path, "a.rejected.lp", mended)
    assert (summary.stored, summary.rejected) == (3, 0)


def test_rejected_rows_of_csv_can_be_mended_too(tmp_path: Path) -> None:
    """They stand under their header; a row that was stored in part is there as well."""
    text = "time,measurement,t:float,n:int\n2026-01-31,m,1,x\nsoon,m,1,1\n2026-01-31T01:00,m,2,2\n"
    summary, store = bring_in_text(tmp_path, "a.csv", text)
    assert (summary.stored, summary.rejected, summary.shortened, len(store.points)) == (2, 1, 1, 2)

    assert summary.file is not None
    mended = summary.file.read_text().replace(",x", ",3").replace("soon", "2026-01-30")
    summary, store = bring_in_text(tmp_path, "b.csv", mended)
    assert (summary.stored, summary.reasons) == (2, {})
    assert {"t": 1.0, "n": 3} in store.points.values()


def test_what_the_store_refuses_is_rejected_by_line(tmp_path: Path) -> None:
    """A point as a whole, or a field of it."""
    text = "".join(f"m t={number},n={number}i {NS + number}\n" for number in range(20))
    (tmp_path / "a.lp").write_text(text)
    store = MemoryStore(
        lambda _: [Rejection(3, Reason.REJECTED, "too old"), Rejection(5, Reason.TYPE_CONFLICT, "n is text", ("n",))]
    )

    summary = bring_in(tmp_path / "a.lp", store)

    assert summary == (19, 1, 1, {"too old": 1, "n is text": 1}, tmp_path / "a.rejected.lp")
    assert (tmp_path / "a.rejected.lp").read_text() == (
        f"# line 4: too old\nm t=3,n=3i {NS + 3}\n# line 6: n is text\nm t=5,n=5i {NS + 5}\n"
    )


def test_a_field_keeps_its_type(tmp_path: Path) -> None:
    """The first line settles it: what is another type later is rejected, and the rest of its line is stored."""
    summary, store = bring_in_text(tmp_path, "a.lp", f"m t=1.5 {NS}\nm t=2i,u=1 {NS + 1}\nm t=3 {NS + 2}\n")

    assert (summary.stored, summary.rejected, summary.shortened) == (3, 0, 1)
    assert sorted(map(str, store.points.values())) == ["{'t': 1.5}", "{'t': 3.0}", "{'u': 1.0}"]


def test_a_model_judges_what_comes(tmp_path: Path) -> None:
    """Its types count, its ranges too; foreign columns are read as it has them."""
    text = "When,rack,temperature,humidity\n2026-01-31,r1,20,50\n2026-01-31,r2,200,50\n2026-01-31,r3,200,\n"
    roles = Roles(time="When", tags=("rack",), measurement="air")
    summary, store = bring_in_text(
        tmp_path, "a.csv", text, options=Options("Farm", roles), model=resolve("climate", {})
    )

    assert (summary.stored, summary.rejected, summary.shortened) == (2, 1, 1)
    assert [fields for _, fields in sorted(store.points.items())] == [
        {"temperature": 20.0, "humidity": 50.0},
        {"humidity": 50.0},
    ]


def test_what_was_read_of_a_damaged_file_is_stored(tmp_path: Path) -> None:
    """The error says from where on it is damaged."""
    export(farm(tmp_path, climate(20_000)), tmp_path / "a.lp.gz")
    packed = (tmp_path / "a.lp.gz").read_bytes()
    (tmp_path / "a.lp.gz").write_bytes(packed[: len(packed) * 3 // 4])
    store = MemoryStore()

    with pytest.raises(
        FileError, match=r"cannot be read beyond line ([0-9,]+): .*what stands before is stored"
    ) as told:
        bring_in(tmp_path / "a.lp.gz", store)
    last, stored = re.findall(r"beyond line ([0-9,]+):.* is stored: ([0-9,]+) readings", str(told.value))[0]
    assert stored == f"{len(store.points):,}"
    assert int(last.replace(",", "")) >= len(store.points) > 5_000


def test_faults_of_the_store_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a person can mend at once, what may pass after a while."""
    (tmp_path / "a.lp").write_text(f"m t=1 {NS}\n")

    def refuse(_: Sequence[Point]) -> Sequence[Rejection]:
        raise BucketError("Farm", "no such bucket")

    with pytest.raises(BucketError, match="no such bucket"):
        bring_in(tmp_path / "a.lp", MemoryStore(refuse))

    def away(_: Sequence[Point]) -> Sequence[Rejection]:
        raise StoreUnavailableError("it is away")

    monkeypatch.setattr(job_module, "DEADLINE_SECS", 0.05)
    with pytest.raises(StoreUnavailableError, match=r"took nothing for 0\.05 s: it is away\. Import the same"):
        bring_in(tmp_path / "a.lp", MemoryStore(away))


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    """A step a batch."""
    (tmp_path / "a.lp").write_text("".join(f"m t=1 {NS + number}\n" for number in range(12_000)))
    seen: list[Progress] = []
    store = MemoryStore()
    engine = BatchWriter("local", store, types=TypeRegistry({}), on_fault=OnFault.RAISE)

    run(Import(tmp_path / "a.lp", Options("Farm")).run(engine, on_progress=seen.append))

    assert [progress.stored for progress in seen] == [5_000, 10_000, 12_000]
    assert seen == sorted(seen)
    assert seen[-1].share == 1.0


def test_reasons_without_end_are_not_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts are right all the same."""
    monkeypatch.setattr(job_module, "_REASONS", 3)
    summary, _ = bring_in_text(tmp_path, "a.lp", "".join(f"m t=x{number} {NS}\n" for number in range(10)))

    assert summary.rejected == sum(summary.reasons.values()) == 10
    assert summary.reasons["other reasons"] == 7


def test_a_bucket_without_a_name_is_told(tmp_path: Path) -> None:
    """What would be stored there, nothing could read."""
    with pytest.raises(FileError, match="--bucket is empty"):
        bring_in_text(tmp_path, "farm.lp", "m x=1 1", options=Options(""))


def test_what_stands_before_an_error_of_influxdb_is_stored(tmp_path: Path) -> None:
    """With what was rejected of it; the error is told in its own words."""
    head = (
        "#datatype,string,long,dateTime:RFC3339,double,string,string\n,result,table,_time,_value,_field,_measurement\n"
    )
    error = "\n#datatype,string,string\n,error,reference\n,out of memory,897\n"
    (tmp_path / "a.csv").write_text(f"{head},,0,2026-01-31,1,t,m\n,,0,soon,2,t,m\n{error}")
    store = MemoryStore()

    with pytest.raises(
        FileError, match=r"line 7: .* with an error: out of memory; .* stored: 1 reading; rejected of it: 1"
    ):
        bring_in(tmp_path / "a.csv", store)
    assert len(store.points) == 1
    assert ",,0,soon,2,t,m" in (tmp_path / "a.rejected.csv").read_text()


def test_long_lines_make_smaller_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of the longest there may be would not fit into memory."""
    monkeypatch.setattr(job_module, "_BATCH_CHARACTERS", 1_000)
    (tmp_path / "a.lp").write_text("".join(f'm s="{"x" * 600}" {NS + number}\n' for number in range(6)))
    seen: list[Progress] = []
    engine = BatchWriter("local", MemoryStore(), types=TypeRegistry({}), on_fault=OnFault.RAISE)

    run(Import(tmp_path / "a.lp", Options("Farm")).run(engine, on_progress=seen.append))
    assert [progress.stored for progress in seen] == [2, 4, 6]


def test_what_is_rejected_stands_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Whether the reader or the store refused it."""
    (tmp_path / "a.lp").write_text(f"m t=1 {NS}\nm t=x {NS}\nm t=2 {NS + 1}\n")
    store = MemoryStore(lambda _: [Rejection(0, Reason.REJECTED, "too old")])

    bring_in(tmp_path / "a.lp", store)
    assert [line for line in lines(tmp_path / "a.rejected.lp") if line.startswith("m ")] == [
        f"m t=1 {NS}",
        f"m t=x {NS}",
    ]


def test_a_measurement_without_a_name_is_told(tmp_path: Path) -> None:
    """At once, not line by line."""
    with pytest.raises(FileError, match="--measurement is empty"):
        bring_in_text(tmp_path, "farm.csv", "time,t\n", options=Options("Farm", Roles(measurement="")))
