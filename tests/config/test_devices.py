"""Rows of `devices`."""

from typing import Any

import pytest
from pydantic import ValidationError

from ingestor.config import Calibration, Config, Device, Section


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        (Device, {"id": "a", "interval": "0s"}, "greater than 0"),
        (Device, {"id": "a", "from": "2026-11-24T12:00:00"}, "timezone"),
        (Calibration, {"factor": 0}, "would be the same"),
        (Device, {"id": "a", "from": "2026-11-24T12:00:00Z", "until": "2026-11-24T12:00:00Z"}, "not after from"),
        (Config, {"devices": [{"id": "a"}, {"id": "a", "from": "2026-11-24T12:00:00Z"}]}, "two rows of device a"),
    ],
)
def test_what_cannot_be_meant_is_refused(section: type[Section], values: dict[str, Any], words: str) -> None:
    """In words that say what may be."""
    with pytest.raises(ValidationError, match=words):
        section.model_validate(values)


def test_a_device_may_have_a_row_for_each_time() -> None:
    """One row ends when the next begins."""
    noon = "2026-11-24T12:00:00+08:00"
    rows = [{"id": "a", "until": noon}, {"id": "b"}, {"id": "a", "from": noon}]

    assert len(Config.model_validate({"devices": rows}).devices) == 3
