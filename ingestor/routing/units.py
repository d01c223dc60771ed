"""Units of what devices send, and how they become those that are stored: worked out at start, linear only."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import pint

_SPELLINGS: Final[Mapping[str, str]] = {
    "℃": "°C",
    "℉": "°F",
    "%RH": "%",
    "% RH": "%",
    "fraction": "dimensionless",
    "ratio": "dimensionless",
    "ppb": "ppm/1000",
    "Torr": "torr",
    "var": "VA",
    "VAr": "VA",
    "kvar": "kVA",
    "kVAr": "kVA",
    "VAh": "VA*hour",
    "kVAh": "kVA*hour",
    "varh": "VA*hour",
    "kvarh": "kVA*hour",
    "gpm": "gallon/minute",
    "cfm": "ft**3/minute",
    "fc": "lumen/ft**2",
    "kt": "knot",
    "kts": "knot",
}
"""Symbols that people write and pint does not know, or takes for something else: `cfm` is no centifemtometre."""
_NUMBER: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?(?:/\d{1,9})?)\s*(?![\d.*/])")
_POWER: Final = re.compile(r"(?<=[a-zA-Z])([23])(?!\w)")
_DEGREES: Final = re.compile(r"(?:delta_|Δ)?(?:°|deg)(?=[CF]\b)")
_TEMPERATURES: Final = {"°C", "degC", "°F", "degF"}
_MEANT: Final = {"C": "°C", "F": "°F"}


class Conversion(NamedTuple):
    """What is sent becomes what is stored: `value * factor + offset`."""

    factor: float
    offset: float = 0.0

    def of(self, value: float) -> float:
        """The value in the unit that is stored."""
        return value * self.factor + self.offset


class Units:
    """Works out conversions; the library of units is loaded when the first is asked for, and takes 0.4 s."""

    def __init__(self) -> None:
        self._registry: pint.UnitRegistry[Any] | None = None

    def conversion(self, sent: str, stored: str) -> Conversion | None:
        """How a number in the unit `sent` becomes one in the unit `stored`; None where it stays as it is.

        `°C`, `°F` and `K` are temperatures; with a `Δ` before them, or as a part of a unit (`°F/h`), differences.
        Units of the same dimensions but for angles are not the same: 60 rpm are 1 Hz for one, and 6.3 for another.

        Raises:
            ValueError: One of them is not known, they do not measure the same, or it takes more than a factor and
                an offset.
        """
        if sent == stored:
            return None
        try:
            return _conversion(self._unit(sent), self._unit(stored))
        except ValueError as error:
            raise ValueError(f"{sent} cannot become {stored}: {error}{_hint(sent, stored)}") from error

    def _unit(self, symbol: str) -> "_Unit":
        if self._registry is None:
            import pint  # noqa: PLC0415 - half a second and 27 MiB, for those who convert something

            self._registry = pint.UnitRegistry(non_int_type=Fraction)  # exact: 5/9, not 0.5555555555555571
        number = _NUMBER.match(symbol)
        plain = _spell(symbol[number.end() :] if number else symbol)
        try:
            found: pint.Quantity[Any] = self._registry.Quantity(self._registry.parse_expression(plain))
            kind = self._registry.get_root_units(found.units)[1]
            scale = Fraction(found.magnitude) * Fraction(number[1] if number else 1)
            one = self._registry.Quantity(Fraction(1), found.units)
        except Exception as error:  # pint says in a dozen ways that it cannot read something
            raise ValueError(f"unit {symbol} is not known") from error
        if not scale:
            raise ValueError(f"unit {symbol} is nothing")
        return _Unit(one, scale, kind, is_temperature=plain in _TEMPERATURES, is_difference="delta_" in plain)


class _Unit(NamedTuple):
    """What a symbol means: so many (`scale`) of `one`. Units of the same `kind` measure the same."""

    one: "pint.Quantity[Any]"
    scale: Fraction
    kind: "pint.Unit"
    is_temperature: bool
    is_difference: bool


def _conversion(sent: _Unit, stored: _Unit) -> Conversion:
    if sent.kind != stored.kind or (sent.is_difference and stored.is_temperature):
        raise ValueError("they do not measure the same")
    try:
        offset = _become(0, sent, stored)
        factor = _become(1, sent, stored) - offset
    except TypeError as error:  # no exact way there: a logarithm
        raise ValueError("that takes more than a factor and an offset") from error
    return Conversion(float(factor), float(offset))


def _become(value: int, sent: _Unit, stored: _Unit) -> Fraction:
    return Fraction(type(sent.one)(value * sent.scale, sent.one.units).to(stored.one.units).magnitude) / stored.scale


def _spell(symbol: str) -> str:
    """A symbol as pint reads it."""
    plain = symbol.strip()
    plain = _SPELLINGS.get(plain, plain).replace("·", "*")
    if plain not in _TEMPERATURES:
        plain = _DEGREES.sub("delta_deg", plain)
    return _POWER.sub(r"**\1", plain)


def _hint(*symbols: str) -> str:
    meant = [_MEANT[symbol] for symbol in symbols if symbol in _MEANT]
    return f"; a temperature is written {' and '.join(meant)}" if meant else ""
