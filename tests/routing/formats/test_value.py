"""Format value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.value import ValueFormat, read_word
from ingestor.routing.models import Model
from ingestor.routing.wire import PlainWire, Values
from sensors import FieldShape, Kind, Shape


def read(payload: bytes, field: FieldShape) -> Values:
    """What the fast way makes of a payload."""
    return ValueFormat(field).reader(PlainWire(Model("m", Shape((), (field,)))))(payload)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_they_were(number: float) -> None:
    """A float as Python writes it is that float."""
    assert read(repr(number).encode(), FieldShape("x")) == {"x": number}


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_come_back_as_they_were(number: int) -> None:
    """So is an integer of 64 bits."""
    assert read(str(number).encode(), FieldShape("x", Kind.INT)) == {"x": number}


@pytest.mark.parametrize("payload", [b"21.5", b" 21.5\r\n", b"+21.5", b"21.50", b"2.15e1", b"2150E-2"])
def test_usual_ways_to_write_a_number_are_read(payload: bytes) -> None:
    """A sign, an exponent, zeros and white space change nothing."""
    assert read(payload, FieldShape("x")) == {"x": 21.5}


def test_a_whole_number_is_a_float_where_one_belongs() -> None:
    """The type of a field does not depend on how a number was written."""
    assert isinstance(read(b"20", FieldShape("x"))["x"], float)


@pytest.mark.parametrize(
    "payload", [b"nan", b"inf", b"-Infinity", b"1e999", b"1_000", b"0x10", b"1,5", b"21.5 C", b"", b"\xff", b"86"]
)
def test_what_is_no_possible_number_is_refused(payload: bytes) -> None:
    """No text, no NaN, no infinity, nothing that only Python takes for a number, nothing out of range."""
    with pytest.raises(ValueError, match=r"convert|number"):
        read(payload, FieldShape("x", Kind.FLOAT, None, -40, 85))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("21", Kind.FLOAT, 21),
        ("21.5", Kind.INT, 21.5),
        ("abc", Kind.FLOAT, "abc"),
        ("1_0", Kind.INT, "1_0"),
        ("٣", Kind.FLOAT, "٣"),
        ("null", Kind.FLOAT, None),
        ("null", Kind.BOOL, None),
        ("null", Kind.TEXT, "null"),
        ("21", Kind.TEXT, "21"),
        ("ON", Kind.BOOL, True),
        ("true", Kind.BOOL, True),
        ("yes", Kind.BOOL, True),
        ("1", Kind.BOOL, True),
        ("Off", Kind.BOOL, False),
        ("False", Kind.BOOL, False),
        ("no", Kind.BOOL, False),
        ("0", Kind.BOOL, False),
        ("open", Kind.BOOL, "open"),
    ],
)
def test_words_are_read_as_what_is_expected(text: str, kind: Kind, value: object) -> None:
    """A word is a number, a truth or a text as the field says; what it is not stays the word, to be shown."""
    found = read_word(text, kind)

    assert found == value
    assert type(found) is type(value)


@given(st.text())
def test_any_word_is_read(text: str) -> None:
    """No text raises."""
    assert [read_word(text, kind) for kind in Kind if kind is Kind.TEXT] == [text]
    assert {type(read_word(text, kind)) for kind in Kind} <= {str, int, float, bool, type(None)}


def test_a_huge_number_is_read() -> None:
    """A MiB of digits is just too large a number."""
    assert read_word("9" * 2**20, Kind.INT) == float("inf")


@pytest.mark.parametrize(
    ("payload", "reason"), [(b"", Reason.EMPTY), (b" \n", Reason.EMPTY), (b"\xff\xfe", Reason.NOT_UTF8)]
)
def test_what_cannot_be_read_is_told(payload: bytes, reason: Reason) -> None:
    """Nothing, and what is no text, have reasons of their own."""
    with pytest.raises(UnreadableError) as caught:
        ValueFormat(FieldShape("state", Kind.TEXT)).load(payload)

    assert caught.value.reason is reason


def test_a_text_is_any_text() -> None:
    """A text field takes the payload without the white space around it."""
    assert read(" zu heiß \n".encode(), FieldShape("state", Kind.TEXT)) == {"state": "zu heiß"}


@pytest.mark.parametrize("payload", [b"1" * 200_000 + b"x", b"1." + b"2" * 200_000 + b"x"])
def test_endless_digits_take_no_time(payload: bytes) -> None:
    """However many digits, they are read once: a stranger cannot keep the service busy with them."""
    with pytest.raises((UnreadableError, ValueError)):
        read(payload, FieldShape("n", Kind.FLOAT, low=-40, high=85))

    assert ValueFormat(FieldShape("n", Kind.FLOAT)).load(payload) == {"n": payload.decode()}
