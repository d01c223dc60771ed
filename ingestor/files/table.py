"""What all formats have in common: readings of one measurement, a column each. Pure."""

from collections.abc import Iterable, Sequence
from itertools import compress, repeat
from typing import NamedTuple

from ingestor.errors import IngestorError
from ingestor.ports import FieldType, Point, Series, Value

_MAX_SERIES = 20_000


class FileError(IngestorError):
    """A file cannot be read or written so."""


class Column(NamedTuple):
    """A field: its name, its type, and its unit where it has one."""

    name: str
    type: FieldType
    unit: str | None = None


class Layout(NamedTuple):
    """The columns of a file besides the time; a field and a tag may have the same name."""

    measurement: str
    tags: tuple[str, ...]
    fields: tuple[Column, ...]


class Block(NamedTuple):
    """Some readings, by column, in the order of a layout; None where a reading has no such tag or field."""

    times: Sequence[int]
    tags: Sequence[Sequence[str | None]]
    fields: Sequence[Sequence[Value | None]]

    def filled(self) -> "Block":
        """The readings that have a value."""
        kept = [any(value is not None for value in values) for values in zip(*self.fields, strict=True)]
        if all(kept):
            return self
        return Block(
            list(compress(self.times, kept)),
            [list(compress(values, kept)) for values in self.tags],
            [list(compress(values, kept)) for values in self.fields],
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """How many values each field has."""
        return tuple(len(values) - list(values).count(None) for values in self.fields)


class Reading(NamedTuple):
    """A reading of a file: the line (or row) where it stands, from 1, and that as it is written there."""

    at: int
    raw: str
    point: Point


class Unreadable(NamedTuple):
    """What stands at a line (or row) and cannot be stored, and why; with `fields` these alone, without, all of it."""

    at: int
    raw: str
    reason: str
    fields: tuple[str, ...] = ()


class SeriesBook:
    """Gives the same series for the same place and the same types, which stores and type registry remember.

    Args:
        bucket: Of all of them.
        units: Of the fields that have one.
    """

    def __init__(self, bucket: str, *, units: dict[str, str] | None = None) -> None:
        self._bucket = bucket
        self._units = units or {}
        self._series: dict[tuple[object, ...], Series] = {}

    def of(
        self, measurement: str, tags: tuple[tuple[str, str], ...], types: tuple[tuple[str, FieldType], ...]
    ) -> Series:
        """The series with these tags, and fields of these types."""
        key = (measurement, tags, types)
        found = self._series.get(key)
        if found is None:
            if len(self._series) >= _MAX_SERIES:
                self._series.clear()
            kinds = dict(types)
            units = {name: unit for name, unit in self._units.items() if name in kinds}
            found = self._series[key] = Series(self._bucket, measurement, dict(tags), types=kinds, units=units)
        return found


class BlockPoints:
    """Makes points of blocks of one layout.

    Args:
        layout: The columns.
        book: Where series come from.
    """

    def __init__(self, layout: Layout, book: SeriesBook) -> None:
        self._layout = layout
        self._book = book
        self._names = [field.name for field in layout.fields]
        self._types = tuple((field.name, field.type) for field in layout.fields)
        self._series: dict[tuple[str | None, ...], Series] = {}

    def points(self, block: Block) -> list[Point]:
        """The points of a block; readings without any value give none."""
        tags = zip(*block.tags, strict=True) if block.tags else repeat((), len(block.times))
        rows = zip(block.times, tags, zip(*block.fields, strict=True), strict=True)
        return [point for row in rows if (point := self.point(*row))]

    def point(self, time_ns: int, tags: tuple[str | None, ...], values: Iterable[Value | None]) -> Point | None:
        """The point of one reading; None where it has no value."""
        fields = {name: value for name, value in zip(self._names, values, strict=True) if value is not None}
        return Point(self._series.get(tags) or self._remember(tags), time_ns, fields) if fields else None

    def _remember(self, key: tuple[str | None, ...]) -> Series:
        tags = ((name, value) for name, value in zip(self._layout.tags, key, strict=True) if value)
        if len(self._series) >= _MAX_SERIES:
            self._series.clear()
        found = self._series[key] = self._book.of(self._layout.measurement, tuple(tags), self._types)
        return found


def block_of(layout: Layout, rows: Sequence[Sequence[Value | None]]) -> Block:
    """A block of rows of time, tags and fields, in the order of the layout."""
    if not rows:
        return Block([], [[] for _ in layout.tags], [[] for _ in layout.fields])
    times, *columns = map(list, zip(*rows, strict=True))
    width = len(layout.tags)
    return Block(times, columns[:width], columns[width:])
