"""Units of fields that no store knows."""

from pathlib import Path

from ingestor.cli.modelunits import with_units
from ingestor.files.table import Column, Layout
from ingestor.ports import FieldType
from ingestor.routing.presets.catalog import CATALOG as PRESETS
from tests.cli.commands import read_config, write_config


def units(folder: Path, measurement: str, *names: str, functions: tuple[str, ...] = ()) -> list[str | None]:
    """The units of columns of these names, with routes of two models, of which one has another measurement."""
    routes = [
        {"topic": "{rack}/t", "model": "temperature", "format": "value", "bucket": "Farm", "measurement": "warmth"},
        {"topic": "{pump}/flow", "model": "flow", "bucket": "Farm"},
    ]
    flow = {"tags": ["pump"], "fields": {"rate": {"unit": "l/min"}}}
    config = read_config(write_config(folder, routes=routes, models={"flow": flow}))
    layout = Layout(measurement, (), tuple(Column(name, FieldType.FLOAT) for name in names))
    return [column.unit for column in with_units(layout, config, functions).fields]


def test_models_know_them(tmp_path: Path) -> None:
    """Those of the routes, and those that ship."""
    assert units(tmp_path, "warmth", "temperature", "other") == ["°C", None]
    assert units(tmp_path, "flow", "rate") == ["l/min"]
    assert units(tmp_path, "climate", "temperature", "humidity") == ["°C", "%"]
    assert units(tmp_path, "unknown", "temperature") == [None]


def test_families_of_devices_know_them_too(tmp_path: Path) -> None:
    """What a preset stores has the units of its models."""
    config = read_config(write_config(tmp_path, routes=[{"preset": "shelly", "bucket": "Home"}]))
    family = PRESETS["shelly"]
    source = next(source for source in family.sources if any(field.unit for field in source.model.shape.fields))
    fields = source.model.shape.fields
    layout = Layout(source.model.name, (), tuple(Column(field.name, FieldType.FLOAT) for field in fields))

    assert [column.unit for column in with_units(layout, config, ()).fields] == [field.unit for field in fields]


def test_they_are_those_of_what_was_made(tmp_path: Path) -> None:
    """A count has none, a rate is one a second."""
    assert units(tmp_path, "climate", "temperature", functions=("mean",)) == ["°C"]
    assert units(tmp_path, "climate", "temperature", functions=("count",)) == [None]
    names = ("temperature_max", "temperature_rate", "temperature_count", "temperature")
    assert units(tmp_path, "climate", *names, functions=("max", "rate", "count")) == ["°C", "°C/s", None, None]


def test_what_the_store_knows_counts(tmp_path: Path) -> None:
    """Its unit stays, whatever a model says by now."""
    config = read_config(write_config(tmp_path))
    layout = Layout("climate", (), (Column("temperature", FieldType.FLOAT, "K"),))

    assert with_units(layout, config, ()) == layout
