"""Format json."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.models import Model
from ingestor.routing.wire import CodeWire, PlainWire
from sensors import FieldShape, Measurement, Shape
from tests.routing.helpers import JSON

NOT_JSON = Reason.NOT_JSON


class Strict(Measurement):
    """A model that is asked itself."""

    a: float | None = None


def test_an_object_is_parsed() -> None:
    """Of equal keys the last one counts, and white space around does not."""
    assert JsonFormat().load(b' {"a": 1, "b": [null], "a": 2.5}\n') == {"a": 2.5, "b": [None]}


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
        (b'{"a":' * 100_000, NOT_JSON, "recursion limit"),
        (b'{"a": ' + b"1" * 100_000 + b"}", NOT_JSON, "out of range"),
        (b'{"a": "\\ud800"}', NOT_JSON, "hex escape"),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
def test_what_is_no_json_is_told(payload: bytes, reason: Reason, words: str, *, exact: bool) -> None:
    """Each kind of fault has its reason and its words, bombs included, however it is read."""
    with pytest.raises(UnreadableError) as caught:
        JsonFormat().load(payload, exact=exact)

    assert caught.value.reason is reason
    assert words in caught.value.detail


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**12), max_value=10**12))
def test_exact_fractions_have_all_their_digits(number: Decimal) -> None:
    """A fraction comes back as it was written, where a float would lose its end; all else is as ever."""
    payload = f'{{"a": [{{"ts": {number:f}}}, 7, true, null, "x"]}}'.encode()

    assert JsonFormat().load(payload, exact=True) == {"a": [{"ts": f"{number:f}"}, 7, True, None, "x"]}


@given(JSON)
def test_exact_or_not_the_same_is_read(value: object) -> None:
    """Only fractions differ, and they are the same number."""
    payload = json.dumps(value).encode()
    try:
        expected = JsonFormat().load(payload)
    except UnreadableError:
        return

    assert repr(json.loads(payload, parse_float=str)) == repr(JsonFormat().load(payload, exact=True))
    assert repr(expected) == repr(json.loads(payload))


@pytest.mark.parametrize("payload", [b"[1]", b"null", b"7", b'"a"'])
def test_the_fast_way_takes_objects_only(payload: bytes) -> None:
    """A model with code of its own is never asked about anything else."""
    model = Model("m", Shape((), (FieldShape("a"),)), Strict)
    wire = CodeWire(Strict, plain=PlainWire(model), captured={}, also=None)
    read = JsonFormat().reader(wire)

    assert read(b'{"a": 1}') == {"a": 1.0}
    with pytest.raises(ValueError, match="not one object"):
        read(payload)


def test_large_payloads_are_read() -> None:
    """A field is found in a payload of a MiB."""
    value = {"blob": "x" * 2**20, "a": 1}

    assert JsonFormat().load(json.dumps(value).encode()) == value
