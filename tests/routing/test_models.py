"""Finding the model of a route."""

from typing import Any

import pytest

from ingestor.config import ModelSpec
from ingestor.routing.models import Model, Models, resolve
from ingestor.routing.units import Conversion
from sensors import FieldShape, Kind, TagShape
from sensors.climate import Climate

SOIL = ModelSpec.model_validate(
    {
        "tags": ["probe"],
        "fields": {"moisture": {"unit": "%", "min": 0, "max": 100, "required": True}, "pulses": {"type": "int"}},
    }
)


def find(name: str, **models: dict[str, Any]) -> Model:
    """The model of a name, beside these entries of `models`."""
    return Models({key: ModelSpec.model_validate(spec) for key, spec in models.items()}).find(name)


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


def test_a_class_is_taken_apart_or_asked(own_models: str) -> None:
    """A plain class is taken apart; one with rules of its own is asked itself."""
    leaf, rounded = resolve(f"{own_models}:Leaf", {}), resolve(f"{own_models}:Rounded", {})

    assert (leaf.name, leaf.shape.fields[0].name, leaf.code) == ("Leaf", "wet", None)
    assert rounded.code is not None
    assert rounded.code.__name__ == "Rounded"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("climat", "no model is called climat; there are air_pressure, air_quality"),
        ("greenhouse_models:Missing", "cannot be loaded: AttributeError"),
        ("greenhouse_models:Nothing", "no fields"),
    ],
)
@pytest.mark.usefixtures("own_models")
def test_what_is_no_model_is_refused(name: str, words: str) -> None:
    """Each way to fail is told."""
    with pytest.raises(ValueError, match=words):
        resolve(name, {})


@pytest.mark.parametrize("name", ["time", "", " ", "two\nlines"])
@pytest.mark.parametrize("part", ["tags", "fields"])
def test_names_that_cannot_be_stored_are_refused(part: str, name: str) -> None:
    """A tag or field cannot be called time, or nothing."""
    fields: dict[str, dict[str, object]] = {name: {}} if part == "fields" else {"moisture": {}}

    with pytest.raises(ValueError, match=r"time|name"):
        find("x", x={"fields": fields, "tags": [name] if part == "tags" else []})


def test_more_fields_than_can_be_shown_are_refused() -> None:
    """A measurement has a view with a column for each field, and those are bounded; a parent's fields count, too."""
    fields: dict[str, dict[str, object]] = {f"field{number}": {} for number in range(1_000)}
    assert len(find("x", x={"fields": fields}).shape.fields) == 1_000

    with pytest.raises(ValueError, match="has 1,001 fields, and can have 1,000"):
        find("y", x={"fields": fields}, y={"extends": "x", "fields": {"more": {}}})


def test_names_that_devices_use_are_accepted() -> None:
    """Names that are no names in Python, or names of pydantic, are fine."""
    names = ("pm2.5", "_id", "copy", "model_config", "Temp °C", "schema")
    found = find("x", x={"fields": {name: {} for name in names}})

    assert [field.name for field in found.shape.fields] == list(names)


def test_choices_and_defaults_of_tags_are_part_of_a_model() -> None:
    """A tag that has a default is never missing."""
    fields = {"state": {"type": "text", "choices": ["on", "off"]}}
    found = find("x", x={"tags": ["site", "row"], "tag_defaults": {"site": "north"}, "fields": fields})

    assert found.shape.fields == (FieldShape("state", Kind.TEXT, choices=("on", "off")),)
    assert found.tag_defaults == {"site": "north"}


def test_what_devices_send_in_other_units_is_converted() -> None:
    """The unit and the limits of the shape are those of what is stored."""
    fields = {
        "temperature": {"unit": "°C", "from_unit": "°F", "min": -40, "max": 85},
        "energy": {"unit": "kWh", "from_unit": "Wh"},
        "ph": {"unit": "pH", "from_unit": "pH"},
    }
    found = find("x", x={"fields": fields})

    assert found.shape.fields[0] == FieldShape("temperature", Kind.FLOAT, "°C", -40, 85)
    assert found.conversions == {"temperature": Conversion(5 / 9, -160 / 9), "energy": Conversion(0.001)}


def test_a_unit_that_cannot_be_converted_is_named_with_its_field() -> None:
    """One line with the field and both units."""
    words = "field outside: °F cannot become hPa: they do not measure the same"
    with pytest.raises(ValueError, match=words):
        find("x", x={"fields": {"outside": {"unit": "hPa", "from_unit": "°F"}}})


def test_a_model_has_what_it_extends() -> None:
    """What it says replaces what its parent says of the same name, in its place; what is new comes after that."""
    found = find(
        "mine",
        base={
            "extends": "climate",
            "tags": ["site"],
            "tag_defaults": {"site": "north", "rack": "r1"},
            "fields": {"humidity": {"unit": "fraction", "from_unit": "%", "max": 1}, "noise": {"unit": "dB"}},
        },
        mine={
            "extends": "base",
            "tags": ["row", "noise"],
            "tag_defaults": {"site": "south"},
            "fields": {"temperature": {"unit": "°C", "from_unit": "°F"}, "rack": {"type": "int"}},
        },
    )

    assert [tag.name for tag in found.shape.tags] == ["site", "row", "noise"]
    assert [field.name for field in found.shape.fields] == ["temperature", "humidity", "co2", "light", "rack"]
    assert found.shape.fields[0] == FieldShape("temperature", Kind.FLOAT, "°C")
    assert found.shape.fields[2] == Climate.shape.fields[2]
    assert found.conversions == {"temperature": Conversion(5 / 9, -160 / 9), "humidity": Conversion(0.01)}
    assert found.tag_defaults == {"site": "south"}


def test_a_field_that_replaces_a_converted_one_is_not_converted() -> None:
    """Nothing of the parent's field is left."""
    fields = {"t": {"unit": "°C", "from_unit": "°F"}}

    assert find("y", x={"fields": fields}, y={"extends": "x", "fields": {"t": {"unit": "°C"}}}).conversions == {}


def test_a_model_can_take_the_place_of_the_one_that_it_extends() -> None:
    """Under its own name stands the model of the catalog, so the measurement keeps its name."""
    found = find("climate", climate={"extends": "climate", "fields": {"noise": {"unit": "dB"}}})

    assert found.name == "climate"
    assert [field.name for field in found.shape.fields] == [*(field.name for field in Climate.shape.fields), "noise"]


def test_a_required_tag_with_a_default_is_never_missing(own_models: str) -> None:
    """The default makes up for what is not sent."""
    name = f"{own_models}:Pump"

    assert find("x", x={"extends": name}).shape.tags == (TagShape("hall", required=True),)
    assert find("x", x={"extends": name, "tag_defaults": {"hall": "h1"}}).shape.tags == (TagShape("hall"),)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"a": {"extends": "b"}, "b": {"extends": "c"}, "c": {"extends": "a"}}, "a extends b extends c extends a"),
        ({"a": {"extends": "a"}}, "no model is called a; there are air_pressure"),
        ({"a": {"extends": "b"}, "b": {"extends": "no"}}, "no model is called no"),
        (
            {"a": {"extends": "greenhouse_models:Rounded"}},
            "whose class has code of its own; extend the class in Python",
        ),
        ({"a": {"extends": "greenhouse_broken:Leaf"}}, "RuntimeError: no probe"),
        ({"a": {"extends": "climate", "tag_defaults": {"site": "x"}}}, "tag_defaults: site: no such tag"),
        ({"a": {"extends": "climate", "tag_defaults": {"rack": "x"}, "fields": {"rack": {}}}}, "rack: no such tag"),
    ],
)
@pytest.mark.usefixtures("own_models")
def test_what_cannot_be_extended_is_refused(models: dict[str, Any], words: str) -> None:
    """The names of a circle are told, and so is each other reason."""
    with pytest.raises(ValueError, match=words):
        find("a", **models)


def test_a_declared_model_costs_what_the_same_class_costs() -> None:
    """Both are one and the same validator of pydantic's core, and no code is asked; `bench/models.py` measures it."""
    field = {"unit": "°C", "min": -40, "max": 85, "required": True}
    declared, of_class = find("temp", temp={"tags": ["rack"], "fields": {"temperature": field}}), find("temperature")
    heir = find("heir", heir={"extends": "temperature", "tag_defaults": {"rack": "r1"}})

    assert declared.shape == of_class.shape == heir.shape
    assert declared.code is of_class.code is heir.code is None
    assert not {**declared.conversions, **of_class.conversions, **heir.conversions}


def test_all_that_is_wrong_is_told() -> None:
    """Also of entries that no route names; the others can be used."""
    specs = {"bad": {"fields": {"time": {}}}, "good": {"fields": {"x": {}}}, "heir": {"extends": "bad"}}
    models = Models({name: ModelSpec.model_validate(spec) for name, spec in specs.items()})

    assert [name for name, _ in models.problems()] == ["bad", "heir"]
    assert models.find("good") is models.find("good")
