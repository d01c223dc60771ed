"""Which lines and points the words of a server are about."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import FieldType, Point, Reason, Series, Value
from ingestor.stores.influxdb import offenders

CONFLICT = (
    "failure writing points to database: partial write: field type conflict: "
    'input field "f" on measurement "m" is type integer, already exists as type float dropped=2'
)
LONG = 'partial write: input field "s" on measurement "m" is too long, 1100000 > 1048576 dropped=2 for database: d'
TIME = 'partial write: invalid field name: input field "time" on measurement "m" is invalid dropped=1'
STRIPPED = (
    'partial write: invalid field name: input field "time" on measurement "m" is invalid. '
    'Field "time" has been stripped from point. dropped=0 for database: d for retention policy: autogen'
)
COLUMN = "invalid column type for column 'f', expected iox::column_type::field::float, got iox::column_type::tag"


def point(measurement: str = "m", *, types: dict[str, FieldType] | None = None, **fields: Value) -> Point:
    """A point of a measurement."""
    return Point(Series("Farm", measurement, {}, types=types or {}), 1, fields)


@given(st.lists(st.text(st.sampled_from("ab\n': "), min_size=1), min_size=1, unique=True), st.data())
def test_quoted_lines_are_found(lines: Sequence[str], data: st.DataObject) -> None:
    """Whatever is in them, and whatever stands before and after."""
    bad = data.draw(st.sets(st.sampled_from(range(len(lines))), min_size=1))
    ends = [f"unable to parse 'm,{line} f=': no way at {at}" for at, line in enumerate(lines) if at in bad]
    found = offenders.quoted("partial write: " + "\n".join(ends), [f"m,{line} f=" for line in lines])

    assert found == {at: f"no way at {at}" for at in bad}


def test_a_quote_of_something_else_names_nobody() -> None:
    """What an unterminated text swallowed, or a server shortened, is not taken for a line."""
    words = "unable to parse 'm f=\"a\nb f=1': unbalanced quotes"

    assert offenders.quoted(words, ["b f=1", "c f=1"]) == {}
    assert offenders.quoted("unbalanced quotes", ["b f=1"]) == {}
    assert offenders.quoted("unable to parse 'b f=12': no", ["b f=1", "b f=12"]) == {1: "no"}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"error": "e", "data": [{"line_number": 2, "error_message": "no"}, {"line_number": 3}]}, {1: "no", 2: "e"}),
        ({"error": "e", "data": {"line_number": 1, "error_message": "no"}}, {0: "no"}),
        ({"code": "invalid", "message": "m", "line": 3}, {2: "m"}),
        ({"message": "errors encountered on line(s): line 1: no\nline 3: neither"}, {0: "no", 2: "neither"}),
        ({"error": "e", "data": [{"line_number": 0}, {"line_number": 4}, {"line_number": "2"}, None]}, {}),
        ({"error": "e", "data": 7}, {}),
        ([1], {}),
        ("line 2: no", {1: "no"}),
    ],
    ids=repr,
)
def test_numbered_lines_are_found(body: object, found: dict[int, str]) -> None:
    """As 3 and Cloud tell them, in data or in words; numbers that cannot be are ignored."""
    assert offenders.numbered(json.dumps(body).encode(), 3) == found


def test_numbered_lines_of_no_json() -> None:
    """Words alone do."""
    assert offenders.numbered(b"encountered on line(s): line 2: no", 3) == {1: "no"}


@pytest.mark.parametrize(
    ("words", "field", "measurement", "reason"),
    [
        (CONFLICT, "f", "m", Reason.TYPE_CONFLICT),
        (LONG, "s", "m", Reason.REJECTED),
        (TIME, "time", "m", Reason.REJECTED),
        (STRIPPED, "time", "m", Reason.REJECTED),
        (COLUMN, "f", None, Reason.TYPE_CONFLICT),
        (CONFLICT.replace('"f"', r'"f\"\\ \u00a0\x7f"'), 'f"\\ \xa0\x7f', "m", Reason.TYPE_CONFLICT),
        (CONFLICT.replace('"m"', r'"\q"'), "f", "\\q", Reason.TYPE_CONFLICT),
    ],
)
def test_a_field_is_named(words: str, field: str, measurement: str | None, reason: Reason) -> None:
    """With its measurement where the server says it, and without what stands around."""
    named = offenders.named_field(words)

    assert named is not None
    assert named[:3] == (field, measurement, reason)
    assert "dropped=" not in named.detail


def test_no_field_is_named() -> None:
    """Other words name none."""
    assert offenders.named_field("partial write: shard 7 is odd dropped=60") is None


def test_which_points_a_conflict_may_mean() -> None:
    """Those of the measurement with the field, where its declared or its real type is the one that was sent."""
    named = offenders.named_field(CONFLICT)

    assert named is not None
    assert not named.sure
    assert named.fits(point(f=1))
    assert named.fits(point(f=1.0, types={"f": FieldType.INT}))
    assert not named.fits(point(f=1.0))
    assert not named.fits(point(g=1))
    assert not named.fits(point("other", f=1))


def test_which_points_a_long_text_means() -> None:
    """Those whose text is longer than the limit, in bytes: surely."""
    named = offenders.named_field(LONG.replace("1048576", "4"))

    assert named is not None
    assert named.sure
    assert named.fits(point(s="äää"))
    assert not named.fits(point(s="ää"))
    assert not named.fits(point(s=1.0))


@pytest.mark.parametrize(
    ("words", "count"),
    [(CONFLICT, 2), (STRIPPED, 0), ("x dropped=1 dropped=7 for database: d", 7), ("nothing", None)],
)
def test_how_many_were_dropped(words: str, count: int | None) -> None:
    """The last number counts; what quotes a name comes before it."""
    assert offenders.dropped(words) == count


@pytest.mark.parametrize(
    ("words", "all_of_them"),
    [
        (CONFLICT, True),
        (CONFLICT.replace("dropped=2", "dropped=1"), False),
        ("max-series-per-database exceeded database=d limit=50 series=50 keys=2 dropped=2", True),
        ("max-series-per-database exceeded database=d limit=50 series=49 keys=2 dropped=2", False),
        ("max-series-per-database limit exceeded: (50) dropped=2", False),
    ],
)
def test_whether_each_was_dropped_for_itself(words: str, *, all_of_them: bool) -> None:
    """As many as were sent; but while there is room for some, smaller requests may be stored."""
    assert offenders.all_dropped(words, 2) is all_of_them


def outliers(oldest: str, newest: str, count: int, bound: str = "Retention Policy Lower") -> str:
    """The words of 2.8 about points that are too old."""
    ends = [
        f"{which} point m at {time} dropped because it violates a {bound} Bound at 2026-11-24T01:55:43.156246758Z"
        for which, time in (("oldest", oldest), ("newest", newest))
    ]
    return f"dropped {count} points outside retention policy of duration 24h0m0s - {', '.join(ends)} dropped={count}"


SECOND = 10**9


@pytest.mark.parametrize(
    ("words", "indices"),
    [
        (outliers("1970-01-01T00:00:01Z", "1970-01-01T00:00:02.5Z", 2), [2, 0]),
        (outliers("1970-01-01T00:00:02.5Z", "1970-01-01T00:00:07Z", 2, "Write Window Upper"), [0, 1]),
        (outliers("1970-01-01T00:00:01Z", "1970-01-01T00:00:07Z", 2), []),
        (outliers("1970-01-01T00:00:01Z", "somewhenZ", 2), []),
        ("partial write: points beyond retention policy dropped=1", [2]),
        ("partial write: points beyond retention policy dropped=9", [2, 0, 1]),
        ("points beyond retention policy", []),
        ("points beyond retention policy dropped=0", []),
    ],
)
def test_which_points_are_outside(words: str, indices: Sequence[int]) -> None:
    """The oldest, or with a write window the newest, as many as the server says, if the times that it tells fit."""
    found, why = offenders.outside_retention(words, [5 * SECOND // 2, 7 * SECOND, SECOND])

    assert list(found) == indices
    assert why.startswith("too ") == bool(indices)


def test_what_is_said_of_points_outside() -> None:
    """Which side of the retention they are on, and the server's words without the rest."""
    lower, upper = ("1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z"), ("1970-01-01T00:00:07Z", "1970-01-01T00:00:07Z")
    said = [offenders.outside_retention(outliers(*ends, 1), [7 * SECOND, SECOND])[1] for ends in (lower, upper)]

    assert said == [
        "too old for the bucket: outside retention policy of duration 24h0m0s",
        "too far ahead for the bucket: outside retention policy of duration 24h0m0s",
    ]
