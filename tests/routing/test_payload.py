"""From the bytes of a payload to its readings."""

import zlib

import pytest

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.models import Model
from ingestor.routing.path import Path
from ingestor.routing.payload import PayloadReader, Written
from ingestor.routing.unpack import Reading, Unpack, Unpacker
from ingestor.routing.wire import PlainWire, Values
from sensors import FieldShape, Shape


def preset(document: object) -> list[Values]:
    """What a preset does with what a payload says."""
    return [{"t": document}]


PLAIN = Unpacker({}, reason=Reason.NOT_JSON)
EACH = Unpacker({}, each=Path.parse("r"), reason=Reason.NOT_JSON)


def test_compressed_payloads_are_read() -> None:
    """What comes out is read as it would be without."""
    reader = PayloadReader(JsonFormat(), EACH, decompress=zlib.decompress)

    assert reader.read(zlib.compress(b'{"r": [{"t": 1}, {"t": 2.5}]}')) == [{"t": 1}, {"t": 2.5}]


def test_a_value_as_it_was_written() -> None:
    """A fraction has all its digits, whichever reading it is of."""
    payload = b'{"r": [{"ts": 1}, {"ts": 1795521540.123456789}]}'
    written = PayloadReader(JsonFormat(), EACH, decompress=None).written(payload)

    assert (written.reading(1)("ts"), written.reading(0)("ts"), written.reading(0)("at")) == (
        "1795521540.123456789",
        1,
        None,
    )


def test_what_is_written_is_read_once() -> None:
    """However many values are asked for: a payload has thousands of readings."""
    calls = []

    def read() -> list[Reading]:
        calls.append(1)
        return [{"ts": "1.0"}, {"ts": "2.0"}, UnreadableError(Reason.FORMAT, "no line")]

    written = Written(read)

    assert calls == []
    assert [written.reading(number)("ts") for number in (0, 1, 2)] == ["1.0", "2.0", None]
    assert calls == [1]


@pytest.mark.parametrize(
    ("unpack", "direct", "quick"),
    [(PLAIN, False, True), (EACH, False, False), (preset, False, False), (preset, True, True)],
)
def test_only_what_needs_no_unpacking_has_a_quick_way(unpack: Unpack, *, direct: bool, quick: bool) -> None:
    """A payload that is one reading as it stands, or is said to be; what is compressed never is."""
    form, wire = JsonFormat(), PlainWire(Model("m", Shape((), (FieldShape("t"),))))

    assert (PayloadReader(form, unpack, decompress=None, direct=direct).reader(wire) is not None) is quick
    assert PayloadReader(form, unpack, decompress=zlib.decompress, direct=direct).reader(wire) is None
