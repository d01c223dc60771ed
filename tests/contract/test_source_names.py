"""Fields named like a tag, texts that change, and numbers that are too large: the same in every store."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ingestor.ports import FieldType, Point, Value
from ingestor.reader import QuestionError, Reader
from tests.builders import series
from tests.contract.sourcesubjects import Subject

SECOND = 10**9
ALL: Mapping[str, Any] = {"start": "1970-01-01", "stop": "1970-01-02"}
TWO_SECS: Mapping[str, Any] = {"start": "1970-01-01", "stop": "1970-01-01T00:00:02"}
FOUR_SECS: Mapping[str, Any] = {"start": "1970-01-01", "stop": "1970-01-01T00:00:04"}
EIGHT_SECS: Mapping[str, Any] = {"start": "1970-01-01", "stop": "1970-01-01T00:00:08"}


def every_second(fields: Sequence[Mapping[str, Value]]) -> list[Point]:
    """Readings from the beginning of 1970."""
    return [Point(series(), at * SECOND, each) for at, each in enumerate(fields)]


def test_a_tag_and_a_field_may_have_one_name(subject: Subject) -> None:
    """The tag's column stands first, and all that is made of readings is made of the right one."""
    of = series(tags={"x": "tag", "y": "other"}, types={"x": FieldType.FLOAT, "y": FieldType.TEXT})
    subject.write([Point(of, SECOND, {"x": 1.0, "y": "a"}), Point(of, 3 * SECOND, {"x": 5.0})])
    raw = subject.read("Farm", **ALL, where={"x": "tag"})
    newest = subject.ask(lambda reader: reader.last("Farm", fields=["x"]))
    changes = subject.read("Farm", **FOUR_SECS, every="1s", fields="x", function="difference", fill="previous")
    gaps = subject.ask(lambda reader: reader.gaps("Farm", "1s", **FOUR_SECS))

    assert raw.column_names == ["time", "x", "y", "x", "y"]
    assert [column.to_pylist() for column in raw.columns[1:]] == [
        ["tag", "tag"], ["other", "other"], [1.0, 5.0], ["a", None],
    ]  # fmt: skip
    assert [column.to_pylist() for column in newest.columns[1:]] == [["tag"], ["other"], [5.0]]
    assert changes.columns[3].to_pylist() == [None, None, None, 4.0]
    assert (gaps["x"].to_pylist(), gaps["missing"].to_pylist()) == (["tag"], [1])


def test_texts_that_change(subject: Subject) -> None:
    """The first and the last of a window are those that were read; how much they changed is told to be no question."""
    states = ["off", "on", "on", "", "off"]
    subject.write(every_second([{"state": state} for state in states]))
    table = subject.read("Farm", **EIGHT_SECS, every="2s", functions=["first", "last", "count"], fill="previous")
    newest = subject.ask(lambda reader: reader.last("Farm", stop="1970-01-01T00:00:04", start="1970-01-01"))

    assert table["state_first"].to_pylist() == ["off", "on", "off", "off"]
    assert table["state_last"].to_pylist() == ["on", "", "off", "off"]
    assert table["state_count"].to_pylist() == [2, 2, 1, 1]
    assert newest["state"].to_pylist() == [""]
    for function in ("difference", "rate", "mean", "sum", "max", "p95"):
        with pytest.raises(QuestionError, match=f"{function} is made of numbers"):
            subject.read("Farm", **ALL, every="1s", fields="state", function=function)


def test_a_change_has_rows_where_its_numbers_are(subject: Subject) -> None:
    """A window with nothing but text in it gives none, whichever function is asked for."""
    subject.write(every_second([{"temperature": 1.0, "state": "on"}, {"state": "off"}, {"temperature": 3.0}]))
    table = subject.read("Farm", **ALL, every="1s", functions=["mean", "difference"])
    everything = subject.ask(lambda reader: reader.read_all("Farm", **ALL, every="1s", function="difference"))

    assert table["temperature_mean"].to_pylist() == [1.0, 3.0]
    assert table["temperature_difference"].to_pylist() == [None, 2.0]
    assert everything["climate"]["temperature"].to_pylist() == [None, 2.0]


def test_numbers_that_do_not_fit_fill_nothing(subject: Subject) -> None:
    """A whole number beyond 64 bits goes into floats alone."""
    subject.write(every_second([{"temperature": 1.0, "count": 1}, {"state": "x"}]))
    table = subject.read("Farm", **TWO_SECS, every="1s", function="last", fill=2**63)

    assert table["count"].to_pylist() == [1, None]
    assert table["temperature"].to_pylist() == [1.0, 2.0**63]


def test_changes_beyond_64_bits_are_told(subject: Subject) -> None:
    """And not given as another number."""
    subject.write(every_second([{"count": 2**63 - 1}, {"count": -2}]))
    with pytest.raises(QuestionError, match="further apart than an integer of 64 bits"):
        subject.read("Farm", **ALL, every="1s", function="difference")


def test_a_sum_beyond_64_bits(subject: Subject) -> None:
    """SQLite tells it; InfluxDB goes round, in the mean too, and does not say so: smallest and largest are right."""
    subject.write(every_second([{"count": 2**63 - 1}, {"count": 1}]))
    asked: Mapping[str, Any] = {**ALL, "every": "1h", "fields": "count"}

    async def work(reader: Reader) -> object:
        return (await reader.read("Farm", **asked, function="sum"))["count"].to_pylist()

    if subject.knows_units:  # SQLite
        with pytest.raises(QuestionError, match="more than 64 bits"):
            subject.ask(work)
    else:
        assert subject.ask(work) == [-(2**63)]
    assert subject.read("Farm", **asked, function="max")["count"].to_pylist() == [2**63 - 1]
