"""What a reading is. Needs pydantic alone, so that a device can use it as well as the service."""

from sensors.measurement import Measurement
from sensors.shape import FieldShape, Kind, Range, Shape, Tag, TagShape, Unit

__all__ = ["FieldShape", "Kind", "Measurement", "Range", "Shape", "Tag", "TagShape", "Unit"]
