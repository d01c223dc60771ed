"""Which type each field is stored with: it never changes on its own, whatever the server would let through.

InfluxDB accepts another type in another week's shard and then shows only one of the two; SQLite accepts anything.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ingestor.ports import FieldType, Reason, Series

FieldKey = tuple[str, str, str]
"""Bucket, measurement, field."""

_REMEMBERED_BYTES = 16 * 2**20
_FIELD_BYTES = 400  # objects and their entries, without the text in them


class Registered(NamedTuple):
    """The type that a field is stored with; a person `pinned` it, or it was learned and may be learned anew."""

    type: FieldType
    pinned: bool = False


class Refusal(NamedTuple):
    """Why a field of a series cannot be stored."""

    reason: Reason
    detail: str


class Change(NamedTuple):
    """A field whose registered type gave way to that of the store."""

    key: FieldKey
    was: FieldType
    now: FieldType


class TypeRegistry:
    """The types of one store's fields: what the store holds already, or else what the first series says.

    Args:
        known: What was registered before.
        max_bytes: How much memory the names of all fields may take: where topics name measurements, strangers do.
    """

    def __init__(self, known: Mapping[FieldKey, Registered], *, max_bytes: int = 24 * 2**20) -> None:
        self._types = {key: registered.type for key, registered in known.items()}
        self._pinned = frozenset(key for key, registered in known.items() if registered.pinned)
        self._room_bytes = max_bytes - sum(map(_weigh, self._types))
        self._new: dict[FieldKey, FieldType] = {}
        self._verdicts: dict[Series, Mapping[str, Refusal]] = {}
        self._verdict_bytes = 0
        self._accepted: set[Series] = set()  # of those that have a verdict

    def refusals(self, series: Series) -> Mapping[str, Refusal]:
        """The fields of the series that cannot be stored as it declares them, and why; mostly none."""
        verdict = self._verdicts.get(series)
        if verdict is None:
            if self._verdict_bytes >= _REMEMBERED_BYTES:
                self._forget_verdicts()
            verdict = self._verdicts[series] = self._judge(series)
            self._verdict_bytes += series.weight
            if not verdict:
                self._accepted.add(series)
        return verdict

    def _judge(self, series: Series) -> Mapping[str, Refusal]:
        refusals = {}
        for field, declared in series.types.items():
            key = (series.bucket, series.measurement, field)
            registered = self._types.get(key)
            if registered is None:
                if not self._register(key, declared):
                    words = (
                        f"no room for {field} beside {len(self._types):,} other fields; do topics name measurements?"
                    )
                    refusals[field] = Refusal(Reason.REJECTED, words)
            elif registered != declared:
                words = f"{field} is {declared.value} here, but stored as {registered.value}"
                refusals[field] = Refusal(Reason.TYPE_CONFLICT, words)
        return refusals

    def _register(self, key: FieldKey, kind: FieldType) -> bool:
        """Remember the type of a field that is not registered, where there is room for it."""
        if not self._has_room_for(key):
            return False
        self._types[key] = self._new[key] = kind
        self._room_bytes -= _weigh(key)
        return True

    def _has_room_for(self, key: FieldKey) -> bool:
        return _weigh(key) <= self._room_bytes

    def _forget_verdicts(self) -> None:
        self._verdicts.clear()
        self._accepted.clear()
        self._verdict_bytes = 0

    def accepts(self, series: Collection[Series]) -> bool:
        """Whether all of these were judged before and nothing of them is refused: quick, for every batch."""
        return self._accepted.issuperset(series)

    def unsettled(self, series: Collection[Series]) -> AbstractSet[str]:
        """The buckets in which these series have a field that would be registered now, as they declare it."""
        if self.accepts(series):
            return frozenset()
        return {one.bucket for one in series if one not in self._verdicts and any(map(self._is_new, _keys(one)))}

    def _is_new(self, key: FieldKey) -> bool:
        return key not in self._types and self._has_room_for(key)

    def learn(
        self, bucket: str, held: Mapping[tuple[str, str], AbstractSet[FieldType]], wanted: Collection[Series]
    ) -> Sequence[Change]:
        """Take over what the store itself holds in a bucket.

        A registered type gives way where the store holds exactly one other, unless a person pinned it. Of what is not
        registered, only what is `wanted` is remembered: the answer may name a hundred thousand fields of others.

        Args:
            bucket: The bucket.
            held: The types there, by measurement and field.
            wanted: The series that are about to be written; those of other buckets do not matter.

        Returns:
            What gave way.
        """
        changes = []
        for (measurement, field), kinds in held.items():
            key = (bucket, measurement, field)
            registered = self._types.get(key)
            if registered is None or registered in kinds or len(kinds) != 1 or key in self._pinned:
                continue
            (kind,) = kinds
            self._types[key] = self._new[key] = kind
            changes.append(Change(key, registered, kind))
        if changes:
            self._forget_verdicts()
        for key in (key for one in wanted if one.bucket == bucket for key in _keys(one)):
            there = held.get(key[1:])
            if there and key not in self._types:
                self._register(key, FieldType.FLOAT if FieldType.FLOAT in there else min(there))
        return changes

    @property
    def unsaved(self) -> Mapping[FieldKey, FieldType]:
        """What was registered or learned anew and is not on disk yet."""
        return self._new

    def saved(self) -> None:
        """All of `unsaved` is on disk."""
        self._new = {}


def _keys(series: Series) -> Iterable[FieldKey]:
    return ((series.bucket, series.measurement, field) for field in series.types)


def _weigh(key: FieldKey) -> int:
    return _FIELD_BYTES + 4 * sum(map(len, key))
