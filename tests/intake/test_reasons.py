"""The broker's codes in words."""

import ssl

import mqtt5
import pytest

from ingestor.intake import reasons


@pytest.mark.parametrize(
    "code",
    sorted(
        {
            number
            for kind in (mqtt5.ConnAckReasonCode, mqtt5.SubAckReasonCode, mqtt5.DisconnectReasonCode)
            for number in range(0x80, 0xA3)
            if any(int(getattr(kind, name)) == number for name in dir(kind) if name.isupper())
        }
    ),
)
def test_every_code_that_a_broker_may_send_has_words(code: int) -> None:
    """No code of the specification is told as a bare number."""
    assert "0x" not in reasons.in_words(code)


def test_unknown_codes_are_told_as_numbers() -> None:
    """A code that does not exist is shown as it is, with what the broker said."""
    assert reasons.in_words(0xF1, "who knows") == "reason 0xF1 (who knows)"


def test_what_may_pass_is_told_from_what_needs_a_person() -> None:
    """A busy server is tried again, a bad password is not."""
    assert reasons.passes(0x89)
    assert not reasons.passes(0x86)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1883)"), "Connection refused"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1883, 0, 0), [Errno 113] no"),
            "Connection refused",
        ),
        (OSError(-2, "Name or service not known"), "Name or service not known"),
        (TimeoutError(), "no connection within 10 s"),
        (ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] a"), "[SSL: CERTIFICATE_VERIFY_FAILED] a"),
    ],
)
def test_why_there_is_no_connection_is_told_in_the_systems_words(error: OSError, words: str) -> None:
    """What asyncio says around them, an address in brackets, says nothing to a person."""
    assert reasons.unreachable(error, within_secs=10) == words
