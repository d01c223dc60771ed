"""Which type each field is stored with: it never changes on its own, whatever the server would let through.

InfluxDB accepts another type in another week's shard and then shows only one of the two; SQLite accepts anything.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ingestor.ports import FieldType, Reason, Series

FieldKey = tuple[str, str, str]
"""Bucket, measurement, field."""

_REMEMBERED_SERIES = 65_536
_MAX_FIELDS = 50_000  # about 20 MiB of names; only measurements named by topics can become so many


class Refusal(NamedTuple):
    """Why a field of a series cannot be stored."""

    reason: Reason
    detail: str


class TypeRegistry:
    """The types of one store's fields. The first series that names a field settles its type.

    Args:
        known: What was registered before.
        max_fields: How many fields there may be in all, whatever names topics invent.
    """

    def __init__(self, known: Mapping[FieldKey, FieldType], *, max_fields: int = _MAX_FIELDS) -> None:
        self._types = dict(known)
        self._max_fields = max_fields
        self._new: dict[FieldKey, FieldType] = {}
        self._verdicts: dict[Series, Mapping[str, Refusal]] = {}

    def refusals(self, series: Series) -> Mapping[str, Refusal]:
        """The fields of the series that cannot be stored as it declares them, and why; mostly none."""
        verdict = self._verdicts.get(series)
        if verdict is None:
            if len(self._verdicts) >= _REMEMBERED_SERIES:
                self._verdicts.clear()
            verdict = self._verdicts[series] = self._judge(series)
        return verdict

    def _judge(self, series: Series) -> Mapping[str, Refusal]:
        refusals = {}
        for field, declared in series.types.items():
            key = (series.bucket, series.measurement, field)
            registered = self._types.get(key)
            if registered is None and len(self._types) < self._max_fields:
                self._types[key] = self._new[key] = declared
            elif registered is None:
                words = f"{field} would be one field more than the {self._max_fields:,} that a store may have"
                refusals[field] = Refusal(Reason.REJECTED, words)
            elif registered != declared:
                words = f"{field} is {declared.value} here, but stored as {registered.value}"
                refusals[field] = Refusal(Reason.TYPE_CONFLICT, words)
        return refusals

    @property
    def unsaved(self) -> Mapping[FieldKey, FieldType]:
        """What was registered and is not on disk yet."""
        return self._new

    def saved(self) -> None:
        """All of `unsaved` is on disk."""
        self._new = {}
