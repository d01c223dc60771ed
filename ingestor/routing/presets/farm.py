"""This farm's own traffic: `rack1/temperature` with one bare number, stored as `value` of `rack1_temperature`.

The quantities are those of the models that measure one, with their units and ranges; see `sensors.catalog`.
"""

from collections.abc import Sequence
from typing import Final

from ingestor.routing.presets.contract import Family, Source
from ingestor.routing.presets.flat import document, model
from ingestor.routing.wire import Values
from sensors.catalog import CATALOG


def read_value(payload: object) -> Sequence[Values]:
    """The one value of a message."""
    return [document(payload)]


FARM: Final = Family(
    prefix="",
    sources=tuple(
        Source(
            f"{{rack}}/{quantity}",
            model(f"farm_{quantity}", kind.shape.fields[0]._replace(name="value")),
            read_value,
            format="value",
            direct=True,
            measurement=f"{{rack}}_{quantity}",
        )
        for quantity, kind in CATALOG.items()
        if len(kind.shape.fields) == 1
    ),
    device="{rack}",
)
"""Racks under their names. The row's bucket takes all quantities; a bucket for each of them needs routes."""
