"""Units of what devices send."""

import subprocess
import sys

import pytest

from ingestor.routing.units import Conversion, Units


@pytest.fixture(scope="module")
def units() -> Units:
    """One for all tests here: the library takes a moment to load."""
    return Units()


def test_a_conversion_is_linear() -> None:
    """A factor, and an offset after it."""
    assert Conversion(2.0, 1.0).of(20) == 41.0
    assert Conversion(0.5).of(3) == 1.5


@pytest.mark.parametrize(
    ("sent", "value", "stored", "expected"),
    [
        ("°F", 68, "°C", 20),
        ("degF", -40, "°C", -40),
        ("℉", 212, "℃", 100),
        ("K", 273.15, "°C", 0),
        ("0.1 °C", 215, "°C", 21.5),
        ("Δ°F", 9, "Δ°C", 5),
        ("Δ°F", 9, "K", 5),
        ("°F/h", 9, "°C/h", 5),
        ("Wh", 1500, "kWh", 1.5),
        ("J", 3_600_000, "kWh", 1),
        ("psi", 14.503773773, "bar", 1),
        ("inHg", 29.92, "hPa", 1013.2074890),
        ("mbar", 1013, "hPa", 1013),
        ("mmHg", 1, "hPa", 1.33322387415),
        ("mph", 100, "m/s", 44.704),
        ("kn", 1, "km/h", 1.852),
        ("kt", 1, "km/h", 1.852),
        ("%", 55, "fraction", 0.55),
        ("fraction", 0.55, "%", 55),
        ("ppb", 420, "ppm", 0.42),
        ("ppm", 10_000, "%", 1),
        ("mg/m3", 1, "µg/m³", 1000),
        ("μg/m³", 1, "ug/m3", 1),
        ("klx", 1.5, "lx", 1500),
        ("fc", 1, "lx", 10.76391042),
        ("mS/cm", 1.5, "µS/cm", 1500),
        ("dS/m", 1, "mS/cm", 1),
        ("m³/h", 6, "L/min", 100),
        ("gpm", 1, "L/min", 3.785411784),
        ("cfm", 1, "m³/h", 1.69901080),
        ("in", 1, "mm", 25.4),
        ("umol/m2/s", 5, "µmol/(m²·s)", 5),
        ("mV", 3300, "V", 3.3),
        ("kvarh", 2, "varh", 2000),
        ("lb", 1, "kg", 0.45359237),
        ("d", 2, "h", 48),
        ("1/h", 7200, "1/s", 2),
        ("1/10 °C", 215, "°C", 21.5),
        ("rpm", 30, "rad/s", 3.14159265),
    ],
)
def test_units_are_told_as_people_write_them(
    units: Units, sent: str, value: float, stored: str, expected: float
) -> None:
    """Temperatures have an offset, their differences have none, and the rest is a factor."""
    conversion = units.conversion(sent, stored)

    assert conversion is not None
    assert conversion.of(value) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_factors_are_exact(units: Units) -> None:
    """No error is added up on the way."""
    assert units.conversion("°F", "°C") == Conversion(5 / 9, -160 / 9)
    assert units.conversion("Wh", "kWh") == Conversion(0.001)


@pytest.mark.parametrize("symbol", ["pH", "°C", "whatever"])
def test_what_is_the_same_is_not_converted(symbol: str) -> None:
    """And needs no library to say so."""
    assert Units().conversion(symbol, symbol) is None


@pytest.mark.parametrize(
    ("sent", "stored", "words"),
    [
        ("°F", "hPa", "°F cannot become hPa: they do not measure the same"),
        ("F", "°C", "F cannot become °C: they do not measure the same; a temperature is written °F"),
        ("Δ°F", "°C", "Δ°F cannot become °C"),
        ("pH", "mV", "pH cannot become mV"),
        ("ppm", "mg/m³", "they do not measure the same"),
        ("lx", "W/m²", "they do not measure the same"),
        ("rpm", "Hz", "they do not measure the same"),
        ("dBm", "mW", "dBm cannot become mW: that takes more than a factor and an offset"),
        ("kwh", "Wh", "kwh cannot become Wh: unit kwh is not known"),
        ("m", "smoot", "unit smoot is not known"),
        ("m/", "m", "unit m/ is not known"),
        ("(", "m", r"unit \( is not known"),
        ("°C²", "K", "unit °C² is not known"),
        ("0 m", "m", "unit 0 m is nothing"),
    ],
)
def test_what_cannot_be_converted_is_told(units: Units, sent: str, stored: str, words: str) -> None:
    """Both units are named; what looks alike and is not the same is no conversion."""
    with pytest.raises(ValueError, match=words):
        units.conversion(sent, stored)


def test_the_library_is_loaded_by_whoever_converts() -> None:
    """All others do not pay for it."""
    code = (
        "import sys; from ingestor.routing.units import Units; units = Units(); units.conversion('m', 'm');"
        "assert 'pint' not in sys.modules; units.conversion('m', 'km'); assert 'pint' in sys.modules"
    )

    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
