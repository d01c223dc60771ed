"""What has to be done so that a store has the buckets that were declared; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ingestor.ports import BucketInfo


class Action(NamedTuple):
    """One bucket to be made, or to be changed where there is one `before`.

    Attributes:
        bucket: How it is to be.
        before: How it is; None where there is none.
    """

    bucket: BucketInfo
    before: BucketInfo | None = None

    @property
    def deletes(self) -> bool:
        """Whether the store would delete points for it: those that are older than the new, shorter retention."""
        return self.before is not None and _longest(self.bucket) < _longest(self.before)


class Plan(NamedTuple):
    """All that is to be done with one store, and what is left alone.

    Attributes:
        actions: In the order of the declaration.
        equal: Names of buckets that are as they should be.
        undeclared: Names of buckets that are there, and that nobody declared.
    """

    actions: Sequence[Action]
    equal: Sequence[str]
    undeclared: Sequence[str]


def plan(wanted: Iterable[BucketInfo], existing: Iterable[BucketInfo]) -> Plan:
    """Compare what should be there with what is; retentions to the second, as stores keep them.

    A description counts where the store keeps any.
    """
    there: Mapping[str, BucketInfo] = {bucket.name: bucket for bucket in existing}
    actions, equal, declared = [], [], set()
    for bucket in wanted:
        declared.add(bucket.name)
        before = there.get(bucket.name)
        if before is not None and _same(bucket, before):
            equal.append(bucket.name)
        else:
            actions.append(Action(bucket, before))
    return Plan(actions, equal, sorted(there.keys() - declared))


def _same(bucket: BucketInfo, before: BucketInfo) -> bool:
    described = before.description is None or (bucket.description or "") == before.description
    return described and _longest(bucket) == _longest(before)


def _longest(bucket: BucketInfo) -> float:
    """Seconds that points are kept."""
    return float("inf") if bucket.retention_secs is None else round(bucket.retention_secs)
