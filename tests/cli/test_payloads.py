"""Payloads as commands show them."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.cli.payloads import payload_json, payload_text


def test_text_stays_text() -> None:
    """What is UTF-8 is shown as it is."""
    assert payload_text("21.5 °C".encode()) == "21.5 °C"


def test_what_is_not_text_shows_as_escapes() -> None:
    """A byte that is no text is told, not left out."""
    assert payload_text(b"a\xffb") == "a\\xffb"


def test_long_payloads_are_cut_and_it_is_said() -> None:
    """After a cut the whole length stands."""
    assert payload_text(b"x" * 1_500, limit=3) == "xxx… (1,500 bytes)"
    assert payload_text(b"xxx", limit=3) == "xxx"


@given(st.binary())
def test_programs_get_every_byte(payload: bytes) -> None:
    """The bytes can be had back, whether they are text or not."""
    told = payload_json(payload)
    back = told["payload"].encode() if "payload" in told else bytes.fromhex(told["payload_hex"])

    assert back == payload
    assert len(told) == 1
