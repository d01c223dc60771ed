"""Models that somebody wrote."""

import sys
from pathlib import Path
from typing import Final

import pytest

OWN_MODELS: Final = """
from pydantic import field_validator
from sensors import Measurement, Tag

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

class Pump(Measurement):
    hall: Tag
    running: bool

something = 5
"""


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of a user, with models and other things, and beside it one that cannot be imported."""
    (tmp_path / "greenhouse_models.py").write_text(OWN_MODELS)
    (tmp_path / "greenhouse_broken.py").write_text("raise RuntimeError('no probe')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("greenhouse_models", "greenhouse_broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "greenhouse_models"
