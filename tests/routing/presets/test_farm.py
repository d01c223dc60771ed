"""This farm's own traffic."""

from ingestor.routing.presets.farm import FARM
from sensors.catalog import CATALOG


def test_every_quantity_that_has_a_model_is_taken() -> None:
    """Each with the unit and the range of its model, as `value`."""
    taken = {source.topic: source.model.shape.fields for source in FARM.sources}

    for name, kind in CATALOG.items():
        if len(kind.shape.fields) == 1:
            [field] = taken[f"{{rack}}/{name}"]
            assert (field.name, field.unit, field.low, field.high) == ("value", *kind.shape.fields[0][2:5])


def test_measurements_are_called_as_before() -> None:
    """By the rack and the quantity."""
    assert "{rack}_temperature" in {source.measurement for source in FARM.sources}
