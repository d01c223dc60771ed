"""Families of devices whose payloads a preset takes in, as their own documentation shows them."""

from typing import Any

import pytest

from ingestor.routing.presets.catalog import CATALOG
from tests.routing.samples import Outcome, samples

SAMPLES = samples("presets")


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[f"{name}: {sample['source']}" for name, sample in SAMPLES])
def test_a_family_is_taken_in_by_its_preset(name: str, sample: dict[str, Any]) -> None:
    """What its documentation shows becomes the points that it means, with their units and times."""
    assert Outcome.found(sample, preset=name)._asdict() == Outcome.expected(sample)._asdict()


def test_every_family_has_samples() -> None:
    """Each is shown to work with payloads that are not our own idea of it."""
    assert {name for name, _ in SAMPLES} == set(CATALOG)
