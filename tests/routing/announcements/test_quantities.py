"""What is physically possible."""

import pytest

from ingestor.routing.announcements.quantities import ANYTHING, guess, limits


@pytest.mark.parametrize(
    ("device_class", "unit", "expected"),
    [
        ("temperature", "°C", (-273.15, None)),
        ("temperature", "°F", (-459.67, None)),
        ("temperature", "?", ANYTHING),
        ("temperature_delta", "°C", ANYTHING),
        ("humidity", "%", (0.0, 100.0)),
        ("moisture", "g/m³", (0.0, None)),
        ("carbon_dioxide", "ppm", (0.0, None)),
        ("power", "W", ANYTHING),
        ("", None, ANYTHING),
    ],
)
def test_a_device_class_has_limits(device_class: str, unit: str | None, expected: tuple[float, float]) -> None:
    """In the unit that is told; a class that says nothing of its values has none."""
    assert limits(device_class, unit) == expected


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("temperature", "°C"),
        ("soil_temperature", "°C"),
        ("temp_f", "°F"),
        ("tempC", "°C"),
        ("humidity", "%"),
        ("battery_level", "%"),
        ("batteryPercent", "%"),
        ("co2", "ppm"),
        ("pm2.5", "µg/m³"),
        ("rssi", "dBm"),
    ],
)
def test_a_name_lets_one_suppose_a_unit(name: str, unit: str) -> None:
    """However it is spelt."""
    found = guess(name)

    assert found is not None
    assert found.unit == unit


@pytest.mark.parametrize("name", ["value", "state", "temporary", "pressed", "alphabet", "", "x" * 10_000])
def test_most_names_say_nothing(name: str) -> None:
    """Nothing is supposed then."""
    assert guess(name) is None
