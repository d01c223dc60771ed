"""Format cbor."""

import sys
import time

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.cbor import CborFormat
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.plain import OPAQUE, SMALL

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
)


@given(VALUES)
def test_what_json_could_say_is_read(value: object) -> None:
    """Texts, numbers, truth values, null, lists and objects come as they were, exactly or not."""
    payload = cbor2.dumps(value)

    assert CborFormat().load(payload) == value
    assert CborFormat().load(payload, exact=True) == value


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ("9f01bf616102ffff", [1, {"a": 2}]),
        ("7f61616162ff", "ab"),
        ("f94d00", 20.0),
        ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
        ("c11a514b67b0", 1363896240),
        ("c1fb41d452d9ec200000", 1363896240.5),
        ("d9d9f7a1616101", {"a": 1}),
        ("c2430f4240", 1_000_000),
        ("c3430f423f", -1_000_000),
        ("a2016161206162", {"1": "a", "-1": "b"}),
        ("a241610143aabbcc02", {}),
        ("4161", OPAQUE),
        ("f7", OPAQUE),
        ("f8ff", OPAQUE),
        ("d9ffff01", OPAQUE),
        ("81d81c81d81d00", [OPAQUE]),
        ("d9010081d81900", OPAQUE),
        ("d90102820102", OPAQUE),
        ("d8236528612b292b", OPAQUE),
        ("d82450" + "00" * 16, OPAQUE),
        ("c249" + "ff" * 9, OPAQUE),
        ("c349" + "ff" * 9, OPAQUE),
        ("c201", OPAQUE),
        ("c5822003", OPAQUE),
        ("a1c10102", {"1": 2}),
        ("a1f701", {}),
    ],
)
def test_what_json_cannot_say(payload: str, value: object) -> None:
    """Times are what stands behind their tag, small big numbers are numbers, all other tags and kinds are opaque."""
    assert CborFormat().load(bytes.fromhex(payload)) == value


@pytest.mark.parametrize(
    ("payload", "number", "exact"),
    [
        ("c48221196ab3", 273.15, "273.15"),
        ("c482281b18eaf953e19ef515", 1_795_521_540.123_456_789, "1795521540.123456789"),
        ("c482021905dc", 150_000.0, "1.500E+5"),
        ("c48239018f01", 0.0, "1E-400"),
        ("c48219019001", float("inf"), "1E+400"),
        ("c4821a3b9aca0001", OPAQUE, OPAQUE),
        ("c4823b00ffffffffffffff01", OPAQUE, OPAQUE),
        ("c482fb3ff000000000000001", OPAQUE, OPAQUE),
        ("c48101", OPAQUE, OPAQUE),
        ("c48202c249ffffffffffffffffff", OPAQUE, OPAQUE),
    ],
)
def test_decimal_fractions(payload: str, number: object, exact: object) -> None:
    """They are numbers, with all their digits where those are asked for; with a giant exponent they are opaque."""
    assert CborFormat().load(bytes.fromhex(payload)) == number
    assert CborFormat().load(bytes.fromhex(payload), exact=True) == exact


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"", Reason.EMPTY, "empty"),
        (b"\xff", Reason.FORMAT, "break code"),
        (b"\x1c", Reason.FORMAT, "unknown unsigned integer"),
        (b"\xa1\x61a", Reason.FORMAT, "premature end"),
        (b"\x01\x02\x03", Reason.FORMAT, "2 bytes behind its value"),
        (b"\x61\xff", Reason.NOT_UTF8, "not UTF-8"),
        (b"\x9b\x10" + bytes(7), Reason.FORMAT, "premature end"),
        (b"\x9b" + b"\xff" * 8, Reason.FORMAT, "premature end"),
        (b"\xbb\x10" + bytes(7), Reason.FORMAT, "premature end"),
        (b"\x5b\x10" + bytes(7), Reason.FORMAT, "premature end"),
        (b"\x7b\x10" + bytes(7), Reason.FORMAT, "premature end"),
        (b"\x81" * 100_000, Reason.FORMAT, "depth (200) exceeded"),
        (b"\xa1\x61a" * 100_000, Reason.FORMAT, "depth (200) exceeded"),
        (b"\x9f" * 100_000, Reason.FORMAT, "depth (200) exceeded"),
        (b"\xc6" * 100_000, Reason.FORMAT, "depth (200) exceeded"),
        (b"\xd9\xd9\xf7" * 100_000, Reason.FORMAT, "depth (200) exceeded"),
        (b"\xa2\x01\x01\x61b\x79\x10\x00" + b"x" * SMALL, Reason.FORMAT, "map key must be a text"),
    ],
)
def test_what_is_no_cbor_is_told(payload: bytes, reason: Reason, words: str) -> None:
    """Each kind of fault has its reason and its words; so have headers that promise more than there is, and depth."""
    with pytest.raises(UnreadableError) as caught:
        CborFormat().load(payload)

    assert caught.value.reason is reason
    assert words in caught.value.detail


def test_lists_that_promise_much_within_each_other_take_no_time() -> None:
    """Room is not made for what is not there."""
    began = time.process_time()
    with pytest.raises(UnreadableError):
        CborFormat().load(b"\x9a\x00\x01\x00\x00" * 190 + bytes(2**16))

    assert time.process_time() - began < 2


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how it is installed."""
    monkeypatch.setitem(sys.modules, "cbor2", None)
    with pytest.raises(ValueError, match=r"pip install 'ingestor\[formats\]'"):
        CborFormat()
