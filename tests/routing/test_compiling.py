"""From the rows of `routes` to routes."""

from typing import Any

import pytest

from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.routing import RoutingTable

HOME = {"discovery": "homeassistant", "bucket": "Home"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"preset": "shely", "bucket": "B"}, "no preset is called shely"),
        ({"topic": "{rack}/status", "state": {}, "device": "{shelf}"}, "{shelf} is not a level"),
        ({"topic": "{rack}/status", "state": {"path": "a..b"}, "device": "{rack}"}, "is no path"),
        (HOME | {"prefix": "+/ha"}, "the first levels of topics as they are"),
        (HOME | {"prefix": "{site}"}, "the first levels of topics as they are"),
        (HOME | {"bucket": "{device}"}, "{device} is nothing that an announcement tells"),
        (HOME | {"device": "{rack}"}, "{rack} is nothing that an announcement tells"),
    ],
)
def test_rows_that_cannot_work_are_refused(row: dict[str, Any], words: str) -> None:
    """At start, with their place."""
    with pytest.raises(ConfigError, match=words):
        RoutingTable(Config.model_validate({"routes": [row]}))
