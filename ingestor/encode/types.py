"""Which type each field is stored with: it never changes on its own, whatever the server would let through.

InfluxDB accepts another type in another week's shard and then shows only one of the two; SQLite accepts anything.
"""

from collections.abc import Mapping

from ingestor.ports import FieldType, Series

FieldKey = tuple[str, str, str]
"""Bucket, measurement, field."""

_REMEMBERED_SERIES = 65_536


class TypeRegistry:
    """The types of one store's fields. The first series that names a field settles its type.

    Args:
        known: What was registered before.
    """

    def __init__(self, known: Mapping[FieldKey, FieldType]) -> None:
        self._types = dict(known)
        self._new: dict[FieldKey, FieldType] = {}
        self._verdicts: dict[Series, Mapping[str, FieldType]] = {}

    def conflicts(self, series: Series) -> Mapping[str, FieldType]:
        """The fields of the series that are registered with another type, and that type; mostly none."""
        verdict = self._verdicts.get(series)
        if verdict is None:
            if len(self._verdicts) >= _REMEMBERED_SERIES:
                self._verdicts.clear()
            verdict = self._verdicts[series] = self._judge(series)
        return verdict

    def _judge(self, series: Series) -> Mapping[str, FieldType]:
        conflicts = {}
        for field, declared in series.types.items():
            key = (series.bucket, series.measurement, field)
            registered = self._types.get(key)
            if registered is None:
                self._types[key] = self._new[key] = declared
            elif registered != declared:
                conflicts[field] = registered
        return conflicts

    @property
    def unsaved(self) -> Mapping[FieldKey, FieldType]:
        """What was registered and is not on disk yet."""
        return self._new

    def saved(self) -> None:
        """All of `unsaved` is on disk."""
        self._new = {}
