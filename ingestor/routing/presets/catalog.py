"""Which families a row with `preset` can name. A new family is a file beside this one and one row here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingestor.routing.presets.contract import Family

CATALOG: Final[Mapping[str, Family]] = MappingProxyType({})
"""Name to family."""
