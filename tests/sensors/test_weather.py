"""Observations of the weather."""

from ingestor.routing.wire import reader_of
from sensors.testing import check_model
from sensors.weather import Weather


def test_what_devices_tell_is_a_reading() -> None:
    """Within the ranges, beyond which nothing is taken; truth is told as such."""
    check_model(
        Weather,
        samples=[
            {
                "temperature": 31.2,
                "dew_point": 25.1,
                "humidity": 70,
                "pressure": 1009.5,
                "wind_speed": 3.4,
                "wind_gust": 8.1,
                "wind_direction": 225,
                "rain": 0.2,
                "rain_rate": 2.4,
                "cloud_cover": 75,
                "visibility": 10_000,
                "uv_index": 6.5,
                "solar_radiation": 640,
                "rack": "roof",
            }
        ],
        refused=[{"rack": "roof"}],
        reader_of=reader_of,
    )
