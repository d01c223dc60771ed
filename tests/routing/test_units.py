"""Units of what devices send."""

from ingestor.routing.units import Conversion


def test_a_conversion_is_linear() -> None:
    """A factor, and an offset after it."""
    assert Conversion(2.0, 1.0).of(20) == 41.0
    assert Conversion(0.5).of(3) == 1.5
