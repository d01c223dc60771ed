"""Values in the unit that is stored: converted from what devices send, and corrected by what is known of a device."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from ingestor.ports import Flaw
from ingestor.routing.units import Conversion
from ingestor.routing.wire import Values
from ingestor.routing.words import explain, shorten
from sensors import FieldShape, Kind

_NOTHING: Final = Conversion(1.0)
_LARGEST: Final = sys.float_info.max


class Tuner:
    """Corrects the fields of readings and checks their range, which was left open until then.

    Args:
        fields: Those whose range is still open.
        corrections: How those of them are corrected that are.
    """

    __slots__ = ("_corrections", "_fields", "_steps")

    def __init__(self, fields: Sequence[FieldShape], corrections: Mapping[str, Conversion]) -> None:
        self._fields = {field.name: field for field in fields}
        self._corrections = corrections
        self._steps = [(field, corrections.get(field.name, _NOTHING), *_limits(field)) for field in fields]

    def with_calibration(self, calibration: Mapping[str, Conversion]) -> "Tuner":
        """The same, with what a device needs after it."""
        both = {
            name: _one_after_the_other(self._corrections.get(name), after)
            for name, after in calibration.items()
            if name in self._fields
        }
        return Tuner(tuple(self._fields.values()), {**self._corrections, **both})

    def tune(self, values: Values) -> Sequence[Flaw]:
        """Correct the values in place; those that come out of their range are taken out, and told."""
        flaws: list[Flaw] = []
        for field, (factor, offset), low, high in self._steps:
            name = field.name
            value = values.get(name)
            if value is None:
                continue
            tuned = values[name] = value if name not in self._corrections else value * factor + offset
            if low is not None and low <= tuned <= high:
                continue  # nearly all, and much quicker than the words for it
            if wrong := explain(field, tuned):
                del values[name]
                said = f" (sent as {value:.12g})" if name in self._corrections else ""
                flaws.append(Flaw(0, wrong[0], shorten(wrong[1] + said), name))
        return flaws


def _limits(field: FieldShape) -> tuple[float, float] | tuple[None, None]:
    """Between which a value is right, whatever else is said of the field; none where that has to be looked at."""
    if field.kind is not Kind.FLOAT:
        return None, None
    return -_LARGEST if field.low is None else field.low, _LARGEST if field.high is None else field.high


def _one_after_the_other(first: Conversion | None, then: Conversion) -> Conversion:
    if first is None:
        return then
    return Conversion(first.factor * then.factor, first.offset * then.factor + then.offset)
