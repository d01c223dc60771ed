"""Units of what devices send, and how they become those that are stored: worked out at start, linear only."""

from typing import NamedTuple


class Conversion(NamedTuple):
    """What is sent becomes what is stored: `value * factor + offset`."""

    factor: float
    offset: float = 0.0

    def of(self, value: float) -> float:
        """The value in the unit that is stored."""
        return value * self.factor + self.offset
