"""The services that a task can name."""

from typing import get_args

from ingestor.config import Provider
from ingestor.routing.weather.rows import UNPACKS
from ingestor.tasks.weather.catalog import SERVICES


def test_what_can_be_configured_can_be_asked_and_read() -> None:
    """Configuration, questions and answers know the same services."""
    assert set(SERVICES) == set(get_args(Provider)) == {provider for provider, _ in UNPACKS}
