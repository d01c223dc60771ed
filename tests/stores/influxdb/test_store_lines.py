"""What real servers make of our lines, and what they would make of those that we refuse to write."""

import csv
import itertools
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestor.encode.line import LineEncoder
from ingestor.ports import FieldType, Point, Value
from ingestor.stores.memory import Key
from tests.builders import point, series
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.stores.influxdb import reading

FLOAT = {"f": FieldType.FLOAT}


class Server(NamedTuple):
    """A real server, whichever version it is."""

    of: reading.Org
    create_bucket: Callable[[str], object]

    def bucket(self) -> str:
        """A new bucket."""
        name = f"line-{uuid.uuid4()}"
        self.create_bucket(name)
        return name

    def write(self, bucket: str, *lines: str) -> int:
        """The status of the answer to these lines in one request."""
        url = f"{self.of.url}/api/v2/write?org={self.of.name}&bucket={bucket}&precision=ns"
        headers = {"Authorization": f"Token {self.of.token}"} if self.of.token else {}
        request = urllib.request.Request(url, data="\n".join(lines).encode(), headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def points(self, bucket: str) -> dict[Key, dict[str, Value]]:
        """All that is in a bucket."""
        return reading.points(self.of, bucket)


@pytest.fixture(params=["2.8", "1.13"], scope="module")
def server(request: pytest.FixtureRequest) -> Server:
    """Each version in turn."""
    if request.param == "1.13":
        old: InfluxDB1 = request.getfixturevalue("influxdb1")
        return Server(reading.Org(old.url, "", ""), old.create_database)
    new: InfluxDB = request.getfixturevalue("influxdb")
    return Server(reading.Org(new.url, new.org, new.token), new.create_bucket)


def stored(bucket: str, points: Sequence[Point]) -> dict[Key, Mapping[str, Value]]:
    """What these points are in a bucket."""
    return {(bucket, of.series.measurement, of.series.tags, of.time_ns): of.fields for of in points}


PLACES: Mapping[str, Callable[[str, int], Point]] = {
    "measurement": lambda name, at: Point(series(measurement=name, types=FLOAT), at, {"f": 1.5}),
    "tag": lambda name, at: Point(series(tags={name: "v", "t": "w"}, types=FLOAT), at, {"f": 1.5}),
    "tag value": lambda name, at: Point(series(tags={"a": name, "t": "w"}, types=FLOAT), at, {"f": 1.5}),
    "first field": lambda name, at: Point(series(types={name: FieldType.INT}), at, {name: at}),
    "last field": lambda name, at: Point(series(types={name: FieldType.INT, **FLOAT}), at, {"f": 1.5, name: at}),
}
SHORT_NAMES = sorted(
    {"".join(signs) for size in (0, 1, 2) for signs in itertools.product("a\\,= \"#\t\0\r\n'%", repeat=size)}
    | {"".join(signs) for signs in itertools.product('a\\,= "', repeat=3)}
)


@pytest.mark.parametrize("place", PLACES)
def test_every_short_name_that_is_written_comes_back(server: Server, place: str) -> None:
    """Of all combinations of the signs that mean something, each is refused by us, or comes back as it was."""
    bucket = server.bucket()
    points = [PLACES[place](name, at) for at, name in enumerate(SHORT_NAMES)]
    lines, rejections = LineEncoder().encode(points)
    refused = {rejection.at for rejection in rejections}

    assert server.write(bucket, *filter(None, lines)) == 204
    assert server.points(bucket) == stored(bucket, [of for at, of in enumerate(points) if lines[at]]) | {
        key: {"f": 1.5} for key in stored(bucket, [points[at] for at in refused if lines[at]])
    }
    assert len(points) - len(refused) > 150


texts = st.text(st.sampled_from('\\, ="#%\t\0\r\na') | st.characters(), max_size=6)
values: Mapping[FieldType, st.SearchStrategy[Value]] = {
    FieldType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    FieldType.INT: st.integers(-(2**63), 2**63 - 1),
    FieldType.TEXT: texts,
    FieldType.BOOL: st.booleans(),
}


@st.composite
def models(draw: st.DrawFn) -> tuple[dict[str, FieldType], dict[str, Value], dict[str, str], str]:
    """Types and values of fields, tags, and the beginning of a measurement's name.

    A field's name tells its type: a query over all measurements shows but one type of each name.
    """
    kinds = draw(st.lists(st.tuples(texts, st.sampled_from(FieldType)), min_size=1, max_size=4))
    types = {f"{name}{kind[0]}": kind for name, kind in kinds}
    fields = {name: draw(values[kind]) for name, kind in types.items()}
    return types, fields, draw(st.dictionaries(texts, texts, max_size=3)), draw(texts)


@settings(max_examples=20)
@given(st.lists(models(), min_size=1, max_size=60))
def test_whatever_a_model_holds_comes_back(
    server: Server, made: list[tuple[dict[str, FieldType], dict[str, Value], dict[str, str], str]]
) -> None:
    """Measurement, tags, time, and each field with its type and value; many points in one request harm no other."""
    bucket = server.bucket()
    points = [
        Point(series(measurement=f"{start}{at}", tags=tags, types=types), at, fields)
        for at, (types, fields, tags, start) in enumerate(made)
    ]
    lines, rejections = LineEncoder().encode(points)
    left_out = {rejection.at: rejection.fields for rejection in rejections}
    kept = [
        of._replace(fields={name: value for name, value in of.fields.items() if name not in left_out.get(at, ())})
        for at, of in enumerate(points)
        if lines[at]
    ]
    status = server.write(bucket, *filter(None, lines))
    found = server.points(bucket)

    assert status == 204
    assert found == stored(bucket, kept)
    assert {key: list(map(type, fields.values())) for key, fields in by_name(found).items()} == {
        key: list(map(type, fields.values())) for key, fields in by_name(stored(bucket, kept)).items()
    }


def by_name(points: Mapping[Key, Mapping[str, Value]]) -> dict[Key, dict[str, Value]]:
    """The same, the fields of each sorted."""
    return {key: dict(sorted(fields.items())) for key, fields in points.items()}


@pytest.mark.parametrize(
    "of",
    [
        point(time_ns=-(2**63) + 2),
        point(time_ns=2**63 - 2),
        point(temperature=5e-324, humidity=1.7976931348623157e308),
        point(temperature=-2.2250738585072014e-308, humidity=1e16),
        point(temperature=1e22, humidity=0.1 + 0.2),
        point(count=-(2**63)),
        point(count=2**63 - 1),
        point(state='a "b" \\c\\ \r\n\n, = \0 end\\'),
        point(state="ä" * 524_288),
        point(series(measurement="m" * 65_526, tags={}), count=1),
    ],
    ids=["first time", "last time", "far floats", "small", "round", "min", "max", "text", "long text", "long key"],
)
def test_the_edges_come_back(server: Server, of: Point) -> None:
    """What is at the edge of what is allowed is allowed."""
    bucket = server.bucket()
    (line,), rejections = LineEncoder().encode([of])

    assert rejections == []
    assert server.write(bucket, line) == 204
    assert server.points(bucket) == stored(bucket, [of])


@pytest.mark.parametrize(
    "line",
    [
        ",rack=rack1 f=1 1", "climate,rack= f=1 1", "climate,=rack1 f=1 1", "climate =1 1", "climate,time=a f=1 1",
        "climate,rack=a\\ f=1 1", "climate f=NaN 1", "climate f=inf 1", "climate f=9223372036854775808i 1",
        "climate f=1 9223372036854775807", "climate f=1 -9223372036854775807", "climate time=1 1",
        f"{'m' * 65_527} count=1i 1", f'climate f="{"x" * 1_048_577}" 1',
    ],
    ids=lambda line: line[:40],
)  # fmt: skip
def test_what_is_refused_here_is_refused_there(server: Server, line: str) -> None:
    """Sent as it is, nothing is stored, and the server says so."""
    bucket = server.bucket()

    assert server.write(bucket, line) in {400, 422}
    assert server.points(bucket) == {}


CHANGED: Mapping[str, list[tuple[str, tuple[tuple[str, str], ...], dict[str, Value]]]] = {
    "#climate f=1 1": [],
    "climate time=2,f=1 1": [("climate", (), {"f": 1.0})],
    "\tclimate f=1 1": [("climate", (), {"f": 1.0})],
    "\0climate f=1 1": [("climate", (), {"f": 1.0})],
    "climate \tf=1 1": [("climate", (), {"f": 1.0})],
    "climate f=1 1\nsoil f=1 1": [("climate", (), {"f": 1.0}), ("soil", (), {"f": 1.0})],
    "a\\\\,b f=1 1": [],
    'climate a\\"b=1 1': [("climate", (), {'a"b': 1.0})],
    'climate,\\\\ k=v,q=a"b f=1i 1\nsoil f=2i 2\nwater f=3i 3': [],
}
"""What would be written without our rules, and what is there afterwards: the last one takes two good lines with it."""


@pytest.mark.parametrize("body", CHANGED, ids=ascii)
def test_what_is_refused_here_is_changed_there(server: Server, body: str) -> None:
    """Sent as it is, something else is there afterwards, or nothing; mostly the server says that all is well."""
    bucket = server.bucket()
    server.write(bucket, body)

    assert sorted((key[1], key[2], fields) for key, fields in server.points(bucket).items()) == CHANGED[body]


def test_flux_tells_the_same(influxdb: InfluxDB) -> None:
    """The newer query language has each field with its type, and the sign of a zero."""
    bucket = f"line-{uuid.uuid4()}"
    influxdb.create_bucket(bucket)
    of = point(series(measurement="a, b=#"), temperature=-0.0, humidity=20, count=3, state='a "b\\', on=True)
    lines, _ = LineEncoder().encode([of])
    influxdb.write(bucket, *lines)
    answer = influxdb.query(f'from(bucket: "{bucket}") |> range(start: 0)')
    tables = [list(csv.reader(table.splitlines())) for table in answer.strip().split("\r\n\r\n")]
    found = {}
    for types, _, _, names, row in tables:
        assert dict(zip(names, row, strict=True)).items() >= {"_measurement": "a, b=#", "rack": "rack1"}.items()
        at = names.index("_value")
        found[row[names.index("_field")]] = (types[at], row[at])

    assert found == {
        "temperature": ("double", "-0"),
        "humidity": ("double", "20"),
        "count": ("long", "3"),
        "state": ("string", 'a "b\\'),
        "on": ("boolean", "true"),
    }


@pytest.mark.parametrize("name", ["_time", "_value", "_start", "_stop"])
def test_a_tag_named_as_a_column_of_flux_breaks_queries(influxdb: InfluxDB, name: str) -> None:
    """The server takes it, and from then on queries over that bucket fail that worked before: so we refuse it."""
    bucket = f"line-{uuid.uuid4()}"
    influxdb.create_bucket(bucket)
    influxdb.write(bucket, "climate f=1 1")
    query = f'from(bucket: "{bucket}") |> range(start: 0) |> drop(columns: ["_measurement"])'
    influxdb.query(query)
    influxdb.write(bucket, f"climate,{name}=x f=1 2")

    with pytest.raises(urllib.error.HTTPError) as caught:
        influxdb.query(query)
    assert b"have the same name" in caught.value.read()
