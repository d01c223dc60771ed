"""Deleting what is older than its bucket keeps, as a task of the service."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from ingestor import state
from ingestor.errors import StoreError, StoreUnavailableError
from ingestor.ports import Buckets, TaskFault
from ingestor.state import State
from ingestor.stores.retention import Expiry
from ingestor.tasks.job import Fault, JobError, JobResult

_FAR_DAYS: Final = 100
"""No plan waits longer. A clock that is that far ahead of the last run is wrong, or the service was away for long."""


class RetentionJob:
    """See `Job`. How long each bucket of the embedded store keeps points is recorded in its file.

    Args:
        name: Of the task.
        sees: Sees the buckets; entered for each run.
        expiry: Deletes from them.
        state: Where is kept when it ran last, so that a clock that jumps by years does not cost all points.
        buckets: Only these; all if there is none.
        now_ns: What the clock says.
    """

    def __init__(
        self,
        name: str,
        sees: Buckets,
        expiry: Expiry,
        *,
        state: State,
        buckets: Sequence[str] = (),
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._name = name
        self._state = state
        self._now_ns = now_ns
        self._sees = sees
        self._expiry = expiry
        self._wanted = buckets

    async def run(self, *, by_hand: bool) -> JobResult:
        """See `Job`; a bucket of which nothing can be deleted is told, and does not keep the others."""
        await self._trust_clock(by_hand=by_hand)
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

    async def _trust_clock(self, *, by_hand: bool) -> None:
        """Go on where the clock is not far ahead of the last run, or a person says so."""
        fact, now_ns = f"retention {self._name}", self._now_ns()
        known = await self._state.run(lambda connection: state.fact(connection, fact))
        last_ns = now_ns if known is None else int(known)
        if not by_hand and now_ns - last_ns > _FAR_DAYS * 86_400 * 10**9:
            last = datetime.fromtimestamp(last_ns // 10**9, UTC)
            raise JobError(
                Fault(
                    TaskFault.OTHER,
                    f"nothing was deleted: the clock is more than {_FAR_DAYS} days ahead of the last run, on "
                    f"{last:%Y-%m-%d}; where it is right, say: ingestor task run {self._name}",
                )
            )
        newest = str(max(now_ns, last_ns))  # one that is behind for a while deletes less, and is no measure
        await self._state.run(lambda connection: state.set_fact(connection, fact, newest))


def _told(deleted: dict[str, int]) -> str:
    if not deleted:
        return "no bucket has a retention: ingestor buckets apply records it"
    some = ", ".join(f"{count:,} from {name}" for name, count in deleted.items() if count)
    return f"deleted points that were too old: {some}" if some else "nothing was too old"
