"""Payloads that nobody would send on purpose, except to do harm; and what must hold for every one of them."""

import math
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

import cbor2
import msgpack

from ingestor.encode.line import LineEncoder
from ingestor.ports import IGNORED, Flaw, Message, Point, Reason, type_of_value
from ingestor.routing.formats.plain import MAX_BYTES
from ingestor.routing.unpack import MAX_READINGS
from ingestor.routing.words import DETAIL_LENGTH
from tests.routing.helpers import RECEIVED_NS
from tests.routing.seeds import COMPRESS, ENCODE, Case, cases

MAX_SIZE: Final = 2**16
"""Bytes that a mutated payload hardly exceeds before it is compressed."""

_ODD: Final[tuple[object, ...]] = (
    None, True, -1, 0, 1001, 3.0, 84.9, 2**63, 1.7e308, 5e-324, math.nan, -math.inf, "", "auto", "x" * 70_000, "a\nb",
    [], {}, [[]], {"": 1}, {"a\nb": 1}, [1] * 2_000, 1795521540123456789, 1795521540.1234567, "2026-11-24T12:00:00",
    "21.5", "ON",
)  # fmt: skip
"""Values that fields and times may have, or should not."""
_ODD_IN: Final[dict[str, tuple[object, ...]]] = {
    "json": (2**100, -(10**400)),
    "cbor": (
        2**100, b"x", Decimal("21.50"), Decimal("1e400"), Decimal("NaN"), Fraction(1, 3), 1j, {1, 2}, UUID(int=1),
        datetime(2026, 11, 24, tzinfo=UTC), cbor2.CBORTag(1, math.inf), cbor2.CBORTag(4, [2**62, 1]), cbor2.undefined,
        cbor2.CBORTag(55799, 21.5), cbor2.CBORTag(2, "x"), cbor2.CBORTag(28, []), {1: 2, (1, 2): 3, None: 4},
    ),
    "msgpack": (b"x", msgpack.Timestamp(1795521540, 5), msgpack.Timestamp(2**62), msgpack.ExtType(5, b"x"), {b"k": 1}),
}  # fmt: skip
"""Such values that this format alone can write."""


class Mutator:
    """Damages payloads; the same seed does the same damage.

    Args:
        kind: The format or compression.
        seed: Of the chance.
    """

    _TEXTS: Final = (
        *b"null true false NaN -Infinity 1e999 -0 1e-400 9223372036854775808 00 0x1 1_0 5i 5u \\ud800 \\u0000".split(),
        *b'{ } [ ] : , ; " \\ = # \' - + . \n \r\n \t'.split(b" "), b" ", b'""', b"9" * 400, b'{"a":' * 300, b"[" * 300,
        b"\x00", b"\xef\xbb\xbf", b"\xc3", b"\xff", b"\xed\xa0\x80",
    )  # fmt: skip
    _BYTES: Final = (
        b"\x81" * 300, b"\x91" * 300, b"\x00" * 9, b"\x5f", b"\x7f", b"\x9f", b"\xbf", b"\xc1", b"\xf7", b"\xf8\xff",
        b"\x9b" + b"\xff" * 8, b"\x9a\x00\x10\x00\x00", b"\x7b" + b"\xff" * 8, b"\x3b" + b"\xff" * 8, b"\xd9\xd9\xf7",
        b"\xc4\x82\x1b\x00" + b"\xff" * 6 + b"\x01\x01", b"\xc2\x5a\x00\x01\x00\x00", b"\xf9\x7e\x00",
        b"\xd8\x1c\x81\xd8\x1d\x00", b"\xd9\x01\x00\xd8\x19\x00", b"\xd8\x1e\x82\x01\x00", b"\xc1\xf9\x7c\x00",
        b"\xdd\x00\x01\x00\x00", b"\xdf" + b"\xff" * 4, b"\xca\x7f\xc0\x00\x00", b"\xcf" + b"\xff" * 8, b"\xc7\x00\x05",
        b"\xc7\x0c\xff" + b"\xff" * 4 + b"\x7f" + b"\xff" * 7, b"\xd6\xff" + bytes(4),
    )  # fmt: skip

    def __init__(self, kind: str, seed: int) -> None:
        self._kind = kind
        self._cases = cases(kind)
        self._chance = Random(f"{kind} {seed}")
        text = kind in {"value", "json", "csv", "line"}
        self._tokens = self._TEXTS if text else (*self._TEXTS, *self._BYTES, *self._BYTES)
        self._alphabet = bytes(range(32, 127)) if text else bytes(range(256))

    def next(self) -> tuple[Case, bytes]:
        """A payload and the route that is to read it."""
        chance = self._chance
        case = chance.choice(self._cases)
        payload = chance.choice(case.payloads)
        if case.compress is None:
            odd = bool(case.documents) and chance.random() < 0.3
            return case, self._odd_document(case) if odd else self._damaged(payload)
        if chance.random() < 0.5:
            return case, case.compress(self._damaged(payload))
        return case, self._damaged(case.compress(payload))

    def _odd_document(self, case: Case) -> bytes:
        """A document that is well written, with a value in it that does not belong there."""
        chance = self._chance
        document = deepcopy(chance.choice(case.documents))
        inside: Any = document
        while True:
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            key = chance.choice(keys)
            if isinstance(inside[key], dict | list) and inside[key] and chance.random() < 0.9:
                inside = inside[key]
                continue
            inside[key] = chance.choice((*_ODD, *_ODD_IN[self._kind]))
            return ENCODE[self._kind](document)

    def _damaged(self, payload: bytes) -> bytes:
        body = bytearray(payload)
        for _ in range(self._chance.choice((0, 1, 1, 1, 2, 2, 3, 5, 8))):
            self._damage(body)
        return bytes(body[: 2 * MAX_SIZE])

    def _damage(self, body: bytearray) -> None:
        chance = self._chance
        at = chance.randrange(len(body) + 1)
        end = min(len(body), at + chance.choice((1, 1, 2, 4, 8, 30)))
        match chance.randrange(10):
            case 0:
                del body[at:end]
            case 1:
                del body[at:]
            case 2 | 3:
                body[at:end] = chance.choice(self._tokens)
            case 4:
                body[at:at] = chance.choice(self._tokens)
            case 5:
                body[at:at] = body[at:end] * chance.choice((1, 2, 9))
            case 6:
                body[at:end] = bytes(chance.choices(self._alphabet, k=end - at))
            case 7:
                other = chance.choice(chance.choice(self._cases).payloads)
                body[at:end] = other[chance.randrange(len(other) + 1) :]
            case 8 if chance.random() < 0.002 and len(body) < MAX_SIZE:
                part = body[at:end] or body[:1]
                body[at:at] = part * (MAX_SIZE // max(len(part), 1))
            case _:
                if at < len(body):
                    body[at] ^= 1 << chance.randrange(8)


class Verdict(NamedTuple):
    """What became of a payload."""

    points: Sequence[Point]
    flaws: Sequence[Flaw]


def judge(case: Case, payload: bytes) -> Verdict:
    """Send a payload through its route.

    Raises:
        AssertionError: What came of it is neither a point that can be stored nor a reason to set something aside.
    """
    points: list[Point] = []
    flaws = case.decoder.decode(Message(case.topic, payload, RECEIVED_NS), points)
    assert points or flaws or flaws is IGNORED, "nothing was said"
    for point in points:
        _check_point(point)
    for flaw in flaws:
        assert flaw.reason in Reason
        assert flaw.point >= -1
        assert 0 < len(flaw.detail) <= DETAIL_LENGTH
        assert flaw.detail.isprintable()
    return Verdict(points, flaws)


def _check_point(point: Point) -> None:
    series, time_ns, fields = point
    assert type(time_ns) is int
    assert -(2**63) <= time_ns < 2**63
    assert fields
    assert all(0 < len(tag) <= 4_096 and "\n" not in tag for _, tag in series.tags)
    for name, value in fields.items():
        assert type_of_value[type(value)] is series.types[name]
        assert not isinstance(value, float) or math.isfinite(value)
        assert not isinstance(value, int) or -(2**63) <= value < 2**63
        assert not isinstance(value, str) or len(value) <= 65_536
    LineEncoder().encode([point])


def giants(size: int) -> Sequence[tuple[str, bytes]]:
    """Topics, and payloads of about so many bytes that are the most work in relation to their size."""
    small = min(size, MAX_BYTES)
    header = (small - 8).to_bytes(4)
    return (
        ("value/text", b"9" * size),
        ("json/stored", b'{"a":[' + b"[]," * (size // 3) + b"1]}"),
        ("json/flat", b"{" + _named(b'"%d":1', size // 11) + b"}"),
        ("json/nested", b'{"data":{"readings":[' + b'{"t":1,"ts":5.5},' * min(size // 17, MAX_READINGS - 1) + b"1]}}"),
        ("csv/stored", _named(b"c%d", size // 11) + b"\n" + b"1," * (size // 11 - 1) + b"1"),
        ("csv/flat", b"temperature,ts\n" + b"1,1795521540.5\n" * min(size // 15, MAX_READINGS)),
        ("csv/flat", b"temperature,ts\n" + b"x,1\n" * (size // 4)),
        ("line/named", b"m " + _named(b"f%d=1", size // 9)),
        ("line/flat", b"m f=\n" * (size // 5)),
        ("cbor/stored", b"\xa1\x61a\x9a" + header + b"\x80" * (small - 8)),
        ("msgpack/stored", b"\x81\xa1a\xdd" + header + b"\x90" * (small - 8)),
        ("zstd/json", COMPRESS["zstd"](b"[" + b"{}," * (size // 3) + b"1]")),
    )


def _named(pattern: bytes, count: int) -> bytes:
    return b",".join(pattern % at for at in range(count))
