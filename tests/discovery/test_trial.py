"""How payloads are written, found out by trying."""

import gzip
import json
import zlib

import cbor2
import msgpack
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingestor.config import CsvOf
from ingestor.discovery.sample import Manner, Place
from ingestor.discovery.trial import sample
from sensors import Kind
from tests.discovery.streams import said

JSON = json.dumps({"t": 20.5}).encode()


@pytest.mark.parametrize(
    ("payload", "manner"),
    [
        (b"21.5", Manner("value")),
        (b"on", Manner("value")),
        (b"open", Manner("text")),
        (JSON, Manner("json")),
        (b'[{"t": 1}, {"t": 2}]', Manner("json", each=())),
        (b"[1, 2.5]", Manner("json", each=())),
        (b'["a", "b"]', Manner("text")),
        (b'{"id": 1, "a": {"list": [{"t": 1}]}}', Manner("json", each=("a", "list"))),
        (b'{"a": [1, 2]}', Manner("json")),
        (b"weather,place=roof t=20.5", Manner("line")),
        (b"a,b\n1,2\n3,4", Manner("csv")),
        (b"a;b\n1;2", Manner("csv", csv=CsvOf(delimiter=";"))),
        (b"20.5;40", Manner("csv", csv=CsvOf(delimiter=";", columns=("column_1", "column_2")))),
        (cbor2.dumps({"t": 20.5}), Manner("cbor")),
        (msgpack.packb({"t": 20.5}), Manner("msgpack")),
        (gzip.compress(JSON), Manner("json", "gzip")),
        (zlib.compress(JSON), Manner("json", "zlib")),
        (zstandard.compress(JSON), Manner("json", "zstd")),
    ],
)
def test_a_format_is_found(payload: bytes, manner: Manner) -> None:
    """The first that reads the payloads."""
    found = sample([said("a", payload)] * 3)

    assert found is not None
    assert found.manner == manner


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe\x00", b"two\nlines", b"x" * 300, gzip.compress(b"\xff"), b"\x1f\x8bno gzip"]
)
def test_what_is_written_in_no_known_way_is_none(payload: bytes) -> None:
    """It cannot be proposed for."""
    assert sample([said("a", payload)] * 3) is None


def test_a_few_odd_payloads_do_not_count() -> None:
    """But most have to be written alike; how many were not is told."""
    found = sample([said("a", JSON), said("a", "rebooting"), said("a", JSON), said("a", "")])

    assert found is not None
    assert (found.manner, found.unread) == (Manner("json"), 1)
    assert found.spreads[Place(("t",))].kind is Kind.FLOAT


@pytest.mark.parametrize(
    ("payloads", "format_"),
    [(["on", "off", "open"], "text"), (["1", "2", "unknown"], "value"), (["on", "off"], "value"), (["a", "1"], "text")],
)
def test_states_with_other_words_are_words(payloads: list[str], format_: str) -> None:
    """`on` and `open` are two words; but numbers are numbers, and what else comes among them is set aside."""
    found = sample([said("a", payload) for payload in payloads])

    assert found is not None
    assert found.manner.format == format_


def test_values_around_a_list_are_told_from_its_items() -> None:
    """Both are part of each reading."""
    found = sample([said("a", {"gw": "g", "r": [{"t": 1, "n": "x"}, {"t": 2, "n": "y"}]})])

    assert found is not None
    assert set(found.spreads) == {Place(("t",)), Place(("n",)), Place(("gw",), around=True)}
    assert not found.repeats


@pytest.mark.parametrize("payload", [b"{}", b"\xa0", b'{"a": {}}'])
def test_payloads_that_hold_nothing_are_not_understood(payload: bytes) -> None:
    """Whatever they are written in: no route can be made of them."""
    assert sample([said("a", payload)]) is None


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=3))
def test_whatever_bytes_come_are_read_or_not(payloads: list[bytes]) -> None:
    """Nothing makes it fail."""
    found = sample([said("a", payload) for payload in payloads])

    assert found is None or found.spreads
