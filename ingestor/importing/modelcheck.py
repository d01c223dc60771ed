"""Validates points through a model, as routes do with what devices send. Pure."""

from typing import NamedTuple

from pydantic import ValidationError

from ingestor.files.table import SeriesBook
from ingestor.ports import FieldType, Point
from ingestor.routing.mending import Mender
from ingestor.routing.models import Model
from ingestor.routing.wire import CodeWire, PlainWire, Values, Wire


class Checked(NamedTuple):
    """What is left of a point, None where nothing is; and what was wrong with it, by field or with all of it."""

    point: Point | None
    why: str = ""
    fields: tuple[str, ...] = ()


class ModelCheck:
    """Checks points of any measurement against one model.

    Tags that the model does not know stay; fields that it does not know are left out.

    Args:
        model: What a reading has to look like.
        bucket: Where the points go.
    """

    def __init__(self, model: Model, bucket: str) -> None:
        plain = PlainWire(model)
        self._wire: Wire = plain
        if model.code is not None:
            self._wire = CodeWire(model.code, plain=plain, captured={}, also=None)
        self._mender = Mender(model, filled=frozenset(), also=None, keep_rest=True)
        self._tags = frozenset(tag.name for tag in model.shape.tags)
        self._names = frozenset(field.name for field in model.shape.fields)
        self.types = {field.name: FieldType(field.kind.value) for field in model.shape.fields}
        self._types = tuple(self.types.items())
        units = {field.name: field.unit for field in model.shape.fields if field.unit}
        self._book = SeriesBook(bucket, units=units)

    def check(self, point: Point) -> Checked:
        """The point as the model has it, and what was wrong."""
        raw: Values = {**{name: tag for name, tag in point.series.tags if name in self._tags}, **point.fields}
        try:
            return self._whole(point, raw) or self._mended(point, raw)
        except Exception as error:  # noqa: BLE001 - code of the model's author may raise anything
            return Checked(None, f"the model's own code failed: {type(error).__name__}: {error}")

    def _whole(self, point: Point, raw: Values) -> Checked | None:
        try:
            left = self._point(point, self._wire.read(raw))
        except ValidationError:
            return None
        return Checked(left) if left else None

    def _mended(self, point: Point, raw: Values) -> Checked:
        values, flaws = self._mender.mend(self._wire, raw)
        why = "; ".join(flaw.detail for flaw in flaws)
        left = None if values is None else self._point(point, values)
        return Checked(left, why, tuple(flaw.field for flaw in flaws if flaw.field) if left else ())

    def _point(self, point: Point, values: Values) -> Point | None:
        fields = {
            name: float(value) if self.types[name] is FieldType.FLOAT else value
            for name, value in values.items()
            if name in self._names and value is not None
        }
        series = self._book.of(point.series.measurement, point.series.tags, self._types)
        return Point(series, point.time_ns, fields) if fields else None
