"""The symbols of units."""

import unicodedata

from ingestor.routing.units import Conversion, Units
from sensors.units import SYMBOLS


def test_symbols_are_written_in_one_way() -> None:
    """The micro sign is the one of keyboards; nothing has white space in it."""
    assert all(" " not in symbol and unicodedata.normalize("NFC", symbol) == symbol for symbol in SYMBOLS)
    assert not any("\N{GREEK SMALL LETTER MU}" in symbol for symbol in SYMBOLS)


def test_symbols_can_be_converted() -> None:
    """Each is a unit that the service knows, but for scales that are nobody else's."""
    units, alone = Units(), {"NTU", "UVI", "dB", "dBm"}
    found = {units.conversion(f"2 {symbol}", symbol) for symbol in SYMBOLS - alone}

    assert found == {Conversion(2.0)}
