"""A real InfluxDB 2.8 as a source, where the contract of sources says nothing or the server has ways of its own."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import FieldType
from ingestor.reader import Reader, influxsource, pace
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.question import Interval, Question
from ingestor.reader.source import FieldInfo
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb import InfluxDB
from tests.support import free_port, run

Result = TypeVar("Result")
WEEK_NS = 7 * 86_400 * 10**9
ODD = "o\"d\\b ${r} 'name' =, ☃"
"""A name with all that means something to Flux, to InfluxQL or to line protocol."""


def escaped(name: str) -> str:
    """A name as line protocol takes it."""
    return name.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")


def question(bucket: str, **more: Any) -> Question:  # noqa: ANN401 - what a question takes
    """About all readings of the measurement m, unless told otherwise."""
    whole: dict[str, Any] = {"start_ns": -(2**63), "stop_ns": 2**63 - 1, "zone": ZoneInfo("UTC"), "where": {}}
    return Question(**{"bucket": bucket, "measurement": "m", **whole, **more})


def ask(
    server: InfluxDB, work: Callable[[InfluxSource], Awaitable[Result]], *, token: str = InfluxDB.token, url: str = ""
) -> Result:
    """What comes of some work with a source."""

    async def main() -> Result:
        async with InfluxSource(Server(url or server.url, server.org, SecretStr(token), timeout_secs=20)) as source:
            return await work(source)

    return run(main())


def table(server: InfluxDB, asked: Question) -> pa.Table:
    """All batches of an answer in one; without any, a table without columns."""
    return ask(server, lambda source: together(source.stream(asked)))


async def together(batches: AsyncIterator[pa.RecordBatch]) -> pa.Table:
    """Batches in one table."""
    found = [batch async for batch in batches]
    return pa.Table.from_batches(found) if found else pa.table({})


def plain(found: pa.Table) -> list[dict[str, object]]:
    """Rows without what is null, with times in nanoseconds."""
    times = found["time"].cast(pa.int64()).to_pylist() if found.num_rows else []
    rows = found.drop_columns(["time"]).to_pylist() if found.num_rows else []
    return [
        {"time": time, **{name: value for name, value in row.items() if value is not None}}
        for time, row in zip(times, rows, strict=True)
    ]


def test_names_are_just_names(influxdb: InfluxDB) -> None:
    """Whatever signs are in the names of a bucket, measurement, tag and field, and in a tag's value."""
    bucket = ODD.replace('"', "")  # InfluxDB has no bucket of such a name
    influxdb.create_bucket(bucket)
    name, of = escaped(ODD), escaped(ODD).replace("\\=", "=")  # which in the name of a measurement means nothing
    influxdb.write(quote(bucket), f"{of},{name}={name} {name}=1.5 7", f"{of},{name}=other {name}=2.5 8")

    async def work(source: InfluxSource) -> list[object]:
        asked = question(bucket, measurement=ODD, where={ODD: (ODD,)}, fields=(ODD,))
        windows = question(bucket, measurement=ODD, where={ODD: (ODD,)}, every=Interval(1, "h"), functions=("mean",))
        return [
            bucket in await source.buckets(), await source.measurements(bucket), await source.fields(bucket, ODD),
            await source.tags(bucket, ODD), await source.span(bucket, ODD),
            (await together(source.stream(asked))).to_pydict()["time"][0].value,
            (await together(source.stream(windows))).num_rows, (await together(source.newest(asked))).num_rows,
        ]  # fmt: skip

    assert ask(influxdb, work) == [
        True, [ODD], [FieldInfo(ODD, FieldType.FLOAT)], {ODD: sorted([ODD, "other"])}, (7, 8), 7, 1, 1,
    ]  # fmt: skip


def test_texts_come_back_as_they_were_written(influxdb: InfluxDB) -> None:
    """Also with line breaks of every kind, backslashes, quotes, and with nothing in them; and the newest of them."""
    influxdb.create_bucket("texts")
    texts = ["", "a\nb", "a\r\nb", "a\rb", "\\r", "\\b\\", 'q"uo,te', "#x", "\n\r\n#datatype", "☃"]
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    influxdb.write("texts", *(f'm s="{text}" {at}' for at, text in enumerate(quoted)))
    found = table(influxdb, question("texts"))
    newest = ask(influxdb, lambda source: together(source.newest(question("texts"))))
    last = table(influxdb, question("texts", every=Interval(1, "s"), functions=("first", "last", "count")))

    assert found["s"].to_pylist() == texts
    assert newest["s"].to_pylist() == texts[-1:]
    assert plain(last) == [{"time": 0, "s_first": "", "s_last": "☃", "s_count": len(texts)}]


def test_tags_that_a_measurement_has_not(influxdb: InfluxDB) -> None:
    """With a value nothing fits, without one all does; the same goes for a tag that only some series have."""
    influxdb.create_bucket("tags")
    influxdb.write("tags", "m,a=1 x=1 1", "m x=2 2", "m,a=2 x=3 3")

    def times(**where: tuple[str, ...]) -> list[object]:
        return [row["time"] for row in plain(table(influxdb, question("tags", where=where)))]

    assert times(nowhere=("1",)) == []
    assert times(nowhere=("", "1")) == [1, 3, 2]
    assert times(a=("",)) == [2]
    assert times(a=("", "2")) == [3, 2]
    assert times(_field=("x",)) == []


def test_integers_without_a_sign_are_integers(influxdb: InfluxDB) -> None:
    """This service never writes them, but others do."""
    influxdb.create_bucket("unsigned")
    influxdb.write("unsigned", "m x=5u,y=1i 1")

    assert plain(table(influxdb, question("unsigned"))) == [{"time": 1, "x": 5, "y": 1}]


def test_a_field_with_two_types(influxdb: InfluxDB) -> None:
    """Integers of one week and floats of another are floats; texts among them can only be left out."""
    influxdb.create_bucket("types")
    influxdb.write("types", "m x=1.5,y=1.5,z=1 1")
    influxdb.write("types", f'm x=7i,y="warm",z=2 {10 * WEEK_NS}')
    fields = ask(influxdb, lambda source: source.fields("types", "m"))
    found = plain(table(influxdb, question("types", fields=("x", "z"), start_ns=9 * WEEK_NS)))

    assert [field.type for field in fields] == [FieldType.FLOAT] * 3
    assert found == [{"time": 10 * WEEK_NS, "x": 7.0, "z": 2.0}]
    with pytest.raises(BucketError, match="the field 'y' holds values of two types"):
        table(influxdb, question("types", start_ns=9 * WEEK_NS))


def test_what_is_not_there(influxdb: InfluxDB) -> None:
    """A measurement that is not there has nothing; a bucket that is not there, or may not be read, raises."""
    number = influxdb.create_bucket("nothing")
    other = influxdb.create_token(write=[number], read=[])["token"]

    async def work(source: InfluxSource) -> list[object]:
        return [
            await source.measurements("nothing"), await source.fields("nothing", "m"),
            await source.tags("nothing", "m"), await source.span("nothing", "m"),
            [batch async for batch in source.stream(question("nothing"))],
            [batch async for batch in source.newest(question("nothing"))],
        ]  # fmt: skip

    assert ask(influxdb, work) == [[], [], {}, None, [], []]
    for token, bucket in ((influxdb.token, "nowhere"), (other, "nothing")):
        for refused in refusals(bucket):
            with pytest.raises(BucketError, match=f"there is no bucket '{bucket}', or the token may not read it"):
                ask(influxdb, refused, token=token)


def refusals(bucket: str) -> list[Callable[[InfluxSource], Awaitable[object]]]:
    """All that can be asked about a bucket."""
    return [
        lambda source: source.measurements(bucket),
        lambda source: source.fields(bucket, "m"),
        lambda source: source.tags(bucket, "m"),
        lambda source: source.span(bucket, "m"),
        lambda source: together(source.stream(question(bucket))),
        lambda source: together(source.newest(question(bucket))),
    ]


def test_the_first_and_the_last_time_that_there_can_be(influxdb: InfluxDB) -> None:
    """A reading at either end of time is found, and the years between cost nothing."""
    influxdb.create_bucket("ends")
    first, last = -(2**63) + 10**9, 2**63 - 10
    influxdb.write("ends", f"m x=1 {first}", f"m x=2 {last}")

    assert [row["time"] for row in plain(table(influxdb, question("ends")))] == [first, last]
    assert ask(influxdb, lambda source: source.span("ends", "m")) == (first, last)


@pytest.fixture
def small_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of a few values each."""
    monkeypatch.setattr(pace, "AIM_VALUES", 50)
    monkeypatch.setattr(pace, "MAX_VALUES", 200)
    monkeypatch.setattr(influxsource, "_FIRST_SPAN_NS", 10**12)


@pytest.mark.usefixtures("small_spans")
def test_an_answer_of_many_requests_is_that_of_one(influxdb: InfluxDB) -> None:
    """Dense and empty times, spans that are given up as too full: every reading comes once, and stretches in order."""
    influxdb.create_bucket("spans")
    times = [*range(0, 10**11, 10**9), *range(10**15, 10**15 + 10**11, 10**8), 3 * 10**15]
    influxdb.write("spans", *(f"m,a={at % 3} x={at % 7},y={at}i {time}" for at, time in enumerate(times)))
    rows = plain(table(influxdb, question("spans")))
    windows = plain(table(influxdb, question("spans", every=Interval(7, "s"), functions=("count", "p50"))))

    assert sorted((row["time"], row["a"], row["x"], row["y"]) for row in rows) == [
        (time, str(at % 3), float(at % 7), at) for at, time in enumerate(times)
    ]
    assert sum(int(str(row["x_count"])) for row in windows) == len(times)
    assert all("y_p50" in row for row in windows)


@pytest.mark.usefixtures("small_spans")
def test_an_answer_that_is_given_up_leaves_nothing_behind(influxdb: InfluxDB) -> None:
    """After the first batch nobody wants more: the request under way is ended, and the source goes on working."""
    influxdb.create_bucket("given up")
    influxdb.write("given%20up", *(f"m x={at} {at * 10**10}" for at in range(1_000)))

    async def work(source: InfluxSource) -> int:
        batches = source.stream(question("given up"))
        async for _ in batches:
            break
        await batches.aclose()
        newest = await together(source.newest(question("given up")))
        return int(newest.num_rows)

    assert ask(influxdb, work) == 1


def test_entered_again(influxdb: InfluxDB) -> None:
    """A reader that was left can be entered again; one that is not entered says so."""
    influxdb.create_bucket("again")
    influxdb.write("again", "m x=1 1")
    source = InfluxSource(Server(influxdb.url, influxdb.org, SecretStr(influxdb.token)))

    async def main() -> list[int]:
        found = []
        for _ in range(2):
            async with source:
                found.append((await together(source.stream(question("again")))).num_rows)
        return found

    with pytest.raises(RuntimeError, match="not open: use it inside of `async with"):
        run(source.fields("again", "m"))
    assert run(main()) == [1, 1]


@pytest.mark.usefixtures("small_spans")
def test_left_in_the_middle_of_an_answer(influxdb: InfluxDB) -> None:
    """A notebook reads a stream by half, and goes on: nothing is open, and nothing is warned of."""
    influxdb.create_bucket("left")
    influxdb.write("left", *(f"m x={at} {at * 10**10}" for at in range(1_000)))
    reader = Reader(InfluxSource(Server(influxdb.url, influxdb.org, SecretStr(influxdb.token))))
    with reader.sync() as door:
        batches = door.stream("left", start="1970-01-01", stop="1970-01-02")
        next(iter(batches))
    del batches
    gc.collect()
    with reader.sync() as door:
        assert door.read("left", start="1970-01-01", stop="1970-01-02").num_rows == 1_000


@pytest.mark.usefixtures("small_spans")
def test_a_server_that_dies_in_the_middle_of_an_answer(influxd: str, tmp_path: Path) -> None:
    """What came is not passed off as all of it."""
    server = InfluxDB(influxd, tmp_path).start()
    try:
        server.create_bucket("dying")
        server.write("dying", *(f"m x={at} {at * 10**10}" for at in range(1_000)))

        async def work(source: InfluxSource) -> int:
            batches = source.stream(question("dying"))
            first = await anext(batches)
            await asyncio.to_thread(server.kill)
            with pytest.raises(StoreUnavailableError):
                await together(batches)
            return int(first.num_rows)

        assert 0 < ask(server, work) < 1_000
    finally:
        server.kill()


def test_a_server_that_is_not_there(influxdb: InfluxDB) -> None:
    """It may come back."""
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        ask(influxdb, lambda source: source.span("Farm", "m"), url=f"http://127.0.0.1:{free_port()}")
