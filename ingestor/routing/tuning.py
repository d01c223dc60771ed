"""Values in the unit that is stored: converted from what devices send, and corrected by what is known of a device."""

from collections.abc import Mapping, Sequence

from ingestor.ports import Flaw
from ingestor.routing.units import Conversion
from ingestor.routing.wire import Values
from ingestor.routing.words import explain, shorten
from sensors import FieldShape


class Tuner:
    """Corrects the fields of readings and checks their range, which was left open until then.

    Args:
        fields: Those whose range is still open.
        corrections: How those of them are corrected that are.
    """

    __slots__ = ("_corrections", "_fields")

    def __init__(self, fields: Sequence[FieldShape], corrections: Mapping[str, Conversion]) -> None:
        self._fields = {field.name: field for field in fields}
        self._corrections = corrections

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
        for name, field in self._fields.items():
            value = values.get(name)
            if value is None:
                continue
            correction = self._corrections.get(name)
            tuned = value if correction is None else correction.of(value)
            if wrong := explain(field, tuned):
                del values[name]
                said = "" if correction is None else f" (sent as {value:.12g})"
                flaws.append(Flaw(0, wrong[0], shorten(wrong[1] + said), name))
            else:
                values[name] = tuned
        return flaws


def _one_after_the_other(first: Conversion | None, then: Conversion) -> Conversion:
    if first is None:
        return then
    return Conversion(first.factor * then.factor, first.offset * then.factor + then.offset)
