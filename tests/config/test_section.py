"""What every part of the configuration is."""

import pytest
from pydantic import ValidationError

from ingestor.config import Section


class _Tank(Section):
    """A section for these tests."""

    name: str = ""
    full: bool = False
    litres: float = 0.0


def test_truth_stands_only_where_truth_is_asked() -> None:
    """YAML reads a bare on as true, which is neither a name nor a number."""
    assert _Tank.model_validate({"full": True}).full
    for key in ("name", "litres"):
        with pytest.raises(ValidationError, match="quote it for text"):
            _Tank.model_validate({key: True})


def test_it_is_frozen_and_knows_its_keys() -> None:
    """Nothing is added and nothing changed."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        _Tank.model_validate({"nme": "north"})
    with pytest.raises(ValidationError, match="frozen"):
        _Tank().name = "south"  # type: ignore[misc]
