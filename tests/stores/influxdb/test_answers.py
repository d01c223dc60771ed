"""The table of answers, row by row, and what a person is told."""

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.errors import StoreError
from ingestor.ports import Rejection
from ingestor.stores.influxdb.answers import TABLE, Answer, Dialect, Meaning, Row, dialect, find_row, read, shorten
from ingestor.stores.influxdb.experience import Experience
from tests.builders import point
from tests.stores.influxdb.settling import attempts

NAMES = {Dialect.V1: "1.8.10", Dialect.V2: "v2.8.0", Dialect.V3: "3.0.1"}
ABOUT_LINES = {
    Meaning.QUOTED, Meaning.NUMBERED, Meaning.AGE, Meaning.FIELD, Meaning.SOME,
}  # fmt: skip
"""What sets points aside when a server says it about everything; all else holds them."""


def answer_of(row: Row) -> Answer:
    """The row's example, from a server of the last generation that it is for."""
    version = NAMES[tuple(row.dialects)[-1]]
    return Answer(min(row.statuses), {"x-influxdb-version": version}, row.example.encode())


def answer(status: int, body: str = "", **headers: str) -> Answer:
    """An answer; `_` in a header's name is a hyphen."""
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())


rows = pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{min(row.statuses)}-{row.meaning}-{row.text[:20]}")


@rows
def test_each_row_is_found_by_its_example(row: Row) -> None:
    """No row is hidden by one before it."""
    found = answer_of(row)

    assert find_row(found.status, found.body.decode().replace('\\"', '"'), dialect(found)) is row
    assert read(found).meaning is row.meaning


@rows
def test_each_row_holds_or_refuses_and_drops_nothing(row: Row) -> None:
    """A server that answers only this gets points set aside only with words about lines; else all are held."""
    batch = [point(time_ns=time_ns) for time_ns in range(3)]

    def settled() -> Sequence[Rejection]:
        return attempts(batch, lambda _: answer_of(row), encode=str, experience=Experience())

    if row.meaning in ABOUT_LINES:
        rejections = settled()
        assert [refusal.at for refusal in rejections] == [0, 1, 2]
        assert all(refusal.detail for refusal in rejections)
    elif row.meaning is Meaning.STORED:
        assert settled() == []
    else:
        with pytest.raises(StoreError, match=re.escape(row.advice or "InfluxDB answered")):
            settled()


@given(st.integers(0, 999), st.binary(max_size=50), st.sampled_from(["", "1.8.10", "2.0", "v3.1", "nonsense"]))
def test_every_answer_has_a_meaning(status: int, body: bytes, version: str) -> None:
    """Whatever comes back is understood as something, and only 204 as stored."""
    reading = read(Answer(status, {"x-influxdb-version": version, "retry-after": version}, body))

    assert (reading.meaning is Meaning.STORED) is (status == 204)


@pytest.mark.parametrize(
    ("version", "spoken"),
    [("1.13.2", "1"), ("v1.8.10", "1"), ("v2.8.0", "2"), ("2.7.1", "2"), ("3.0.1", "3"), ("", "2"), ("12.0", "2")],
)
def test_generation_is_told_by_the_version(version: str, spoken: str) -> None:
    """With and without a v; 2 where it is not said."""
    assert dialect(answer(204, x_influxdb_version=version)) == spoken


DATE = "Wed, 25 Nov 2026 02:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "secs"),
    [
        ({"retry_after": "17"}, 17.0),
        ({"retry_after": " 0 "}, 0.0),
        ({"retry_after": "86400"}, 600.0),
        ({"retry_after": "9" * 400}, 600.0),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "1e3"}, None),
        ({"retry_after": "٣"}, None),
        ({}, None),
        ({"retry_after": "Wed, 25 Nov 2026 02:00:30 GMT", "date": DATE}, 30.0),
        ({"retry_after": "Thu, 26 Nov 2026 02:00:30 GMT", "date": DATE}, 600.0),
        ({"retry_after": "Wed, 25 Nov 2026 01:59:00 GMT", "date": DATE}, None),
        ({"retry_after": "Wed, 25 Nov 2026 02:00:30 GMT"}, None),
        ({"retry_after": "Wed, 25 Nov 2026 02:00:30 -0000", "date": DATE}, None),
        ({"retry_after": "Wed, 99 Nov 2026 02:00:30 GMT", "date": DATE}, None),
    ],
    ids=repr,
)
def test_how_long_to_wait(headers: Mapping[str, str], secs: float | None) -> None:
    """Seconds, or a date by the server's own clock; garbage is ignored, and nobody makes us wait over ten minutes."""
    assert read(answer(503, **headers)).retry_after == secs


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            answer(401, '{"code": "unauthorized", "message": "unauthorized access"}'),
            "InfluxDB answered 401: unauthorized access. Check `token`",
        ),
        (
            answer(302, location="https://me:secret@else.example/?token=secret"),
            "InfluxDB answered 302: redirected to https://else.example/. Put the address that it points to into `url`",
        ),
        (
            answer(302, location="/api/v2/write?token=secret"),
            "InfluxDB answered 302: redirected to /api/v2/write. Put the address that it points to into `url`",
        ),
        (
            answer(302, location="http://[::1/x"),
            "InfluxDB answered 302: redirected to what is no address. Put the address that it points to into `url`",
        ),
        (
            answer(302),
            "InfluxDB answered 302: redirected to nowhere. Put the address that it points to into `url`",
        ),
        (
            answer(404, "<html>\n<center>nginx</center></html>"),
            "InfluxDB answered 404: a web page. There is no InfluxDB at this address: check `url`",
        ),
        (answer(503, "request throttled,\nqueue full\n"), "InfluxDB answered 503: request throttled, queue full"),
        (answer(502), "InfluxDB answered 502"),
        (answer(500, x_influxdb_error="timeout"), "InfluxDB answered 500: timeout"),
        (answer(503, "[" * 100_000), f"InfluxDB answered 503: {'[' * 300} … {'[' * 300}"),
        (answer(503, '{"message": 7}'), 'InfluxDB answered 503: {"message": 7}'),
        (answer(503, "[1]"), "InfluxDB answered 503: [1]"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else "",
)
def test_what_a_person_is_told(found: Answer, told: str) -> None:
    """The status, the server's words on one line, and what to do; nothing secret and nothing endless."""
    assert read(found).told == told


def test_long_words_keep_their_ends() -> None:
    """The beginning tells what happened, the end how often."""
    assert shorten(f"begin {'x' * 5000} end").startswith("begin x")
    assert shorten(f"begin {'x' * 5000} end").endswith("x end")
