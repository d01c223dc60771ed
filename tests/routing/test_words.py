"""Words for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Flaw, Reason
from ingestor.routing.words import DETAIL_LENGTH, explain, shorten, show, tell, whole
from sensors import FieldShape, Kind
from tests.routing.helpers import JSON

TEMPERATURE = FieldShape("temperature", Kind.FLOAT, "°C", -40, 85)
COUNT = FieldShape("count", Kind.INT, None, 0, None)


@pytest.mark.parametrize(
    ("field", "value", "reason", "words"),
    [
        (TEMPERATURE, 999.0, Reason.RANGE, "temperature 999 is above 85 °C"),
        (TEMPERATURE, -40.5, Reason.RANGE, "temperature -40.5 is below -40 °C"),
        (TEMPERATURE, "21.4", Reason.TYPE, 'temperature is "21.4" where a number belongs'),
        (TEMPERATURE, True, Reason.TYPE, "temperature is true where a number belongs"),
        (TEMPERATURE, [1], Reason.TYPE, "temperature is a list where a number belongs"),
        (TEMPERATURE, {}, Reason.TYPE, "temperature is an object where a number belongs"),
        (TEMPERATURE, float("nan"), Reason.TYPE, "temperature is nan, which is not a number that can be stored"),
        (FieldShape("x"), 10**400, Reason.RANGE, "x is a whole number beyond 64 bits, more than can be stored"),
        (COUNT, -1, Reason.RANGE, "count -1 is below 0"),
        (COUNT, 2.5, Reason.TYPE, "count is 2.5 where a whole number belongs"),
        (COUNT, 2.0, Reason.TYPE, "count is 2.0 where a whole number belongs"),
        (COUNT, 2**63, Reason.RANGE, "count is a whole number beyond 64 bits, more than can be stored"),
        (FieldShape("on", Kind.BOOL), 1, Reason.TYPE, "on is 1 where true or false belongs"),
        (FieldShape("state", Kind.TEXT), 1, Reason.TYPE, "state is 1 where text belongs"),
        (FieldShape("state", Kind.TEXT), None, Reason.TYPE, "state is null where text belongs"),
        (FieldShape("s", Kind.TEXT, choices=("a", "b")), "c", Reason.RANGE, 's is "c", none of a, b'),
        (FieldShape("s", Kind.INT, choices=(1, 2)), True, Reason.TYPE, "s is true where a whole number belongs"),
        (FieldShape("s", Kind.INT, choices=(1, 2)), 3, Reason.RANGE, "s is 3, none of 1, 2"),
    ],
)
def test_faults_are_told_in_plain_words(field: FieldShape, value: object, reason: Reason, words: str) -> None:
    """A person reads what was sent, what belongs there, and the unit."""
    assert explain(field, value) == (reason, words)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (TEMPERATURE, 85),
        (TEMPERATURE, -40.0),
        (COUNT, 2**63 - 1),
        (FieldShape("on", Kind.BOOL), False),
        (FieldShape("state", Kind.TEXT), ""),
    ],
)
def test_nothing_is_said_against_what_is_right(field: FieldShape, value: object) -> None:
    """Limits belong to the range."""
    assert explain(field, value) is None


@given(JSON, st.sampled_from(Kind), st.text())
def test_words_are_always_short(value: object, kind: Kind, name: str) -> None:
    """However long a value or a name, a detail stays a line."""
    found = explain(FieldShape(name, kind, None, 0, 1), value)

    assert found is None or (len(found[1]) <= DETAIL_LENGTH and found[1].isprintable())
    assert len(show(value)) <= 50


def test_a_long_text_loses_its_end() -> None:
    """Where something is left out, one sees it."""
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"


def test_words_are_one_line_that_does_no_harm() -> None:
    """Line breaks and what would steer a terminal do not get through."""
    assert shorten("a\nb\x1b[2Jc") == "a b\ufffd[2Jc"
    assert show("\x9b\u202e") == '"\ufffd\ufffd"'


class Whole(int):
    """A whole number of a class of its own."""


def test_a_number_of_any_class_is_shown_at_once() -> None:
    """Nothing is counted up to it."""
    assert show(Whole(7)) == "7"
    assert show(Whole(2**63)) == "a whole number beyond 64 bits"
    assert explain(FieldShape("n", Kind.INT, high=9), Whole(10)) == (Reason.RANGE, "n 10 is above 9")


class SpeechlessError(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_errors_are_told() -> None:
    """With their words, or at least by name."""
    assert tell(ValueError("too dry")) == "ValueError: too dry"
    assert tell(SpeechlessError()) == "SpeechlessError"


def test_many_flaws_become_one() -> None:
    """What was found in one message is told together, bounded, under the first reason."""
    flaws = [Flaw(0, Reason.TYPE, "a is wrong", "a"), Flaw(0, Reason.RANGE, "b is wrong" * 100, "b")]
    one = whole(flaws)

    assert (one.point, one.reason, one.field) == (-1, Reason.TYPE, "")
    assert one.detail.startswith("a is wrong; b is wrong")
    assert len(one.detail) == DETAIL_LENGTH
