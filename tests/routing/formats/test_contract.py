"""What every format keeps to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.contract import Format, UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.formats.value import ValueFormat
from ingestor.routing.models import Model
from ingestor.routing.wire import PlainWire, Values
from sensors import FieldShape, Kind, Shape

FIELDS = [FieldShape("x", kind, None, low, high) for kind in Kind for low, high in [(None, None), (0, 9)]]
NUMBERS = st.one_of(st.integers(), st.floats()).map(lambda number: str(number).encode())
PAYLOADS = st.one_of(
    st.binary(),
    NUMBERS,
    NUMBERS.map(lambda number: b'{"x": %s}' % number),
    st.sampled_from([b"on", b"null", b"{}", b'{"x": null}', b"1_000", b"0x10", b"[" * 9_999, b"1" * 9_999, b"-.e"]),
)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.kind}-{field.low}")
@pytest.mark.parametrize("kind", ["json", "value"])
@given(payload=PAYLOADS)
def test_the_fast_way_agrees_with_the_careful_one(kind: str, field: FieldShape, payload: bytes) -> None:
    """Whatever the bytes: what the reader takes, loading and validating gives too, and the other way round.

    Only a value that is not there, which both leave out, may be left out in two ways.
    """
    format_: Format = JsonFormat() if kind == "json" else ValueFormat(field)
    wire = PlainWire(Model("m", Shape((), (field,))))

    read = format_.reader(wire)
    assert read is not None

    def careful() -> Values:
        loaded = format_.load(payload)
        return wire.read(loaded) if isinstance(loaded, dict) else {}

    try:
        fast = read(payload)
    except ValueError:
        fast = {}
    try:
        expected = careful()
    except ValueError:
        expected = {}
    absent = {"x": None}

    assert fast == expected or (fast in ({}, absent) and expected in ({}, absent))


def test_an_unreadable_payload_tells_reason_and_words() -> None:
    """The reason is a label, the detail is for a person."""
    error = UnreadableError(Reason.NOT_JSON, "not JSON: expected value")

    assert (error.reason, error.detail, str(error)) == (Reason.NOT_JSON, *["not JSON: expected value"] * 2)
