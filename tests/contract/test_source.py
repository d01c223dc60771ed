"""What every store gives back alike: readings as they are, and what there is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from ingestor.errors import BucketError
from ingestor.ports import FieldType, Point, Value
from ingestor.reader import QuestionError, Reader
from ingestor.reader.source import FieldInfo
from tests.builders import series
from tests.contract.sourcemodel import Asked, answer, nanoseconds
from tests.contract.sourcesubjects import AROUND, CHANGES, EVERY_WAY, UNITS, Subject, assert_same, rows

START, STOP = CHANGES["Europe/Berlin"] - AROUND, CHANGES["Europe/Berlin"] + AROUND
ALL: Mapping[str, Any] = {"start": "1700-01-01", "stop": "2262-01-01"}
EXTREMES: Sequence[Mapping[str, Value]] = [
    {"temperature": -0.0, "count": 2**63 - 1, "state": "", "on": False},
    {"temperature": 5e-324, "count": -(2**63)},
    {"temperature": 1.7976931348623157e308, "state": 'a, "b" \'c\' \\ ☃ 💧,\nnext, "line"'},
    {"count": 2**53 + 1, "state": "#datatype,string"},
    {"on": True},
    {"temperature": 0.1 + 0.2, "state": "007"},
    {"state": ""},
]


@pytest.fixture(scope="module", params=list(EVERY_WAY))
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, written: list[Point]) -> Subject:
    """Every store in turn, with the readings in it."""
    subject = EVERY_WAY[request.param](tmp_path_factory.mktemp("farm"), request)
    subject.write(written)
    return subject


def check(farm: Subject, written: list[Point], asked: Asked) -> None:
    """Compare an answer with what it has to be."""
    assert_same(rows(farm.read("Farm", **asked.wish())), answer(written, asked))


def test_readings_as_they_are(farm: Subject, written: list[Point]) -> None:
    """All of them come back, ordered by tags and time, with nothing where a field was not read."""
    check(farm, written, Asked(START, STOP))


@pytest.mark.parametrize(
    "where",
    [
        {"rack": "rack1"},
        {"rack": ["rack1", "rack2"]},
        {"rack": ""},
        {"rack": ["", "rack2"], "level": "1"},
        {"level": "a, \"b\" 'c' = ☃"},
        {"rack": "nowhere"},
        {"rack": "rack1", "unknown": ""},
        {"unknown": "x"},
    ],
    ids=repr,
)
def test_where(farm: Subject, written: list[Point], where: dict[str, str | list[str]]) -> None:
    """Tags narrow the answer: one value or several, and "" is for what has no such tag."""
    check(farm, written, Asked(START, STOP, where=where))


@pytest.mark.parametrize("fields", [("state",), ("on", "count"), ("humidity", "temperature", "state")])
def test_fields(farm: Subject, written: list[Point], fields: tuple[str, ...]) -> None:
    """Only these come, in this order; where none of them was read there is no row."""
    check(farm, written, Asked(START, STOP, fields=fields))
    names = farm.read("Farm", start=START, stop=STOP, fields=fields).column_names

    assert names == ["time", "level", "rack", *fields]


def test_time_is_from_start_until_before_stop(farm: Subject, written: list[Point]) -> None:
    """A reading at the start belongs to it, one at the stop does not; what follows each other has each once."""
    edge = START + timedelta(minutes=11)
    first = farm.read("Farm", start=START, stop=edge)
    second = farm.read("Farm", start=edge, stop=STOP)

    assert first.num_rows + second.num_rows == len(answer(written, Asked(START, STOP)))
    assert max(first["time"].to_pylist()) < edge
    assert nanoseconds(edge) in second["time"].cast(pa.int64()).to_pylist()


@pytest.mark.parametrize("every", [None, "1h"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Singapore"])
def test_columns(farm: Subject, zone: str, every: str | None) -> None:
    """Time has nanoseconds and the zone, tags are text, fields have their types; units where the store knows them."""
    table = farm.read("Farm", start=START, stop=STOP, zone=zone, every=every, function="last" if every else None)

    assert {field.name: field.type for field in table.schema} == {
        "time": pa.timestamp("ns", zone),
        "level": pa.string(),
        "rack": pa.string(),
        "count": pa.int64(),
        "humidity": pa.float64(),
        "on": pa.bool_(),
        "state": pa.string(),
        "temperature": pa.float64(),
    }
    units = {field.name: field.metadata[b"unit"].decode() for field in table.schema if field.metadata}
    assert units == (UNITS if farm.knows_units else {})


@pytest.mark.parametrize("wish", [{}, {"every": "1h"}, {"every": "1d", "fill": 0}, {"every": "1d", "function": "rate"}])
def test_nothing_there(farm: Subject, wish: dict[str, Any]) -> None:
    """Where nothing was read the answer has its columns, and no rows."""
    there = farm.read("Farm", start=START, stop=STOP, **wish)
    empty = farm.read("Farm", start="2001-01-01", stop="2001-01-02", **wish)
    elsewhere = farm.read("Farm", start=START, stop=STOP, where={"rack": "nowhere"}, **wish)

    assert (empty.num_rows, elsewhere.num_rows) == (0, 0)
    assert empty.schema.equals(there.schema, check_metadata=True)
    assert elsewhere.schema.equals(there.schema, check_metadata=True)


@pytest.mark.parametrize("wish", [{}, {"every": "30m"}, {"every": "1d", "fill": "null"}])
def test_stream(farm: Subject, wish: dict[str, Any]) -> None:
    """In batches come the same rows, all with one schema."""

    async def work(reader: Reader) -> tuple[pa.Table, list[pa.RecordBatch]]:
        asked: dict[str, Any] = {"start": START, "stop": STOP, **wish}
        table = await reader.read("Farm", **asked)
        return table, [batch async for batch in reader.stream("Farm", **asked)]

    table, batches = farm.ask(work)

    assert {batch.schema.equals(table.schema, check_metadata=True) for batch in batches} == {True}
    streamed = pa.Table.from_batches(batches)
    order = [("level", "ascending"), ("rack", "ascending"), ("time", "ascending")]
    assert streamed.sort_by(order).equals(table)


def test_newest(farm: Subject, written: list[Point]) -> None:
    """The last value of each field of each series comes with its own time; what else was read then does not."""
    newest: dict[tuple[object, ...], dict[str, object]] = {}
    for tags in {point.series.tags for point in written}:
        of_series = sorted((point for point in written if point.series.tags == tags), key=lambda point: -point.time_ns)
        for name in {name for point in of_series for name in point.fields}:
            point = next(point for point in of_series if name in point.fields)
            newest.setdefault((tags, point.time_ns), {})[name] = point.fields[name]
    found = rows(farm.ask(lambda reader: reader.last("Farm")))
    values = {(row["tags"], row["time"]): {key: row[key] for key in row if row[key] is not None} for row in found}

    assert len(found) == len(newest)
    assert {key: {**fields, "tags": key[0], "time": key[1]} for key, fields in newest.items()} == values


def test_newest_of_a_time(farm: Subject, written: list[Point]) -> None:
    """The same up to a time, for some series and fields."""
    wish: dict[str, Any] = {
        "start": START,
        "stop": CHANGES["Europe/Berlin"],
        "where": {"rack": "rack2"},
        "fields": ["count"],
    }
    (found,) = rows(farm.ask(lambda reader: reader.last("Farm", **wish)))
    *_, expected = answer(written, Asked(START, CHANGES["Europe/Berlin"], where={"rack": "rack2"}, fields=("count",)))

    assert found == expected


def test_gaps(farm: Subject) -> None:
    """Where nothing was read for longer than it should be, within the time and at its ends, is told for each series."""
    wish: dict[str, Any] = {"start": START - timedelta(hours=1), "stop": STOP, "where": {"rack": "rack2"}}
    table = farm.ask(lambda reader: reader.gaps("Farm", "15m", **wish))

    assert table.column_names == ["level", "rack", "from", "to", "missing"]
    first, second, *rest = table.to_pylist()
    assert rest == []
    assert (first["from"], first["to"], first["missing"]) == (START - timedelta(hours=1), START, 3)
    assert (second["rack"], second["level"]) == ("rack2", "1")
    assert (second["to"] - second["from"]).total_seconds() == pytest.approx(30 * 14.5 * 60, rel=0.1)
    assert second["missing"] == pytest.approx(29, abs=1)


def test_what_there_is(farm: Subject) -> None:
    """Buckets, measurements, fields with their types and units, tags and their values are told, sorted."""
    units = UNITS if farm.knows_units else {}

    assert farm.ask(lambda reader: reader.buckets()) == ["Farm"]
    assert farm.ask(lambda reader: reader.measurements("Farm")) == ["climate"]
    assert list(farm.ask(lambda reader: reader.fields("Farm"))) == [
        FieldInfo("count", FieldType.INT),
        FieldInfo("humidity", FieldType.FLOAT, units.get("humidity")),
        FieldInfo("on", FieldType.BOOL),
        FieldInfo("state", FieldType.TEXT),
        FieldInfo("temperature", FieldType.FLOAT, units.get("temperature")),
    ]
    assert farm.ask(lambda reader: reader.tags("Farm")) == {
        "level": ["1", "2", "a, \"b\" 'c' = ☃"],
        "rack": ["rack1", "rack2"],
    }


def test_span(farm: Subject, written: list[Point]) -> None:
    """The times of the first and the last reading are known."""
    times = [point.time_ns for point in written]

    async def work(_: object) -> object:
        async with farm.make_source() as source:
            return await source.span("Farm", "climate"), await source.span("Farm", "nothing")

    assert farm.ask(work) == ((min(times), max(times)), None)


def test_extreme_values(subject: Subject) -> None:
    """What is at the edge of a type comes back as it was."""
    subject.write([Point(series(), at, fields) for at, fields in enumerate(EXTREMES, 1_700_000_000 * 10**9)])
    found = rows(subject.read("Farm", **ALL))

    assert [
        {key: row[key] for key in row if row[key] is not None and key not in {"time", "tags"}} for row in found
    ] == [dict(fields) for fields in EXTREMES]


def test_extreme_times(subject: Subject) -> None:
    """Every time that all stores can hold is read back to the nanosecond, also before 1970."""
    times = [-(2**63) + 2 * 10**9, -1, 0, 1_700_000_000_123_456_789, 2**63 - 3]
    subject.write([Point(series(), time_ns, {"count": 1}) for time_ns in times])
    bounds = {"start": "1677-09-21T00:12:43.145224194+00:00", "stop": "2262-04-11T23:47:16.854775807+00:00"}

    assert subject.read("Farm", **bounds)["time"].cast(pa.int64()).to_pylist() == times


def test_names_that_need_quotes(subject: Subject) -> None:
    """Names with quotes, spaces, commas and other scripts are names; nothing in them is understood as a query."""
    measurement, tag, name = 'm"; drop (x)', "t\"a'g, =", 'f ${x} "温度"'
    of = series("Büro 1, 'a'", measurement, tags={tag: 'v\\a"l${r}'}, types={name: FieldType.FLOAT})
    subject.write([Point(of, 10**18, {name: 1.5}), Point(of, 10**18 + 10**9, {name: 2.5})])
    wishes: Sequence[Mapping[str, Any]] = ({}, {"every": "1h", "function": "max"})
    for wish in wishes:
        table = subject.read(of.bucket, **ALL, where={tag: 'v\\a"l${r}'}, fields=name, measurement=measurement, **wish)

        assert table[name].to_pylist()[-1] == 2.5
        assert table[tag].to_pylist()[-1] == 'v\\a"l${r}'


def test_several_measurements(subject: Subject) -> None:
    """They are never mixed: which one has to be said, or each gets a table of its own."""
    power = {"watts": FieldType.FLOAT}
    subject.write(
        [
            Point(series(), 10**18, {"temperature": 20.0}),
            Point(series(measurement="power", tags={"meter": "m1"}, types=power), 10**18, {"watts": 3.0}),
        ]
    )
    with pytest.raises(QuestionError, match=r"several measurements: climate, power\. Say which"):
        subject.read("Farm", last="1h")
    with pytest.raises(QuestionError, match="no measurement 'weather'; there is: climate, power"):
        subject.read("Farm", last="1h", measurement="weather")
    tables = subject.ask(lambda reader: reader.read_all("Farm", **ALL))
    some = subject.ask(lambda reader: reader.read_all("Farm", **ALL, fields=["watts"]))

    assert subject.read("Farm", **ALL, measurement="power").column_names == ["time", "meter", "watts"]
    assert {name: table["time"].cast(pa.int64()).to_pylist() for name, table in tables.items()} == {
        "climate": [10**18],
        "power": [10**18],
    }
    assert list(some) == ["power"]


def test_no_such_bucket(subject: Subject) -> None:
    """A bucket that is not there is told by its name."""
    subject.write([Point(series(), 10**18, {"temperature": 20.0})])
    with pytest.raises(BucketError, match="Nowhere"):
        subject.read("Nowhere", last="1h")


def test_no_such_field(farm: Subject) -> None:
    """A field that is not there is told with those that are; and what is made of numbers is not made of text."""
    with pytest.raises(QuestionError, match=r"no field 'temprature'; there is: count, humidity, on, state, temp"):
        farm.read("Farm", last="1h", fields=["temprature"])
    with pytest.raises(QuestionError, match="mean is made of numbers"):
        farm.read("Farm", last="1h", fields=["state", "on"], every="1m")


def test_many_series(subject: Subject) -> None:
    """Hundreds of series with a reading each come in the order of their tags."""
    points = [
        Point(series(tags={"rack": f"rack{number:03}"}), 10**18 + number, {"count": number}) for number in range(400)
    ]
    subject.write(points[::-1])

    assert subject.read("Farm", **ALL)["count"].to_pylist() == list(range(400))
    assert subject.read("Farm", **ALL, every="1d", function="sum")["count"].to_pylist() == list(range(400))


def test_last_is_until_now(subject: Subject) -> None:
    """With `last` come the newest readings, up to now."""
    now = datetime.now(UTC)
    ages = [timedelta(days=8), timedelta(days=6), timedelta(minutes=1)]
    subject.write([Point(series(), nanoseconds(now - age), {"count": age.days}) for age in ages])

    assert subject.read("Farm", last="1w")["count"].to_pylist() == [6, 0]
