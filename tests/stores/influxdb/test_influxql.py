"""What InfluxQL is asked with, and what its answers hold."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import FieldType, StoredPoint, Value
from ingestor.stores.influxdb.influxql import field_types, place, points, quoted, read_result, read_results, text

KEYS = b"""{"results":[{"statement_id":0,"series":[{"name":"m","columns":["fieldKey","fieldType"],
"values":[["f","float"],["f","integer"],["s","string"],["b","boolean"],["u","unsigned"]]},
{"name":"n","columns":["fieldKey","fieldType"],"values":[["f","integer"]]}]}]}"""


@pytest.mark.parametrize(
    ("bucket", "where"),
    [
        ("Farm", {"db": "Farm"}),
        ("Farm/week", {"db": "Farm", "rp": "week"}),
        ("a/b/c", {"db": "a", "rp": "b/c"}),
        ("/a", {"db": "/a"}),
        ("a/", {"db": "a/"}),
    ],
)
def test_a_bucket_is_a_database_and_a_policy(bucket: str, where: dict[str, str]) -> None:
    """What stands behind the first slash is the policy, if anything does."""
    assert place(bucket) == where


def test_names_are_quoted() -> None:
    """Whatever they hold, they end nowhere but at their end."""
    assert quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'


def test_texts_are_quoted() -> None:
    """What would end them is escaped, and nothing in them is a part of the statement."""
    assert text('it\'s \\ \n "x"') == "'it\\'s \\\\ \\n \"x\"'"


def test_several_statements_have_several_results() -> None:
    """In their order; where they only changed something, 2 gives none, and a failure is the only one."""
    body = b'{"results": [{"statement_id": 0}, {"statement_id": 1, "error": "no"}]}'

    assert [result.error for result in read_results(body)] == ["", "no"]
    assert list(read_results(b"{}")) == []
    assert [result.error for result in read_results(b'{"error": "too many"}')] == ["too many"]


def test_types_are_told_by_measurement_and_field() -> None:
    """Shards may hold several of one field; those that are none of ours are left out."""
    assert field_types(read_result(KEYS)) == {
        ("m", "f"): {FieldType.FLOAT, FieldType.INT},
        ("m", "s"): {FieldType.TEXT},
        ("m", "b"): {FieldType.BOOL},
        ("n", "f"): {FieldType.INT},
    }


def test_points_have_their_types_and_no_empty_tags() -> None:
    """A whole number is a float where any shard says so, zero keeps its sign, and what is null is not there."""
    rows = {
        "name": "m",
        "tags": {"b": "2", "none": "", "a": "1"},
        "columns": ["time", "f", "i", "s", "b", "x"],
        "values": [[-9223372036854775806, -0.0, 9223372036854775807, "", False, None], [5, 20, 0, "x", True, None]],
    }
    types = {("m", "f"): {FieldType.FLOAT, FieldType.INT}, ("m", "i"): {FieldType.INT}}
    found = points(read_result(json.dumps({"results": [{"series": [rows]}]}).encode()), types)

    tags = (("a", "1"), ("b", "2"))
    assert found == [
        StoredPoint("m", tags, -9223372036854775806, {"f": -0.0, "i": 2**63 - 1, "s": "", "b": False}),
        StoredPoint("m", tags, 5, {"f": 20.0, "i": 0, "s": "x", "b": True}),
    ]
    assert [type(value) for value in found[1].fields.values()] == [float, int, str, bool]
    assert str(found[0].fields["f"]) == "-0.0"


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.text() | st.booleans())
def test_every_value_comes_back(value: Value) -> None:
    """To the last digit."""
    kind = {float: FieldType.FLOAT, int: FieldType.INT}.get(type(value), FieldType.TEXT)
    rows = {"name": "m", "columns": ["time", "f"], "values": [[1, value]]}
    (found,) = points(read_result(json.dumps({"results": [{"series": [rows]}]}).encode()), {("m", "f"): {kind}})

    assert (type(found.fields["f"]), found.fields["f"]) == (type(value), value)


def test_a_failed_statement_has_the_servers_words() -> None:
    """Also where no statement was even tried."""
    failed = b'{"results":[{"statement_id":0,"error":"database not found: Nope"}]}'

    assert read_result(failed).error == "database not found: Nope"
    assert read_result(b'{"error":"missing required parameter \\"q\\""}').error == 'missing required parameter "q"'


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"results":[{},{}]}', b'{"results":[{"series":[{"values":1}]}]}', b"\xff"],
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    """Nothing is made up for it."""
    with pytest.raises(ValueError, match=r"."):
        read_result(body)
