"""What a weather service has to be."""

from ingestor.tasks.weather.catalog import SERVICES
from ingestor.tasks.weather.provider import Ask, WeatherService


def test_each_service_is_one() -> None:
    """It knows its address and how it complains."""
    for service in SERVICES.values():
        known: WeatherService = service
        assert known.address.startswith("https://")
        assert known.complaint


def test_a_question_is_compared_by_what_it_asks() -> None:
    """Path and parameters."""
    assert Ask("/a", {"b": "c"}) == Ask("/a", {"b": "c"})
