"""Format json."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat

NOT_JSON = Reason.NOT_JSON


def test_an_object_is_parsed() -> None:
    """Of equal keys the last one counts, and white space around does not."""
    assert JsonFormat().parse(b' {"a": 1, "b": [null], "a": 2.5}\n') == {"a": 2.5, "b": [None]}


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"", Reason.EMPTY, "empty"),
        (b" \r\n", Reason.EMPTY, "empty"),
        (b"\xff", Reason.NOT_UTF8, "byte 0"),
        (b'{"a": "\xe4"}', Reason.NOT_UTF8, "byte 7"),
        (b"hello", NOT_JSON, "expected value"),
        (b'{"a": 1', NOT_JSON, "EOF"),
        (b'{"a": 1,}', NOT_JSON, "trailing comma"),
        (b'{"a": 1} {"a": 2}', NOT_JSON, "trailing characters"),
        (b"\xef\xbb\xbf{}", NOT_JSON, "expected value"),
        (b"21.5", NOT_JSON, "21.5 where an object belongs"),
        (b'[{"a": 1}]', NOT_JSON, "a list where an object belongs"),
        (b'"a"', NOT_JSON, '"a" where an object belongs'),
        (b"null", NOT_JSON, "null where an object belongs"),
        (b'{"a":' * 100_000, NOT_JSON, "recursion limit"),
        (b'{"a": ' + b"1" * 100_000 + b"}", NOT_JSON, "out of range"),
        (b'{"a": "\\ud800"}', NOT_JSON, "hex escape"),
    ],
)
def test_what_is_no_object_is_told(payload: bytes, reason: Reason, words: str) -> None:
    """Each kind of fault has its reason and its words, bombs included."""
    with pytest.raises(UnreadableError) as caught:
        JsonFormat().parse(payload)

    assert caught.value.reason is reason
    assert words in caught.value.detail


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**12), max_value=10**12))
def test_exact_numbers_have_all_their_digits(number: Decimal) -> None:
    """A number comes back as it was written, where a float would lose its end."""
    payload = f'{{"a": {{"ts": 1.5}}, "ts": 7, "ts": {number:f}}}'.encode()

    assert JsonFormat().exact(payload, "ts") == number


def test_large_payloads_are_read() -> None:
    """A field is found in a payload of a MiB."""
    payload = json.dumps({"blob": "x" * 2**20, "a": 1}).encode()

    assert JsonFormat().parse(payload)["a"] == 1
