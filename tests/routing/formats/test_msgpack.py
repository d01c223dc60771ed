"""Format msgpack."""

import sys
import time

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.msgpack import MsgpackFormat
from ingestor.routing.formats.plain import OPAQUE, SMALL

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
)


@given(VALUES)
def test_what_json_could_say_is_read(value: object) -> None:
    """Texts, numbers, truth values, null, lists and objects come as they were, exactly or not."""
    payload = msgpack.packb(value)

    assert MsgpackFormat().load(payload) == value
    assert MsgpackFormat().load(payload, exact=True) == value


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"bytes", OPAQUE),
        (msgpack.ExtType(5, b"x"), OPAQUE),
        (msgpack.Timestamp(1_795_521_540, 123_456_789), 1_795_521_540_123_456_789),
        (msgpack.Timestamp(-1, 5), -999_999_995),
        ({7: 1, -1: 2}, {"7": 1, "-1": 2}),
        ({b"raw": 1, "a": 2}, {"a": 2}),
    ],
)
def test_what_json_cannot_say(value: object, read: object) -> None:
    """Timestamps are whole numbers of nanoseconds, numbers as keys their digits; bytes and extensions are opaque."""
    assert MsgpackFormat().load(msgpack.packb(value)) == read


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"", Reason.EMPTY, "empty"),
        (b"\xc1", Reason.FORMAT, "FormatError"),
        (b"\x81\xa1a", Reason.FORMAT, "incomplete"),
        (b"\x01\x02", Reason.FORMAT, "extra data"),
        (b"\xa1\xff", Reason.NOT_UTF8, "not UTF-8"),
        (b"\x81\x90\x01", Reason.FORMAT, "unhashable"),
        (b"\xc7\x0c\xff" + b"\xff" * 4 + bytes(8), Reason.FORMAT, "nanoseconds"),
        (b"\xdd\xff\xff\xff\xff", Reason.FORMAT, "max_array_len"),
        (b"\xdf\xff\xff\xff\xff", Reason.FORMAT, "max_map_len"),
        (b"\xdb\xff\xff\xff\xff", Reason.FORMAT, "incomplete"),
        (b"\xc6\xff\xff\xff\xff", Reason.FORMAT, "incomplete"),
        (b"\x91" * 500 + b"\x01", Reason.FORMAT, "more than 200"),
        (b"\x91" * 100_000, Reason.FORMAT, "StackError"),
        (b"\x81\xa1a" * 100_000, Reason.FORMAT, "StackError"),
        (b"\x82\x01\x01\xa1b\xda\x10\x00" + b"x" * SMALL, Reason.FORMAT, "not allowed for map key"),
    ],
)
def test_what_is_no_messagepack_is_told(payload: bytes, reason: Reason, words: str) -> None:
    """Each kind of fault has its reason and its words; so have headers that promise more than there is, and depth."""
    with pytest.raises(UnreadableError) as caught:
        MsgpackFormat().load(payload)

    assert caught.value.reason is reason
    assert words in caught.value.detail


def test_lists_that_promise_much_within_each_other_take_no_time() -> None:
    """Room is not made for what is not there."""
    header = b"\xdd\x00\x01\x00\x00"
    payload = header * 500 + bytes(2**16 - 500 * len(header))
    began = time.process_time()
    with pytest.raises(UnreadableError):
        MsgpackFormat().load(payload)

    assert time.process_time() - began < 2


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how it is installed."""
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(ValueError, match=r"pip install 'ingestor\[formats\]'"):
        MsgpackFormat()
