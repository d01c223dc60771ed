"""Families of devices that are taken in by routes and models alone, as somebody would write them."""

from typing import Any

import pytest

from tests.routing.samples import Outcome, samples

SAMPLES = samples("routes")


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_a_family_is_taken_in_by_routes(name: str, sample: dict[str, Any]) -> None:
    """What its documentation shows becomes the points that it means, with their units and times."""
    assert sample["source"], name
    assert Outcome.found(sample)._asdict() == Outcome.expected(sample)._asdict()


def test_there_are_families_that_no_preset_knows() -> None:
    """Enough of them, and of every kind: bare values, nested objects, units and times of devices."""
    rows = [row for _, sample in SAMPLES for row in sample["routes"]]

    assert len(SAMPLES) >= 8
    assert any(row.get("format") == "value" for row in rows)
    assert any("each" in row for row in rows)
    assert {row["time"]["unit"] for row in rows if "time" in row} >= {"s", "ms", "iso"}
