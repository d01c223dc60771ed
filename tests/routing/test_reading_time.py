"""The time of a reading."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from ingestor.config import TimeOf
from ingestor.ports import RETAIN, Flaw, Message, Reason
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.payload import PayloadReader, Written
from ingestor.routing.reading_time import Clock
from ingestor.routing.unpack import Reading, Unpacker
from ingestor.routing.words import DETAIL_LENGTH
from tests.routing.helpers import JSON, RECEIVED_NS

SECOND_NS = 10**9
SCALES = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
START_NS = 946_684_800 * SECOND_NS
"""2000-01-01."""


def when(written: str, *, flags: int = 0, **rule: Any) -> int | Flaw:  # noqa: ANN401 - keys of the configuration
    """The time of a message received at RECEIVED_NS in which a device wrote its time like this."""
    payload = b'{"ts": %s}' % written.encode()
    payloads = PayloadReader(JsonFormat(), Unpacker({}, reason=Reason.NOT_JSON), decompress=None)
    clock = Clock(TimeOf.model_validate({"field": "ts", **rule}), written=payloads.written)
    return clock.when(from_json(payload)["ts"], Message("t", payload, RECEIVED_NS, flags))


def refused(found: int | Flaw, words: str) -> bool:
    """Whether the reading is set aside, for what these words say."""
    return isinstance(found, Flaw) and found[:2] == (-1, Reason.TIME) and words in found.detail and not found.field


@pytest.mark.parametrize(("unit", "scale"), SCALES.items())
@pytest.mark.parametrize("auto", [True, False])
def test_each_unit_is_read(unit: str, scale: int, *, auto: bool) -> None:
    """A whole number of any unit is that time, and its unit can be told from its size."""
    assert when(str(RECEIVED_NS // scale), unit="auto" if auto else unit) == RECEIVED_NS


@given(st.integers(START_NS, RECEIVED_NS))
def test_nanoseconds_are_kept(time_ns: int) -> None:
    """Not one nanosecond is lost, in any way to write a time."""
    seconds, rest = divmod(time_ns, SECOND_NS)
    moment = datetime.fromtimestamp(seconds, tz=UTC)

    assert when(str(time_ns), unit="ns") == time_ns
    assert when(str(time_ns)) == time_ns
    assert when(f"{seconds}.{rest:09}", unit="s") == time_ns
    assert when(f"{time_ns // 1000}.{time_ns % 1000:03}", unit="us") == time_ns
    assert when(f'"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}Z"', unit="iso") == time_ns


@given(st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - bounds
def test_zones_are_counted(moment: datetime) -> None:
    """A time with any offset is the same instant as in UTC."""
    if (moment.utcoffset() or timedelta(0)) % timedelta(minutes=1):
        return
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    assert when(f'"{moment.isoformat()}"') == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T12:00:00Z",
        "2026-11-24t12:00:00z",
        "2026-11-24 12:00Z",
        "2026-11-24T20:00:00+08:00",
        "2026-11-24T20:00:00+0800",
        "2026-11-24T12:00:00.000Z",
        "2026-11-24T12:00:00,0000000009Z",
        " 2026-11-24T12:00:00-00:00 ",
    ],
)
def test_usual_ways_to_write_iso_are_read(text: str) -> None:
    """T or a space, seconds or none, any fraction, Z or an offset with or without a colon."""
    assert when(json.dumps(text), unit="iso") == RECEIVED_NS


@pytest.mark.parametrize(
    ("written", "unit", "words"),
    [
        ('"2026-11-24T12:00:00"', "auto", "without a zone"),
        ('"2026-02-30T12:00:00Z"', "auto", "no such time"),
        ('"2026-11-24"', "auto", "not a time in ISO 8601"),
        ('"1795521600"', "auto", "not a time in ISO 8601"),
        ('"' + "1" * 100_000 + '"', "auto", "not a time in ISO 8601"),
        ('"2026-11-24T12:00:00Z"', "s", "a number belongs here"),
        ("1795521600", "iso", "a time in ISO 8601 belongs here"),
        ("true", "auto", "a number belongs here"),
        ("[1795521600]", "auto", "ts is a list: a number belongs here"),
        ("NaN", "s", "not a number that can be a time"),
        ("1e999", "s", "not a number that can be a time"),
    ],
)
def test_what_cannot_be_read_sets_the_reading_aside(written: str, unit: str, words: str) -> None:
    """A time that is no time, in whatever way, is told; the time of receipt does not stand in for it."""
    assert refused(when(written, unit=unit), words)


@pytest.mark.parametrize("seconds", [0, 12, -5, 946_684_799, RECEIVED_NS // SECOND_NS + 301, 10**40, 1.5, 1e300])
@pytest.mark.parametrize("unit", ["s", "auto"])
def test_a_time_outside_of_the_window_is_as_configured(seconds: float, unit: str) -> None:
    """A wrong clock gives the time of receipt and is counted under its name, or sets the reading aside."""
    kept = when(json.dumps(seconds), unit=unit)

    assert isinstance(kept, Flaw)
    assert (kept.point, kept.reason, kept.field) == (0, Reason.TIME, "ts")
    assert "is not between 2000-01-01 and 300 s after it was received" in kept.detail
    assert refused(when(json.dumps(seconds), unit=unit, outside="reject"), "is not between")
    assert refused(when(json.dumps(seconds), unit=unit, flags=RETAIN), "is not between")


def test_both_ends_of_the_window_belong_to_it() -> None:
    """The first allowed instant and the last are inside."""
    latest = RECEIVED_NS + 300 * SECOND_NS

    assert [when(str(at), unit="ns") for at in (START_NS, latest)] == [START_NS, latest]
    assert isinstance(when(str(START_NS - 1), unit="ns"), Flaw)
    assert isinstance(when(str(latest + 1), unit="ns"), Flaw)


def test_a_unit_that_cannot_be_told_sets_the_reading_aside() -> None:
    """With a window so wide that a number can be two times, none is guessed."""
    assert refused(when("1700000000", not_before="1970-01-02"), "its unit cannot be told")
    assert when("1700000000", not_before="1970-01-02", unit="s") == 1_700_000_000 * SECOND_NS


@pytest.mark.parametrize("rule", [{"not_before": "0001-01-01"}, {"not_before": "9999-12-31"}, {"max_ahead": "99999w"}])
def test_extreme_windows_do_no_harm(rule: dict[str, Any]) -> None:
    """Windows that reach beyond what 64 bits can hold let nothing through that no store can hold."""
    for time_ns in (-(2**63) - 1, 2**63):
        assert isinstance(when(str(time_ns), unit="ns", **rule), Flaw)


def test_without_a_time_the_time_of_receipt_counts() -> None:
    """Null is absence; but not where only device times are wanted, or the message was kept from before."""
    assert when("null") == RECEIVED_NS
    assert refused(when("null", outside="reject"), "no time in ts")
    assert refused(when("null", flags=RETAIN), "no time in ts")


def test_numbers_without_all_their_digits_are_told() -> None:
    """Where the format cannot give the exact number, the reading is set aside rather than moved."""

    def lost() -> Sequence[Reading]:
        raise ValueError("digits lost")

    clock = Clock(TimeOf(field="ts", unit="s"), written=lambda _: Written(lost))

    assert refused(clock.when(1.5, Message("t", b"", RECEIVED_NS)), "digits lost")


@given(JSON, st.sampled_from(["auto", "s", "ms", "us", "ns", "iso"]), st.sampled_from(["receipt", "reject"]))
def test_whatever_a_device_says_is_understood_or_told(raw: object, unit: str, outside: str) -> None:
    """Any value gives a time inside of the window, or a flaw of one line."""
    found = when(json.dumps(raw), unit=unit, outside=outside)

    if isinstance(found, Flaw):
        assert found.reason is Reason.TIME
        assert len(found.detail) <= DETAIL_LENGTH
    else:
        assert START_NS <= found <= RECEIVED_NS + 300 * SECOND_NS


@pytest.mark.parametrize(
    "written", ["1e-9999999999999999999999", "0e9999999999999999999999", "-1e-99999999999999999999"]
)
def test_a_number_beyond_all_arithmetic_sets_the_reading_aside(written: str) -> None:
    """What JSON takes for 0 and exact arithmetic cannot hold is no time, and no error either."""
    assert refused(when(written, unit="ms"), "not a number that can be a time")


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2026-11-24T13:00:00", "Europe/Berlin", "2026-11-24T12:00:00"),
        ("2026-03-29T01:59:59.999", "Europe/Berlin", "2026-03-29T00:59:59.999"),
        ("2026-03-29T03:00:00", "Europe/Berlin", "2026-03-29T01:00:00"),
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T01:30:00"),
        ("2026-10-25T02:30:00Z", "Europe/Berlin", "2026-10-25T02:30:00"),
        ("2026-04-05 01:45:00", "Australia/Lord_Howe", "2026-04-04T15:15:00"),
    ],
)
def test_a_zone_is_that_of_times_without_one(written: str, zone: str, utc: str) -> None:
    """Of the two times in an hour that comes twice the one nearer to the receipt; Lord Howe shifts by half an hour."""
    assert when(json.dumps(written), unit="iso", zone=zone) == when(json.dumps(utc + "Z"))


def test_the_nearer_of_two_times_counts() -> None:
    """A reading that is received in the hour that comes twice is of the first pass of it, or of the second."""
    clock = Clock(TimeOf(field="ts", zone="Europe/Berlin"), written=lambda _: Written(list))
    first = 1_792_888_200 * SECOND_NS  # 02:30 before the clocks are set back
    found = [clock.when("2026-10-25T02:30:00", Message("t", b"", first + secs * SECOND_NS)) for secs in (60, 3660)]

    assert found == [first, first + 3600 * SECOND_NS]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2026-03-29T02:30:00", "no such time in Europe/Berlin"),
        ("0001-01-01T00:00:00", "not a number that can be a time"),
        ("2026-02-29T12:00:00", "no such time"),
        ("2026-10-25T02:30:60", "no such time"),
    ],
)
def test_a_time_that_no_clock_shows_is_told(written: str, words: str) -> None:
    """In the hour that is left out, beyond the calendar, or never."""
    assert refused(when(json.dumps(written), zone="Europe/Berlin"), words)


@pytest.mark.parametrize(("outside", "flags"), [("receipt", 0), ("reject", 0), ("receipt", RETAIN)])
def test_where_zones_are_left_out_a_time_without_one_is_none(outside: str, flags: int) -> None:
    """Some families tell the time of their wall: without `zone` it counts as absent, and not as wrong."""
    rule = TimeOf.model_validate({"field": "ts", "outside": outside})
    clock = Clock(rule, written=lambda _: Written(list), needs_zone=False)
    found = clock.when("2026-11-24T12:00:00", Message("t", b"", RECEIVED_NS, flags))

    assert found == RECEIVED_NS if (outside, flags) == ("receipt", 0) else refused(found, "no time in ts")
