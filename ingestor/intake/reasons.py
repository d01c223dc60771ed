"""What the broker's codes and the system's errors mean, in words for a person. Pure."""

import os
import re

from ingestor.intake.wire import Version

_WORDS = {
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "refused for a reason of its own",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8C: "bad authentication method",
    0x8D: "keep alive timeout",
    0x8E: "session taken over: another client uses the same client id",
    0x8F: "topic filter invalid",
    0x90: "topic name invalid",
    0x91: "packet identifier in use",
    0x93: "receive maximum exceeded",
    0x94: "topic alias invalid",
    0x95: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload format invalid",
    0x9A: "retain not supported",
    0x9B: "quality of service not supported",
    0x9C: "use another server",
    0x9D: "server moved",
    0x9E: "shared subscriptions not supported",
    0x9F: "connection rate exceeded",
    0xA0: "maximum connect time",
    0xA1: "subscription identifiers not supported",
    0xA2: "wildcard subscriptions not supported",
}

_FROM_311 = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}

UNSUPPORTED_VERSION = 0x84
TAKEN_OVER = 0x8E
_PASSING = frozenset({0x80, 0x88, 0x89, 0x8B, 0x8D, 0x93, 0x96, 0x97, 0x9F, 0xA0, 0x81, 0x82, 0x94, 0x95})


def connack_code(code: int, version: Version) -> int:
    """The code of a CONNACK as MQTT 5 would write it. Some brokers answer MQTT 5 with a code of 3.1.1."""
    return _FROM_311.get(code, code) if version is Version.V311 or code in _FROM_311 else code


def in_words(code: int, detail: str = "") -> str:
    """The meaning of a code of MQTT 5, with what the broker said besides."""
    words = _WORDS.get(code, f"reason 0x{code:02X}")
    return f"{words} ({detail})" if detail else words


def passes(code: int) -> bool:
    """Whether a refusal with this code may pass by itself; else a person has to act."""
    return code in _PASSING


def unreachable(error: OSError, *, within_secs: float) -> str:
    """Why there is no connection, in the system's words: asyncio puts its own around them, for each address anew.

    Args:
        error: What trying to connect raised; a TimeoutError where `within_secs` were over.
        within_secs: For how long it was tried.
    """
    if isinstance(error, TimeoutError):
        return f"no connection within {within_secs:g} s"
    number = re.search(r"\[Errno (\d+)\]", str(error))
    return os.strerror(int(number[1])) if number else re.sub(r"\[Errno -\d+\] ", "", str(error))
