"""Units of fields, from the models of the routes: InfluxDB keeps none."""

from collections.abc import Iterator, Mapping, Sequence

from ingestor.config import Config
from ingestor.files.table import Column, Layout
from ingestor.reader.question import column
from ingestor.routing.models import Model, Models
from ingestor.routing.presets.catalog import CATALOG as PRESETS
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
    """Those of the first model that knows the field; the catalog counts where no route says more."""
    units: dict[str, str] = {}
    for model in tuple(_routed(config, measurement)) or _alike(measurement):
        units = {field.name: field.unit for field in model.shape.fields if field.unit} | units
    return units


def _routed(config: Config, measurement: str) -> Iterator[Model]:
    """Those that readings of the measurement are of, by the routes."""
    models = Models(config.models)
    for row in config.routes:
        family = PRESETS.get(row.preset or "")
        if family is not None:
            yield from (source.model for source in family.sources if source.model.name == measurement)
        elif row.model:
            try:
                model = models.find(row.model)
            except ValueError:
                continue  # ingestor check tells of it
            if measurement == (row.measurement or model.name):
                yield model


def _alike(measurement: str) -> Iterator[Model]:
    """The one of the catalog that is called like it."""
    if measurement in CATALOG:
        yield Models({}).find(measurement)
