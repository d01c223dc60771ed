"""The words of real servers are what the isolation believes them to be, and what it says is stored is stored."""

import gzip
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from ingestor.ports import FieldType, Point, Reason, Rejection, Series, Value
from ingestor.stores.influxdb.answers import Answer, Dialect, Meaning, dialect, read
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.stores.influxdb.settling import attempt

CUT_GZIP = gzip.compress(b"climate f=1\n" * 9)[:-12]
LARGE_GZIP = gzip.compress(b"climate f=1\n" * 2_500_000, compresslevel=1)
DAY_NS = 86_400 * 10**9
TYPES = {"f": FieldType.FLOAT, "g": FieldType.FLOAT, "s": FieldType.TEXT}
Send = Callable[[Sequence[str]], Answer]


def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """What the server answers to a body."""
    request = urllib.request.Request(url, data=body, headers=dict(headers))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as got:  # noqa: S310
            return Answer(got.status, {name.lower(): value for name, value in got.headers.items()}, got.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read())


def counted(send: Send, requests: list[int]) -> Send:
    """The same, and the number of lines of each request."""

    def send_and_count(lines: Sequence[str]) -> Answer:
        requests.append(len(lines))
        return send(lines)

    return send_and_count


def to(server: InfluxDB, bucket: str) -> Send:
    """How 2.8 is written to."""
    url = f"{server.url}/api/v2/write?org={server.org}&bucket={bucket}&precision=ns"
    return lambda lines: post(url, {"Authorization": f"Token {server.token}"}, "\n".join(lines).encode())


def to1(server: InfluxDB1, database: str) -> Send:
    """How 1.13 is written to."""
    return lambda lines: post(f"{server.url}/api/v2/write?bucket={database}", {}, "\n".join(lines).encode())


def encode(point: Point) -> str:
    """A line, with no more care than these tests need."""
    texts = {str: lambda value: f'"{value}"', bool: lambda value: str(value).lower(), float: repr}
    fields = ",".join(f"{name}={texts[type(value)](value)}" for name, value in point.fields.items())
    tags = "".join(f",{key}={value}" for key, value in point.series.tags)
    return f"{point.series.measurement}{tags} {fields} {point.time_ns}"


def point(time_ns: int, *, tags: Mapping[str, str] | None = None, **fields: Value) -> Point:
    """A point of one measurement."""
    return Point(Series("Farm", "climate", tags or {}, types=TYPES), time_ns, fields)


def poisoned(now_ns: int) -> tuple[list[Point], Mapping[int, Reason]]:
    """5,000 points of the last seconds, seven of them bad, and why."""
    batch = [point(now_ns - at * 10**6, f=float(at)) for at in range(5_000)]
    batch[10] = point(now_ns - 10, f="words")
    batch[700] = point(now_ns - 30 * DAY_NS, g=1.5)
    batch[1_400] = point(now_ns - 1_400, tags={"rack": "x" * 70_000}, f=1.0)
    batch[2_100] = point(now_ns - 2_100, f=float("nan"))
    batch[2_800] = point(now_ns - 2_800, time=1.0)
    batch[3_500] = point(now_ns - 3_500, s="x" * 1_048_577)
    batch[4_200] = point(now_ns - 200 * DAY_NS, f=1.0)
    return batch, {
        10: Reason.TYPE_CONFLICT, 700: Reason.TYPE_CONFLICT, 1_400: Reason.REJECTED, 2_100: Reason.REJECTED,
        2_800: Reason.REJECTED, 3_500: Reason.REJECTED, 4_200: Reason.TIME,
    }  # fmt: skip


def reasons(rejections: Sequence[Rejection]) -> Mapping[int, Reason]:
    """Why each was refused."""
    return {refusal.at: refusal.reason for refusal in rejections}


def test_seven_bad_points_in_2(influxdb: InfluxDB) -> None:
    """Exactly the others are stored, with no more than a dozen and a half requests."""
    influxdb.create_bucket("isolation-seven", retention_secs=100 * 86_400)
    now_ns = time.time_ns()
    influxdb.write("isolation-seven", f"climate f=1 {now_ns}", f"climate g=true {now_ns - 30 * DAY_NS - 1}")
    batch, wrong = poisoned(now_ns)
    requests: list[int] = []
    rejections = attempt(batch, counted(to(influxdb, "isolation-seven"), requests), encode=encode)

    assert reasons(rejections) == wrong
    assert not any(refusal.fields for refusal in rejections)
    assert len(influxdb.values("isolation-seven", "climate", "f")) == 4_993
    assert len(requests) <= 18


def test_seven_bad_points_in_1(influxdb1: InfluxDB1) -> None:
    """The same of 1.13, which stores the good lines of a request and says so with a 400."""
    influxdb1.query('CREATE DATABASE "seven" WITH DURATION 100d NAME "hundred"')
    now_ns = time.time_ns()
    influxdb1.write("seven", f"climate f=1 {now_ns}", f"climate g=true {now_ns - 30 * DAY_NS - 1}")
    batch, wrong = poisoned(now_ns)
    requests: list[int] = []
    rejections = attempt(batch, counted(to1(influxdb1, "seven"), requests), encode=encode)

    assert reasons(rejections) == wrong
    (series,) = influxdb1.query('SELECT count("f") FROM "climate"', database="seven")
    assert series["values"][0][1] == 4_993
    assert len(requests) <= 18


def test_only_the_wrong_field_is_left_out(influxdb: InfluxDB) -> None:
    """The rest of its point is stored."""
    influxdb.create_bucket("isolation-field")
    now_ns = time.time_ns()
    influxdb.write("isolation-field", f"climate f=1 {now_ns - 1}")
    send = to(influxdb, "isolation-field")
    (rejection,) = attempt([point(now_ns, f="words", g=2.5)], send, encode=encode)

    assert rejection.fields == ("f",)
    assert influxdb.values("isolation-field", "climate", "g") == ["2.5"]
    assert influxdb.values("isolation-field", "climate", "f") == ["1"]


def test_what_is_stored_beyond_the_retention_is_not_set_aside(influxdb: InfluxDB) -> None:
    """Stored and set aside are all there is, whatever the server does at the edge of its retention."""
    influxdb.create_bucket("isolation-age", retention_secs=86_400)
    now_ns = time.time_ns()
    batch = [point(now_ns - minute * 60 * 10**9, f=float(minute)) for minute in range(0, 3_000, 7)]
    rejections = attempt(batch, to(influxdb, "isolation-age"), encode=encode)

    assert {refusal.reason for refusal in rejections} == {Reason.TIME}
    assert len(influxdb.values("isolation-age", "climate", "f")) == len(batch) - len(rejections)


@pytest.mark.parametrize(
    ("query", "headers", "body", "meaning"),
    [
        ("org=farm&bucket=first", {}, b"#", Meaning.STORED),
        ("org=farm&bucket=nope", {}, b"#", Meaning.NO_BUCKET),
        ("org=nope&bucket=first", {}, b"#", Meaning.MISCONFIGURED),
        ("org=farm&bucket=first", {"Authorization": "Token nope"}, b"#", Meaning.MISCONFIGURED),
        ("org=farm&bucket=first", {"Content-Encoding": "gzip"}, b"#", Meaning.FAULT),
        ("org=farm&bucket=first", {"Content-Encoding": "gzip"}, CUT_GZIP, Meaning.FAULT),
        ("org=farm&bucket=first&precision=h", {}, b"#", Meaning.REFUSED),
    ],
)
def test_answers_of_2(
    influxdb: InfluxDB, query: str, headers: Mapping[str, str], body: bytes, meaning: Meaning
) -> None:
    """Each is understood as the table says."""
    sent = {"Authorization": f"Token {influxdb.token}", **headers}
    answer = post(f"{influxdb.url}/api/v2/write?{query}", sent, body)

    assert dialect(answer) is Dialect.V2
    assert read(answer).meaning is meaning


def test_other_addresses_of_2(influxdb: InfluxDB) -> None:
    """Its pages answer 200 to nearly everything; that is not taken for stored."""
    assert read(post(f"{influxdb.url}/anything", {}, b"#")).meaning is Meaning.MISCONFIGURED


@pytest.mark.parametrize(
    ("path", "headers", "body", "meaning"),
    [
        ("/api/v2/write?bucket=answers", {}, b"#", Meaning.STORED),
        ("/api/v2/write?bucket=answers", {}, b"m f=1\nm f=", Meaning.QUOTED),
        ("/api/v2/write?bucket=answers", {}, b"m f=", Meaning.QUOTED),
        ("/api/v2/write?bucket=nope", {}, b"#", Meaning.NO_BUCKET),
        ("/api/v2/write?bucket=answers/nope", {}, b"m f=1", Meaning.NO_BUCKET),
        ("/api/v2/write?bucket=a/b/c", {}, b"m f=1", Meaning.NO_BUCKET),
        ("/api/v2/write?bucket=answers", {"Content-Encoding": "gzip"}, b"#", Meaning.REFUSED),
        ("/api/v2/write?bucket=answers", {"Content-Encoding": "gzip"}, CUT_GZIP, Meaning.REFUSED),
        ("/api/v2/write?bucket=answers", {"Content-Encoding": "gzip"}, LARGE_GZIP, Meaning.TOO_LARGE),
        ("/api/v2/nothing", {}, b"#", Meaning.MISCONFIGURED),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_answers_of_1(
    influxdb1: InfluxDB1, path: str, headers: Mapping[str, str], body: bytes, meaning: Meaning
) -> None:
    """Each is understood as the table says."""
    influxdb1.create_database("answers")
    answer = post(f"{influxdb1.url}{path}", headers, body)

    assert dialect(answer) is Dialect.V1
    assert read(answer).meaning is meaning


def test_near_the_limit_of_series_in_1(influxd1: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many points of one new series are stored in small requests; at the limit known series are, and no new ones."""
    monkeypatch.setenv("INFLUXDB_DATA_MAX_SERIES_PER_DATABASE", "20")
    now_ns = time.time_ns()
    many = [point(now_ns - at, f=float(at)) for at in range(50)]
    wide = [point(now_ns - at, tags={"rack": str(at % 40)}, f=1.0) for at in range(1_000)]
    requests: list[int] = []
    with InfluxDB1(influxd1, tmp_path) as server:
        server.create_database("limited")
        send = counted(to1(server, "limited"), requests)

        assert attempt(many, send, encode=encode) == []
        rejections = attempt(wide, send, encode=encode)
        (series,) = server.query('SELECT count("f") FROM "climate"', database="limited")
        (found,) = server.query("SHOW SERIES", database="limited")

    assert len(found["values"]) == 20
    assert len(rejections) == 1_000 - 19 * 25
    assert series["values"][0][1] == 50 + 19 * 25
    assert "limit=20 series=20" in rejections[0].detail
    assert len(requests) < 150


def test_a_write_window_of_1(influxdb1: InfluxDB1) -> None:
    """What is too old, and what is too far ahead, is set aside; the rest is stored, with few requests."""
    influxdb1.query('CREATE DATABASE "window" WITH DURATION 100d FUTURE LIMIT 1h PAST LIMIT 1h NAME "near"')
    now_ns = time.time_ns()
    batch = [point(now_ns + minute * 60 * 10**9, f=1.0) for minute in range(-300, 300, 7)]
    requests: list[int] = []
    rejections = attempt(batch, counted(to1(influxdb1, "window"), requests), encode=encode)

    (series,) = influxdb1.query('SELECT count("f") FROM "climate"', database="window")
    assert series["values"][0][1] == len(batch) - len(rejections)
    assert {refusal.detail.partition(" for")[0] for refusal in rejections} == {"too old", "too far ahead"}
    assert len(requests) <= 16


def test_a_field_that_1_takes_out_itself(influxdb1: InfluxDB1) -> None:
    """It stores the rest of such points and says so with a 400: the field is told, at the cost of one request."""
    influxdb1.create_database("stripped")
    now_ns = time.time_ns()
    batch = [point(now_ns - at, time=1.0, f=1.0) for at in range(100)]
    requests: list[int] = []
    rejections = attempt(batch, counted(to1(influxdb1, "stripped"), requests), encode=encode)

    (series,) = influxdb1.query('SELECT count("f") FROM "climate"', database="stripped")
    assert series["values"][0][1] == 100
    assert [refusal.fields for refusal in rejections] == [("time",)] * 100
    assert requests == [100, 100]
