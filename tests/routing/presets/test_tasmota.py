"""Tasmota: what its documentation shows is in `tests/data`; here is what else may come."""

from contextlib import suppress

import pytest
from hypothesis import given

from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.tasmota import read_sensor, read_state
from tests.routing.helpers import JSON


def test_what_is_measured_in_a_unit_that_is_not_known_is_not_stored_as_another() -> None:
    """It keeps the device's own name, which no field has."""
    payload = {"BME280": {"Temperature": 300, "Pressure": 100, "Humidity": 50}, "TempUnit": "K", "PressureUnit": "kPa"}

    assert read_sensor(payload) == [
        {"sensor": "BME280", "Temperature": 300, "Pressure": 100, "humidity": 50, "time": None}
    ]


def test_pressure_in_inches_of_mercury_becomes_hectopascals() -> None:
    """As with SetOption139."""
    (reading,) = read_sensor({"BMP280": {"Pressure": 29.92}, "PressureUnit": "inHg"})

    assert reading["pressure"] == pytest.approx(1013.207, abs=0.001)


def test_what_is_no_number_is_left_for_the_model_to_judge() -> None:
    """Conversions do not fail on it."""
    (reading,) = read_sensor({"BME280": {"Temperature": "21", "Pressure": True}, "TempUnit": "F", "PressureUnit": 5})

    assert (reading["temperature"], reading["Pressure"]) == ("21", True)


def test_long_lists_are_no_channels() -> None:
    """There are at most eight phases; what else is a list stays one."""
    (reading,) = read_sensor({"IR": {"Humidity": 5, "RawData": list(range(100))}})

    assert len(reading["RawData"]) == 100


@given(JSON)
def test_whatever_comes_is_read_or_refused_in_words(payload: object) -> None:
    """Nothing else is raised."""
    for read in (read_sensor, read_state):
        with suppress(UnreadableError):
            assert all(isinstance(reading, dict) for reading in read(payload))
