"""What can be asked, and the words for what cannot."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.reader.question import (
    Interval,
    QuestionError,
    column,
    parse_fields,
    parse_interval,
    parse_name,
    parse_time,
    parse_where,
    parse_zone,
    quantile,
)

SINGAPORE = ZoneInfo("Asia/Singapore")


@given(st.integers(1, 5_000), st.sampled_from("smhdw"), st.integers(0, 3))
def test_lengths_are_read_as_they_are_written(count: int, unit: str, zeros: int) -> None:
    """A whole number and a unit are a length of time, and are shown so again."""
    interval = parse_interval(f"{'0' * zeros}{count}{unit}")

    assert interval == Interval(count, unit)
    assert str(interval) == f"{count}{unit}"


@given(
    st.text(max_size=6) | st.text("0123456789smhdwMy.-+e_ \n\N{ARABIC-INDIC DIGIT ONE}\N{SUPERSCRIPT TWO}", max_size=6)
)
def test_any_other_text_is_refused_in_words(text: str) -> None:
    """Whatever is written, it is a length above 0 or an error that says what one is."""
    try:
        count, unit = parse_interval(text)
    except QuestionError as error:
        assert "a whole number above 0 and a unit, s m h d or w" in str(error)  # noqa: PT017 - either is right
    else:
        assert set(text[:-1]) <= set("0123456789")
        assert int(text[:-1]) == count > 0
        assert text[-1] == unit in "smhdw"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0h",
        "000d",
        "1",
        "h",
        "-1h",
        "1.5h",
        "1H",
        " 1h",
        "1h\n",
        "1mo",
        "1y",
        "\N{ARABIC-INDIC DIGIT ONE}h",
        5,
        None,
    ],
)
def test_what_is_no_length(text: object) -> None:
    """Nothing, fractions, signs, other units and other digits are refused."""
    with pytest.raises(QuestionError, match=r"last=.*a whole number above 0"):
        parse_interval(text, of="last")


def test_longest_length() -> None:
    """A hundred years are the most that is understood."""
    assert parse_interval("36500d") == (36500, "d")
    with pytest.raises(QuestionError, match="at most a hundred years"):
        parse_interval("5215w")


@pytest.mark.parametrize(
    ("given_time", "expected_ns"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 8, 0, 0, 1, tzinfo=timezone(timedelta(hours=8))), 1_000),
        ("1970-01-02", 59_400 * 10**9),
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T08:00:01.123456789+08:00", 1_123_456_789),
        ("1970-01-01T07:30:00.1234567", 123_456_700),
        ("1970-01-01 07:30", 0),
    ],
)
def test_times(given_time: object, expected_ns: int) -> None:
    """Aware datetimes and ISO text are times to the nanosecond; text without one is meant in the zone, here +07:30."""
    assert parse_time(given_time, SINGAPORE) == expected_ns


@given(
    st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1), timezones=st.timezones()),  # noqa: DTZ001 - they get one
    st.integers(0, 999),
)
def test_any_time_is_the_same_as_text(time: datetime, nanos: int) -> None:
    """Whatever the zone and the offset, also where the clock shows a time twice."""
    since = time.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    time_ns = since // timedelta(microseconds=1) * 1_000
    text = time.astimezone(UTC).isoformat(timespec="microseconds")

    assert parse_time(time, SINGAPORE) == time_ns
    assert parse_time(time.isoformat(), SINGAPORE) == time_ns
    assert parse_time(text.replace("+00:00", f"{nanos:03}Z"), SINGAPORE) == time_ns + nanos


class NotATime(datetime):
    """A time that is none, as pandas has one."""

    def utcoffset(self) -> timedelta | None:
        """Fails."""
        raise ValueError("it has no offset")


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), NotATime(2026, 1, 1), "yesterday", "", 5, None, "2026-13-01"])  # noqa: DTZ001
def test_what_is_no_time(value: object) -> None:
    """A datetime without a zone could be any time, and is refused as other text is."""
    with pytest.raises(QuestionError, match=r"stop=.*a time is a datetime with a time zone, or ISO text"):
        parse_time(value, SINGAPORE, of="stop")


def test_times_that_no_store_holds() -> None:
    """What 64 bits of nanoseconds cannot tell is refused."""
    with pytest.raises(QuestionError, match="from 1677-09-22 to 2262-04-11"):
        parse_time("2263-01-01", SINGAPORE)


@pytest.mark.parametrize("name", ["Asia/Nowhere", "", "../etc/passwd", "Europe"])
def test_what_is_no_zone(name: str) -> None:
    """A zone has a name that is known."""
    with pytest.raises(QuestionError, match="a time zone is a name like"):
        parse_zone(name)


def test_zones() -> None:
    """A zone is given by its name, or as it is."""
    assert parse_zone("Asia/Singapore") is parse_zone(SINGAPORE) is SINGAPORE


def test_where() -> None:
    """A tag has one value or several."""
    found = parse_where({"rack": "rack1", "level": ["1", ""]})

    assert found == {"rack": ("rack1",), "level": ("1", "")}
    assert parse_where(None) == {}


@pytest.mark.parametrize("name", ["", 5, None, b"Farm", "\udc80"])
def test_what_is_no_name(name: object) -> None:
    """A bucket is called by a text, and half of a sign is none."""
    with pytest.raises(QuestionError, match="a bucket has a name"):
        parse_name(name, of="bucket")


def test_name_of_a_tag() -> None:
    """It is a text, too."""
    with pytest.raises(QuestionError, match="the name of a tag is a text"):
        parse_where({5: "x"})  # type: ignore[dict-item]  # wrong on purpose


@pytest.mark.parametrize("where", [{"level": "\udc80"}, {"level": 1}, {"level": []}, {"level": [1]}, {"level": None}])
def test_where_without_text(where: Any) -> None:  # noqa: ANN401 - wrong on purpose
    """Values of tags are text; and there has to be one."""
    with pytest.raises(QuestionError, match=r"'level'.*a tag has a text for a value, or a list of them"):
        parse_where(where)


def test_where_that_is_no_mapping() -> None:
    """Tags come with their values."""
    with pytest.raises(QuestionError, match="it is tags and their values"):
        parse_where("rack1")  # type: ignore[arg-type]  # wrong on purpose


def test_fields() -> None:
    """One name or several, each once; None for all of them."""
    assert parse_fields("a") == ("a",)
    assert parse_fields(["b", "a", "b"]) == ("b", "a")
    assert parse_fields(None) is None


@pytest.mark.parametrize("fields", [[], [1], 5, "\udc80"])
def test_what_is_no_field(fields: Any) -> None:  # noqa: ANN401 - wrong on purpose
    """No names are no question."""
    with pytest.raises(QuestionError, match="fields are a list of names"):
        parse_fields(fields)


@pytest.mark.parametrize(
    ("function", "share"),
    [("median", 0.5), ("p95", 0.95), ("p99.9", 0.999), ("mean", None), ("p", None), ("p100", None)],
)
def test_quantiles(function: str, share: float | None) -> None:
    """`p95` is a quantile, and so is the median."""
    assert quantile(function) == (None if share is None else pytest.approx(share))


def test_columns() -> None:
    """A column is called like its field, and with several functions like both."""
    assert column("a", "mean", ["mean"]) == "a"
    assert column("a", "mean", ["mean", "max"]) == "a_mean"
