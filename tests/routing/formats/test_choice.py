"""Which format a row means."""

from typing import get_args

import pytest

from ingestor.config import Route
from ingestor.routing.formats.choice import make_format
from sensors import FieldShape, Kind

PAYLOADS = {
    "value": b"7",
    "json": b'{"t": 7}',
    "csv": b"t\n7",
    "line": b"m t=7",
    "cbor": b"\xa1\x61t\x07",
    "msgpack": b"\x81\xa1t\x07",
}


def row(form: str) -> Route:
    """A row of this format."""
    return Route.model_validate({"topic": "a", "model": "m", "bucket": "B", "format": form})


def test_every_format_reads() -> None:
    """All that can be configured are there, and each reads its own."""
    assert set(get_args(Route.model_fields["format"].annotation)) == PAYLOADS.keys()
    for name, payload in PAYLOADS.items():
        found = make_format(row(name), {"t": Kind.FLOAT}, FieldShape("t")).load(payload)
        reading = found[0] if isinstance(found, list) else found

        assert isinstance(reading, dict)
        assert reading["t"] == 7


def test_a_bare_value_needs_a_single_field() -> None:
    """Nobody could say which of several it is."""
    with pytest.raises(ValueError, match="one field; m has a, b"):
        make_format(row("value"), {"a": Kind.FLOAT, "b": Kind.FLOAT}, None)
