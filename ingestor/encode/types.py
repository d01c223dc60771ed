"""Which type each field is stored with: it never changes on its own, whatever the server would let through.

InfluxDB accepts another type in another week's shard and then shows only one of the two; SQLite accepts anything.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ingestor.ports import FieldType, Reason, Series

FieldKey = tuple[str, str, str]
"""Bucket, measurement, field."""

_REMEMBERED_BYTES = 16 * 2**20
_FIELD_BYTES = 400  # objects and their entries, without the text in them


class Refusal(NamedTuple):
    """Why a field of a series cannot be stored."""

    reason: Reason
    detail: str


class TypeRegistry:
    """The types of one store's fields. The first series that names a field settles its type.

    Args:
        known: What was registered before.
        max_bytes: How much memory the names of all fields may take: where topics name measurements, strangers do.
    """

    def __init__(self, known: Mapping[FieldKey, FieldType], *, max_bytes: int = 24 * 2**20) -> None:
        self._types = dict(known)
        self._room_bytes = max_bytes - sum(map(_weigh, self._types))
        self._new: dict[FieldKey, FieldType] = {}
        self._verdicts: dict[Series, Mapping[str, Refusal]] = {}
        self._verdict_bytes = 0

    def refusals(self, series: Series) -> Mapping[str, Refusal]:
        """The fields of the series that cannot be stored as it declares them, and why; mostly none."""
        verdict = self._verdicts.get(series)
        if verdict is None:
            if self._verdict_bytes >= _REMEMBERED_BYTES:
                self._verdicts.clear()
                self._verdict_bytes = 0
            verdict = self._verdicts[series] = self._judge(series)
            self._verdict_bytes += series.weight
        return verdict

    def _judge(self, series: Series) -> Mapping[str, Refusal]:
        refusals = {}
        for field, declared in series.types.items():
            key = (series.bucket, series.measurement, field)
            registered = self._types.get(key)
            if registered is None and _weigh(key) <= self._room_bytes:
                self._types[key] = self._new[key] = declared
                self._room_bytes -= _weigh(key)
            elif registered is None:
                words = f"no room for {field} beside {len(self._types):,} other fields; do topics name measurements?"
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


def _weigh(key: FieldKey) -> int:
    return _FIELD_BYTES + 4 * sum(map(len, key))
