"""ESPHome: what its documentation and its own code show is in `tests/data`; here is what else may come."""

from contextlib import suppress
from math import inf, nan

import pytest
from hypothesis import given

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.esphome import ESPHOME, read_event, read_light, read_value, read_words
from tests.routing.helpers import JSON


@pytest.mark.parametrize(
    ("value", "readings"),
    [(nan, []), ("None", []), (21.5, [{"value": 21.5}]), (inf, [{"value": inf}]), ("none", [{"value": "none"}])],
)
def test_only_what_means_nothing_is_no_reading(value: object, readings: list[object]) -> None:
    """Anything else is for the model to judge."""
    assert read_value({"value": value}) == readings


def test_a_light_that_is_neither_on_nor_off_is_left_for_the_model_to_judge() -> None:
    """And one that does not say is not made to."""
    assert read_light({"state": "TOGGLE"}) == [{"state": "TOGGLE"}]
    assert read_light({"color": {"r": 1}}) == [{"color.r": 1}]


def test_each_kind_of_entity_is_a_measurement() -> None:
    """Whose fields are those of all its topics, each of one type."""
    fields: dict[tuple[str, str], set[object]] = {}
    for source in ESPHOME.sources:
        for field in source.model.shape.fields:
            fields.setdefault((source.model.name, field.name), set()).add(field.kind)

    assert all(len(kinds) == 1 for kinds in fields.values())
    assert ("esphome_climate", "current_temperature") in fields


@given(JSON)
def test_whatever_comes_is_read_or_refused_in_words(payload: object) -> None:
    """Nothing else is raised."""
    for read in (read_value, read_words, read_light, read_event):
        with suppress(UnreadableError):
            assert all(isinstance(reading, dict) for reading in read(payload))
