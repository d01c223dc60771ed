"""Which format a row of `routes` means."""

from collections.abc import Mapping

from ingestor import config
from ingestor.routing.formats.cbor import CborFormat
from ingestor.routing.formats.contract import Format
from ingestor.routing.formats.csv import CsvFormat
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.formats.line import LineFormat
from ingestor.routing.formats.msgpack import MsgpackFormat
from ingestor.routing.formats.value import ValueFormat
from sensors import FieldShape, Kind


def make_format(row: config.Route, kinds: Mapping[str, Kind], single: FieldShape | None) -> Format:
    """What reads the payloads of a route.

    Args:
        row: The row; its `format`, and what it says of it.
        kinds: What the fields and tags that payloads may bring hold, by name; what is not in it is a time or unknown.
        single: The only field that payloads may bring, None where there are several.

    Raises:
        ValueError: The format cannot read such a model, or its package is not installed; it says which.
    """
    match row.format:
        case "value":
            if single is None:
                raise ValueError(f"format value is for a model with one field; {row.model} has {', '.join(kinds)}")
            return ValueFormat(single)
        case "json":
            return JsonFormat()
        case "csv":
            return CsvFormat(row.csv, kinds)
        case "line":
            return LineFormat()
        case "cbor":
            return CborFormat()
        case "msgpack":
            return MsgpackFormat()
