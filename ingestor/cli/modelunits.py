"""Units of fields, from the models of the routes: InfluxDB keeps none."""

from collections.abc import Iterator, Mapping, Sequence

from ingestor.config import Config
from ingestor.files.table import Column, Layout
from ingestor.reader.question import column
from ingestor.routing.models import Model, resolve
from sensors.catalog import CATALOG


def with_units(layout: Layout, config: Config, functions: Sequence[str]) -> Layout:
    """The same columns, with a unit where the store knows none and a model does.

    Args:
        layout: Of an answer.
        config: Whose routes and models count; a measurement that no route names may be called like a model.
        functions: What was made of the fields.
    """
    units = _units(config, layout.measurement)
    made = dict(pair for name, unit in units.items() for pair in _made(name, unit, functions))
    fields = [Column(field.name, field.type, field.unit or made.get(field.name)) for field in layout.fields]
    return layout._replace(fields=tuple(fields))


def _made(name: str, unit: str, functions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The columns of a field that have a unit."""
    if not functions:
        yield name, unit
    for function in functions:
        if function != "count":
            yield column(name, function, functions), f"{unit}/s" if function == "rate" else unit


def _units(config: Config, measurement: str) -> Mapping[str, str]:
    for model in _models(config, measurement):
        return {field.name: field.unit for field in model.shape.fields if field.unit}
    return {}


def _models(config: Config, measurement: str) -> Iterator[Model]:
    """Those that readings of the measurement may be of."""
    named = [(route.model, route.measurement) for route in config.routes]
    for name, called in (*named, *((name, None) for name in CATALOG)):
        try:
            model = resolve(name, config.models)
        except ValueError:
            continue  # ingestor check tells of it
        if measurement == (called or model.name):
            yield model
