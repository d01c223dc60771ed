"""Finding the model of a route."""

import sys
from pathlib import Path

import pytest

from ingestor.config import ModelSpec
from ingestor.routing.models import check_declared, resolve
from sensors import FieldShape, Kind, TagShape
from sensors.climate import Climate

SOIL = ModelSpec.model_validate(
    {
        "tags": ["probe"],
        "fields": {"moisture": {"unit": "%", "min": 0, "max": 100, "required": True}, "pulses": {"type": "int"}},
    }
)

OWN_MODELS = """
from pydantic import field_validator
from sensors import Measurement

class Leaf(Measurement):
    wet: bool

class Rounded(Measurement):
    moisture: float

    @field_validator("moisture")
    @classmethod
    def _round(cls, value: float) -> float:
        return round(value)

class Nothing(Measurement):
    pass

something = 5
"""


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of a user, with models and other things."""
    (tmp_path / "greenhouse_models.py").write_text(OWN_MODELS)
    (tmp_path / "greenhouse_broken.py").write_text("raise RuntimeError('no probe')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("greenhouse_models", "greenhouse_broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "greenhouse_models"


def test_the_catalog_is_known() -> None:
    """A name of the catalog is its model."""
    found = resolve("climate", {})

    assert (found.name, found.shape, found.code) == ("climate", Climate.shape, None)


def test_a_declared_model_is_made() -> None:
    """What `models` says becomes tags and fields."""
    found = resolve("soil", {"soil": SOIL})

    assert found.name == "soil"
    assert found.shape.tags == (TagShape("probe"),)
    assert found.shape.fields == (
        FieldShape("moisture", Kind.FLOAT, "%", 0, 100, required=True),
        FieldShape("pulses", Kind.INT),
    )


def test_what_is_declared_comes_before_the_catalog() -> None:
    """A configuration that declares a name goes on meaning its own model when the catalog gets that name too."""
    assert resolve("climate", {"climate": SOIL}).shape.fields[0].name == "moisture"


def test_a_class_of_ones_own_is_loaded(own_models: str) -> None:
    """A plain class is taken apart; one with rules of its own is asked itself."""
    leaf, rounded = resolve(f"{own_models}:Leaf", {}), resolve(f"{own_models}:Rounded", {})

    assert (leaf.name, leaf.shape.fields[0].name, leaf.code) == ("Leaf", "wet", None)
    assert rounded.code is not None
    assert rounded.code.__name__ == "Rounded"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("climat", "no model is called climat; there are climate, co2"),
        ("greenhouse_models:Missing", "cannot be loaded: AttributeError"),
        ("greenhouse_models:something", "not a subclass"),
        ("greenhouse_models:Nothing", "no fields"),
        ("greenhouse_broken:Leaf", "RuntimeError: no probe"),
        ("no_such_module:Leaf", "ModuleNotFoundError"),
        (":Leaf", "cannot be loaded"),
    ],
)
@pytest.mark.usefixtures("own_models")
def test_what_is_no_model_is_refused(name: str, words: str) -> None:
    """Each way to fail is told, code that raises included."""
    with pytest.raises(ValueError, match=words):
        resolve(name, {})


@pytest.mark.parametrize("name", ["time", "", " ", "two\nlines"])
@pytest.mark.parametrize("part", ["tags", "fields"])
def test_names_that_cannot_be_stored_are_refused(part: str, name: str) -> None:
    """A tag or field cannot be called time, or nothing."""
    fields: dict[str, dict[str, object]] = {name: {}} if part == "fields" else {"moisture": {}}
    spec = ModelSpec.model_validate({"fields": fields, "tags": [name] if part == "tags" else []})

    with pytest.raises(ValueError, match=r"time|name"):
        check_declared(spec)


def test_more_fields_than_can_be_shown_are_refused() -> None:
    """A measurement has a view with a column for each field, and those are bounded."""
    fields: dict[str, dict[str, object]] = {f"field{number}": {} for number in range(1_001)}
    with pytest.raises(ValueError, match="has 1,001 fields, and can have 1,000"):
        check_declared(ModelSpec.model_validate({"fields": fields}))

    del fields["field0"]
    check_declared(ModelSpec.model_validate({"fields": fields}))


def test_names_that_devices_use_are_accepted() -> None:
    """Names that are no names in Python, or names of pydantic, are fine."""
    names = ("pm2.5", "_id", "copy", "model_config", "Temp °C", "schema")
    spec = ModelSpec.model_validate({"fields": {name: {} for name in names}})
    check_declared(spec)

    assert [field.name for field in resolve("x", {"x": spec}).shape.fields] == list(names)
