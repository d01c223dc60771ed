"""From the bytes of a payload to its readings."""

import zlib

from ingestor.ports import Reason
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.path import Path
from ingestor.routing.payload import PayloadReader
from ingestor.routing.unpack import Unpacker

PLAIN = Unpacker({}, reason=Reason.NOT_JSON)
EACH = Unpacker({}, each=Path.parse("r"), reason=Reason.NOT_JSON)


def test_compressed_payloads_are_read() -> None:
    """What comes out is read as it would be without."""
    reader = PayloadReader(JsonFormat(), EACH, decompress=zlib.decompress)

    assert reader.read(zlib.compress(b'{"r": [{"t": 1}, {"t": 2.5}]}')) == [{"t": 1}, {"t": 2.5}]


def test_a_value_as_it_was_written() -> None:
    """A fraction has all its digits, whichever reading it is of."""
    payload = b'{"r": [{"ts": 1}, {"ts": 1795521540.123456789}]}'

    assert PayloadReader(JsonFormat(), EACH, decompress=None).exact(payload, 1, "ts") == "1795521540.123456789"
