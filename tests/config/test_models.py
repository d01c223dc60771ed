"""Entries of `models`."""

from typing import Any

import pytest
from pydantic import ValidationError

from ingestor.config import FieldSpec, ModelSpec, Section


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        (ModelSpec, {"tags": ["a"], "tag_defaults": {"b": "c"}, "fields": {"x": {}}}, "b: no such tag"),
        (ModelSpec, {"tags": ["a"], "tag_defaults": {"a": "x\ny"}, "fields": {"x": {}}}, "in one line"),
        (FieldSpec, {"type": "int", "unit": "kWh", "from_unit": "Wh"}, "type float are converted"),
        (FieldSpec, {"from_unit": "Wh"}, "needs unit"),
        (FieldSpec, {"choices": ["a"]}, "choices are for text"),
        (FieldSpec, {"type": "int", "choices": ["a"]}, "not all of them are of type int"),
        (FieldSpec, {"type": "text", "choices": [True]}, "like on or 12, in quotes"),
        (FieldSpec, {"type": "text", "min": 1}, "for numbers"),
        (FieldSpec, {"min": 2, "max": 1}, "max is less than min"),
        (FieldSpec, {"min": float("nan")}, "finite"),
        (FieldSpec, {"min": True}, "true or false"),
        (ModelSpec, {"fields": {}}, "at least 1"),
        (ModelSpec, {"tags": ["a"], "fields": {"a": {}}}, "cannot share a name"),
    ],
)
def test_what_cannot_be_meant_is_refused(section: type[Section], values: dict[str, Any], words: str) -> None:
    """In words that say what may be."""
    with pytest.raises(ValidationError, match=words):
        section.model_validate(values)


def test_a_model_that_extends_another_needs_no_field_of_its_own() -> None:
    """It may give defaults to tags that the other has."""
    spec = ModelSpec.model_validate({"extends": "climate", "tag_defaults": {"rack": "rack1"}})

    assert (spec.fields, spec.tag_defaults) == ({}, {"rack": "rack1"})
