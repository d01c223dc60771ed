"""Deleting what is older than its bucket keeps, as a task of the service."""

from collections.abc import Sequence

from ingestor.errors import StoreError, StoreUnavailableError
from ingestor.ports import Buckets, TaskFault
from ingestor.stores.retention import Expiry
from ingestor.tasks.job import Fault, JobError, JobResult


class RetentionJob:
    """See `Job`. How long each bucket of the embedded store keeps points is recorded in its file.

    Args:
        sees: Sees the buckets; entered for each run.
        expiry: Deletes from them.
        buckets: Only these; all if there is none.
    """

    def __init__(self, sees: Buckets, expiry: Expiry, *, buckets: Sequence[str] = ()) -> None:
        self._sees = sees
        self._expiry = expiry
        self._wanted = buckets

    async def run(self, *, by_hand: bool) -> JobResult:  # noqa: ARG002 - it is the same whoever asks for it
        """See `Job`; a bucket of which nothing can be deleted is told, and does not keep the others."""
        try:
            async with self._sees as buckets:
                there = await buckets.list()
        except StoreError as error:
            kind = TaskFault.UNAVAILABLE if isinstance(error, StoreUnavailableError) else TaskFault.OTHER
            raise JobError(Fault(kind, str(error))) from error
        names = {bucket.name for bucket in there}
        chosen = [bucket for bucket in there if not self._wanted or bucket.name in self._wanted]
        expired = await self._expiry.run(chosen)
        faults = [Fault(TaskFault.OTHER, f"bucket {name}: {why}") for name, why in expired.faults.items()]
        faults += [Fault(TaskFault.OTHER, f"there is no bucket {name}") for name in self._wanted if name not in names]
        if faults and not expired.deleted:
            raise JobError(*faults)
        return JobResult(_told(expired.deleted), tuple(faults))


def _told(deleted: dict[str, int]) -> str:
    if not deleted:
        return "no bucket has a retention: ingestor buckets apply records it"
    some = ", ".join(f"{count:,} from {name}" for name, count in deleted.items() if count)
    return f"deleted points that were too old: {some}" if some else "nothing was too old"
