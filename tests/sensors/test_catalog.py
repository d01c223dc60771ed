"""The catalog of models."""

from sensors.catalog import CATALOG


def test_every_model_is_of_use() -> None:
    """Each has a name in lower case, documentation, fields with a unit, and none is listed twice."""
    models = list(CATALOG.values())

    assert all(name == name.lower() for name in CATALOG)
    assert all(model.__doc__ for model in models)
    assert all(field.unit for model in models for field in model.shape.fields)
    assert len(set(models)) == len(models)


def test_every_model_is_fast() -> None:
    """None needs its class to be asked for each reading."""
    assert [name for name, model in CATALOG.items() if model.shape.has_code] == []
