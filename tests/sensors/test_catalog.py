"""The catalog of models."""

import inspect
from pathlib import Path

from sensors import FieldShape, Kind
from sensors.catalog import CATALOG

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "sensors-and-routes.md"


def test_every_model_is_of_use() -> None:
    """Each has a name in lower case, documentation, numbers with a unit and limits, and none is listed twice."""
    models = list(CATALOG.values())
    numbers = [field for model in models for field in model.shape.fields if field.kind is Kind.FLOAT]

    assert all(name == name.lower() for name in CATALOG)
    assert list(CATALOG) == sorted(CATALOG)
    assert all(inspect.getdoc(model) for model in models)
    assert all(field.unit and field.low is not None and field.high is not None for field in numbers)
    assert len(set(models)) == len(models)


def test_a_quantity_has_one_unit() -> None:
    """What is called the same is in the same unit, in whatever model."""
    fields = {(field.name, field.unit) for model in CATALOG.values() for field in model.shape.fields}

    assert len({name for name, _ in fields}) == len(fields)


def test_every_model_is_fast() -> None:
    """None needs its class to be asked for each reading."""
    assert [name for name, model in CATALOG.items() if model.shape.has_code] == []


def test_the_reference_is_the_catalog() -> None:
    """The table of models in the documentation is complete, with descriptions, units and ranges."""
    text = REFERENCE.read_text(encoding="utf-8")
    rows = [
        f"| `{name}` | {inspect.getdoc(model)} | {', '.join(map(told, model.shape.fields))} |"
        for name, model in CATALOG.items()
    ]

    assert "\n".join(rows) in text


def told(field: FieldShape) -> str:
    """A field as the table has it."""
    if field.low is None or field.high is None:
        return f"`{field.name}` ({field.kind})"
    return f"`{field.name}` ({field.unit}, {field.low:,.10g} to {field.high:,.10g})"
