"""Messages with many readings, nested ones, and what no model knows."""

import gzip
import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import FieldType, Reason
from tests.routing.helpers import RECEIVED_NS, decode

LIST = {"topic": "{rack}/list", "each": "readings", "time": {"field": "ts"}}


def test_each_item_of_a_list_is_a_point() -> None:
    """In their order, with the time of each; one that is wrong harms no other and is told by its number."""
    points, flaws = decode(
        '{"readings": [{"ts": 1795521500, "temperature": 20}, {"temperature": "warm"}, {"ts": 1795521502.5,'
        ' "temperature": 21, "humidity": 120}]}',
        LIST,
        topic="r1/list",
    )

    assert [(point.time_ns, point.fields) for point in points] == [
        (1_795_521_500_000_000_000, {"temperature": 20.0}),
        (1_795_521_502_500_000_000, {"temperature": 21.0}),
    ]
    assert [(flaw.point, flaw.reason, flaw.field) for flaw in flaws] == [
        (1, Reason.TYPE, ""), (2, Reason.RANGE, "humidity"),
    ]  # fmt: skip


def test_keys_of_items_may_be_tags() -> None:
    """Of an object of readings, each by its name; equal tags share a series."""
    row = {"topic": "hall", "each": "$", "each_key": "sensor"}
    points, flaws = decode('{"s1": {"temperature": 20}, "s2": {"temperature": 21}}', row, topic="hall")

    assert list(flaws) == []
    assert [point.series.tags for point in points] == [(("sensor", "s1"),), (("sensor", "s2"),)]


def test_nested_values_are_found_by_their_paths() -> None:
    """Fields, tags and the time may stand anywhere."""
    row = {
        "topic": "hall",
        "paths": {"temperature": "env.t[0]", "rack": "dev.id"},
        "time": {"field": "dev.at", "unit": "iso", "zone": "Asia/Singapore"},
    }
    payload = '{"env": {"t": [20.5]}, "dev": {"id": "r1", "at": "2026-11-24T19:59:00.000000001"}, "humidity": 60}'
    (point,), flaws = decode(payload, row, topic="hall")

    assert list(flaws) == []
    assert (dict(point.series.tags), point.fields) == ({"rack": "r1"}, {"temperature": 20.5, "humidity": 60.0})
    assert point.time_ns == RECEIVED_NS - 60 * 10**9 + 1


def test_what_the_model_does_not_know_can_be_stored() -> None:
    """With the type that it has, and set aside where it cannot be; the model still judges what it knows."""
    row = {"topic": "{rack}/climate", "unknown": "store"}
    (point,), flaws = decode('{"temperature": 20, "battery": {"v": 3}, "ok": true, "time": 5, "humidity": 120}', row)

    assert point.fields == {"temperature": 20.0, "battery.v": 3.0, "ok": True}
    assert point.series.types == {
        "temperature": FieldType.FLOAT, "battery.v": FieldType.FLOAT, "ok": FieldType.BOOL,
    }  # fmt: skip
    assert [(flaw.reason, flaw.field) for flaw in flaws] == [(Reason.RANGE, "humidity"), (Reason.TYPE, "time")]


def test_lines_need_no_model() -> None:
    """They say measurement, tags, types and time themselves; a line that is none is told by its number."""
    row: dict[str, Any] = {
        "topic": "telegraf/#",
        "model": "",
        "format": "line",
        "unknown": "store",
        "measurement": None,
    }
    payload = 'cpu,host=a usage=1.5,count=3i,state="on" 1795521500000000000\nnonsense\nmem free=5'
    points, flaws = decode(payload, row, topic="telegraf/a")

    assert [(point.series.measurement, dict(point.series.tags), point.time_ns) for point in points] == [
        ("cpu", {"host": "a"}, 1_795_521_500_000_000_000),
        ("mem", {}, RECEIVED_NS),
    ]
    assert points[0].fields == {"usage": 1.5, "count": 3, "state": "on"}
    assert points[0].series.types["count"] is FieldType.INT
    assert [(flaw.point, flaw.reason) for flaw in flaws] == [(1, Reason.FORMAT)]


def test_compressed_payloads_are_read_within_their_bound() -> None:
    """What unpacks to more than a message may have is set aside."""
    row = {"compression": "gzip"}
    (point,), _ = decode(gzip.compress(b'{"temperature": 20}'), row)
    _, (flaw,) = decode(gzip.compress(b" " * 20_000_000), row)

    assert point.fields == {"temperature": 20.0}
    assert flaw.reason is Reason.FORMAT


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"unknown": "store", "model": ""}, "readings need one"),
        ({"paths": {"temp": "a"}}, "no field or tag of model climate"),
        ({"paths": {"rack": "a"}}, "the topic fills it already"),
        ({"tags": {"rack": "x"}}, "is a level of the topic"),
        ({"each": "a", "each_key": "rack"}, "is a level of the topic"),
        ({"measurement": "{shelf}"}, "is not a level of the topic, and no tag"),
        ({"device": "{shelf}"}, "is not a level of the topic, and no tag"),
    ],
)
def test_rows_that_cannot_work_are_refused(row: dict[str, Any], words: str) -> None:
    """At start, in words."""
    with pytest.raises(Exception, match=words):
        decode("{}", row)


def test_constant_tags_and_measurements_named_by_readings() -> None:
    """Tags of the row are on every point; a measurement may be named after a tag that the payload brings."""
    row = {"topic": "hall", "tags": {"site": "north"}, "measurement": "{rack}_climate"}
    (point,), _ = decode('{"rack": "r1", "temperature": 20}', row, topic="hall")
    points, (flaw,) = decode('{"temperature": 20}', row, topic="hall")

    assert (point.series.measurement, dict(point.series.tags)) == ("r1_climate", {"site": "north", "rack": "r1"})
    assert (points, flaw.reason) == ([], Reason.MISSING)


def test_times_of_thousands_of_readings_have_all_their_digits() -> None:
    """The payload is read once more for them, not once for each."""
    number = 5_000
    items = ",".join(f'{{"temperature": 20, "ts": 1795521500.{at:09}}}' for at in range(number))
    began = process_time()
    points, flaws = decode(f'{{"readings": [{items}]}}', LIST, topic="r1/list")

    assert list(flaws) == []
    assert [point.time_ns for point in points] == [1_795_521_500_000_000_000 + at for at in range(number)]
    assert process_time() - began < 5


def test_what_is_refused_of_unknown_values_is_told() -> None:
    """Beside what is stored; alone, or where a wrong field sets all aside, as what is wrong with the reading."""
    row = {"unknown": "store"}
    long = '"%s"' % ("x" * 70_000)
    (point,), (flaw,) = decode(f'{{"temperature": 20, "log": {long}}}', row)
    none, (alone,) = decode(f'{{"log": {long}}}', row)
    nothing, (strict,) = decode(f'{{"temperature": 20, "log": {long}}}', {**row, "on_invalid": "reading"})

    assert (point.fields, flaw.point, flaw.field) == ({"temperature": 20.0}, 0, "log")
    assert (none, alone.point, alone.reason) == ([], -1, Reason.TYPE)
    assert "cannot be stored; no field of climate in it" in alone.detail
    assert (nothing, strict.point, strict.reason) == ([], -1, Reason.TYPE)


def test_a_wrong_field_leaves_what_the_model_does_not_know() -> None:
    """A reading is worth keeping for anything that can be stored of it."""
    (point,), (flaw,) = decode('{"temperature": "warm", "battery": 3}', {"unknown": "store"})

    assert point.fields == {"battery": 3.0}
    assert (flaw.point, flaw.field) == (0, "temperature")


def test_a_tag_may_be_written_as_a_whole_number() -> None:
    """It is the decimal text; a fraction or a truth value is no tag."""
    (point,), flaws = decode('{"rack": 1776, "temperature": 20}', {"topic": "hall"}, topic="hall")
    none, (flaw,) = decode('{"rack": 17.5, "temperature": 20}', {"topic": "hall"}, topic="hall")

    assert list(flaws) == []
    assert dict(point.series.tags) == {"rack": "1776"}
    assert (none, flaw.reason) == ([], Reason.TAG)


def test_a_range_is_that_of_the_unit_that_is_stored_also_in_a_topic() -> None:
    """A level is converted like a value of the payload."""
    models = {"m": {"fields": {"warmth": {"unit": "°C", "from_unit": "°F", "max": 85}, "x": {}}}}
    row = {"topic": "t/{warmth}", "model": "m"}
    (point,), _ = decode('{"x": 1}', row, topic="t/176", models=models)
    none, (flaw,) = decode('{"x": 1}', row | {"on_invalid": "reading"}, topic="t/212", models=models)

    assert point.fields == {"x": 1.0, "warmth": pytest.approx(80.0)}
    assert (none, flaw.reason) == ([], Reason.RANGE)


@pytest.mark.parametrize(
    "payload",
    [
        '{"readings": ' + "[" * 150 + "]" * 150 + "}",
        '{"readings": [' + '{"a":' * 150 + "1" + "}" * 150 + "]}",
        '{"readings": {"": null, "\\u0000": [], "x": true}}',
        '{"readings": "text"}',
        "[]",
        "[" * 5_000,
        '{"readings": [' + ",".join(["{}"] * 10_001) + "]}",
    ],
)
@pytest.mark.parametrize("unknown", ["store", "ignore"])
def test_hostile_documents_are_refused_in_words(payload: str, unknown: str) -> None:
    """However deep, wide or strange: flaws of one line, each for a reading or for all of them."""
    points, flaws = decode(payload, LIST | {"each_key": "sensor", "unknown": unknown}, topic="r1/list")

    assert points == [] or unknown == "store"
    assert all(flaw.detail.isprintable() and len(flaw.detail) <= 200 for flaw in flaws)
    assert flaws or points


READINGS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([20, 21.5, 200, "warm", None]),
        "humidity": st.sampled_from([50, -1, True]),
        "ts": st.sampled_from([1_795_521_500, 1_795_521_500.25, 12, "noon", None]),
        "sensor": st.sampled_from(["a", 7, "", 1.5]),
        "": st.just(1),
        "more": st.sampled_from([{"x": 1}, "\n" * 70_000, [1, 2]]),
    },
)


@given(
    st.lists(READINGS, min_size=2, max_size=8),
    st.sampled_from(["store", "ignore"]),
    st.sampled_from(["field", "reading"]),
    st.sampled_from(["receipt", "reject"]),
)
def test_each_reading_gives_a_point_or_says_why_not(
    readings: list[dict[str, Any]], unknown: str, on_invalid: str, outside: str
) -> None:
    """A flaw without a field is of a reading that gave none, and there is one such a reading; others have one point."""
    row = {
        "topic": "hall",
        "model": "spot",
        "each": "$",
        "unknown": unknown,
        "on_invalid": on_invalid,
        "time": {"field": "ts", "outside": outside},
        "measurement": "{sensor}_spot",
    }
    models = {"spot": {"extends": "climate", "tags": ["sensor"]}}
    points, flaws = decode(json.dumps(readings), row, topic="hall", models=models)
    pointless = [flaw.point for flaw in flaws if not flaw.field]
    left = [reading for number, reading in enumerate(readings) if number not in pointless]

    assert len(pointless) == len(set(pointless))
    assert {flaw.point for flaw in flaws} <= set(range(len(readings)))
    assert [point.series.measurement for point in points] == [f"{reading['sensor']}_spot" for reading in left]
    assert all(point.fields and None not in point.fields.values() for point in points)


def test_a_measurement_cannot_be_named_after_what_is_no_tag() -> None:
    """An empty text, one of two lines, one that is too long: the reading is set aside."""
    row = {"topic": "hall", "measurement": "{rack}_climate"}
    for name in ("", "a\nb", "x" * 4_097, None):
        points, (flaw,) = decode(json.dumps({"rack": name, "temperature": 20}), row, topic="hall")

        assert (points, flaw.reason) == ([], Reason.MISSING if name is None else Reason.TAG)
