"""The weather services that a task can name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingestor.config import Provider
from ingestor.tasks.weather.openmeteo import OpenMeteo
from ingestor.tasks.weather.openweathermap import OpenWeatherMap
from ingestor.tasks.weather.provider import WeatherService

SERVICES: Final[Mapping[Provider, WeatherService]] = MappingProxyType(
    {"openweathermap": OpenWeatherMap(), "open-meteo": OpenMeteo()}
)
"""Name to service."""
