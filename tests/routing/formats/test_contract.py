"""What every format keeps to."""

from collections.abc import Callable

import cbor2
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.config.routes import CsvOf
from ingestor.ports import Reason
from ingestor.routing.formats.cbor import CborFormat
from ingestor.routing.formats.contract import Format, UnreadableError
from ingestor.routing.formats.csv import CsvFormat
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.formats.line import LineFormat
from ingestor.routing.formats.msgpack import MsgpackFormat
from ingestor.routing.formats.plain import Opaque
from ingestor.routing.formats.value import ValueFormat
from ingestor.routing.models import Model
from ingestor.routing.wire import PlainWire, Values
from sensors import FieldShape, Kind, Shape

FIELDS = [FieldShape("x", kind, None, low, high) for kind in Kind for low, high in [(None, None), (0, 9)]]
FORMATS: dict[str, Callable[[FieldShape], Format]] = {
    "cbor": lambda _: CborFormat(),
    "csv": lambda field: CsvFormat(CsvOf(), {field.name: field.kind}),
    "json": lambda _: JsonFormat(),
    "line": lambda _: LineFormat(),
    "msgpack": lambda _: MsgpackFormat(),
    "value": ValueFormat,
}
NUMBERS = st.one_of(st.integers(), st.floats()).map(lambda number: str(number).encode())
PAYLOADS = st.one_of(
    st.binary(),
    NUMBERS,
    NUMBERS.map(lambda number: b'{"x": %s}' % number),
    st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(), st.text()).flatmap(
        lambda value: st.sampled_from([cbor2.dumps({"x": value}), msgpack.packb({"x": value})])
    ),
    st.sampled_from([b"on", b"null", b"{}", b'{"x": null}', b"1_000", b"0x10", b"[" * 9_999, b"1" * 9_999, b"-.e"]),
)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.kind}-{field.low}")
@pytest.mark.parametrize("kind", ["cbor", "json", "msgpack", "value"])
@given(payload=PAYLOADS)
def test_the_fast_way_agrees_with_the_careful_one(kind: str, field: FieldShape, payload: bytes) -> None:
    """Whatever the bytes: what the reader takes, loading and validating gives too, and the other way round.

    Only a value that is not there, which both leave out, may be left out in two ways.
    """
    format_ = FORMATS[kind](field)
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


@pytest.mark.parametrize("kind", sorted(FORMATS))
@given(payload=PAYLOADS, exact=st.booleans())
def test_nothing_else_is_given_or_raised(kind: str, payload: bytes, *, exact: bool) -> None:
    """Whatever the bytes: they are unreadable, or what comes is what JSON can say, opaque, or a reading's error."""
    try:
        waiting = [FORMATS[kind](FieldShape("x")).load(payload, exact=exact)]
    except UnreadableError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        else:
            assert value is None or isinstance(value, str | int | float | Opaque | UnreadableError)


def test_an_unreadable_payload_tells_reason_and_words() -> None:
    """The reason is a label, the detail is for a person."""
    error = UnreadableError(Reason.NOT_JSON, "not JSON: expected value")

    assert (error.reason, error.detail, str(error)) == (Reason.NOT_JSON, *["not JSON: expected value"] * 2)
