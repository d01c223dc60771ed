"""A store in memory: for tests, benchmarks and trying things out. It can be told to fail."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import Self

from ingestor.ports import FieldType, Point, Rejection, Value, type_of_value

Key = tuple[str, str, tuple[tuple[str, str], ...], int]
"""Bucket, measurement, tags, time."""


class MemoryStore:
    """Keeps points in a dictionary, merged by key as real stores do.

    Attributes:
        points: The fields of every point stored.
        answer: Called with each batch before it is stored; may raise a `StoreError`, or return rejections.
        writes: How many batches were tried.
    """

    def __init__(self, answer: Callable[[Sequence[Point]], Sequence[Rejection]] | None = None) -> None:
        self.points: dict[Key, dict[str, Value]] = {}
        self.answer = answer
        self.writes = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to let go of: the points stay readable."""

    async def write(self, points: Sequence[Point]) -> Sequence[Rejection]:
        """Store what `answer` does not refuse."""
        self.writes += 1
        rejections = self.answer(points) if self.answer else ()
        refused = {rejection.at: rejection.fields for rejection in rejections}
        for at, (series, time_ns, fields) in enumerate(points):
            left_out = refused.get(at)
            if left_out != ():
                kept = {name: value for name, value in fields.items() if name not in (left_out or ())}
                self.points.setdefault((series.bucket, series.measurement, series.tags, time_ns), {}).update(kept)
        return rejections

    async def delete(self, points: Sequence[Point]) -> None:
        """Forget what is there of these points."""
        for series, time_ns, _ in points:
            self.points.pop((series.bucket, series.measurement, series.tags, time_ns), None)

    async def check(self, buckets: Sequence[str]) -> Sequence[str]:  # noqa: ARG002 - the port's signature
        """Nothing keeps buckets from being written."""
        return ()

    async def field_types(self, bucket: str) -> Mapping[tuple[str, str], AbstractSet[FieldType]]:
        """The types of the values that are there."""
        found: dict[tuple[str, str], set[FieldType]] = {}
        for (of, measurement, _, _), fields in self.points.items():
            if of == bucket:
                for name, value in fields.items():
                    found.setdefault((measurement, name), set()).add(type_of_value[type(value)])
        return found
