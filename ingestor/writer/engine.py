"""Gets points into one store: retries what may pass, isolates what will not, and says which points were not stored."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

from ingestor.encode.rejections import one_a_point
from ingestor.encode.types import Refusal, TypeRegistry
from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import Point, Reason, Rejection, Store
from ingestor.retry import Backoff
from ingestor.writer.clock import Clock, LoopClock
from ingestor.writer.learner import TypeLearner

_log = logging.getLogger(__name__)

SLOW_RETRY_SECS = 30.0
"""How often something is tried again that only a person can mend."""


class Outcome(NamedTuple):
    """What became of a batch: every point was stored but those named here, by their index in it, once each."""

    rejections: Sequence[Rejection] = ()
    held: Mapping[int, str] = {}


class OnFault(Enum):
    """What to do about a fault that only a person can mend."""

    HOLD = auto()
    """Wait until it is mended, and hold the points of a broken bucket: there is a journal that has them."""
    RAISE = auto()
    """Raise it: there is somebody who waits for the answer, and nothing that keeps the points."""


class BatchWriter:
    """Writes batches to one store, one at a time: the engine of the service and of `Writer`, the door for scripts.

    Args:
        name: The store's name, for people.
        store: Where to; entered and left by the caller.
        types: Its type registry.
        may_hold: Whether points of a broken bucket may be parked; where not, the whole store waits for that bucket.
        on_fault: Whether faults that only a person can mend are waited for.
        clock: Time and waiting.
        backoff: How long to wait between attempts.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        *,
        types: TypeRegistry,
        may_hold: Callable[[], bool] = lambda: True,
        on_fault: OnFault = OnFault.HOLD,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self.fault: str | None = None
        self.writes = 0
        self.write_secs = 0.0
        self.types = types
        self._store = store
        self._may_hold = may_hold
        self._raises = on_fault is OnFault.RAISE
        self._clock = clock or LoopClock()
        self._learner = TypeLearner(name, store, types=types, clock=self._clock)
        self._backoff = backoff or Backoff(first_secs=0.5, cap_secs=30.0)
        self._broken: dict[str, _Broken] = {}

    @property
    def broken_buckets(self) -> Mapping[str, str]:
        """The buckets that could not be written when last tried, and why."""
        return {bucket: broken.why for bucket, broken in self._broken.items()}

    @property
    def closed_buckets(self) -> Mapping[str, str]:
        """Those of them that are not tried again yet."""
        now = self._clock.now()
        return {bucket: broken.why for bucket, broken in self._broken.items() if broken.retry_at > now}

    def reopen(self) -> None:
        """Nothing waits for a broken bucket any more: those that are due for another try count as mended."""
        closed = self.closed_buckets
        self._broken = {bucket: broken for bucket, broken in self._broken.items() if bucket in closed}

    async def write(self, points: Sequence[Point]) -> Outcome:
        """Return when every point is stored, rejected for good, or held for its bucket, however long that takes.

        Raises:
            StoreMisconfiguredError: Only with `OnFault.RAISE`, as the next.
            BucketError: Points of other buckets of the batch may be stored or not.
        """
        batch = _Batch(points, range(len(points)))
        rejections: list[Rejection] = []
        held: dict[int, str] = {}
        self._park(batch, held)
        while batch.points:
            try:
                rejections += await self._leave_out_refused(batch)
                refused = await self._attempt(batch.points)
            except (BucketError, StoreMisconfiguredError) as error:
                if self._raises:
                    raise
                await self._hold(error, batch, held)
            except StoreUnavailableError as error:
                await self._wait(str(error), max(self._backoff.next(), error.retry_after or 0.0))
            else:
                self._well(batch.points, refused)
                rejections += [refusal._replace(at=batch.indices[refusal.at]) for refusal in refused]
                break
        return Outcome(one_a_point(rejections), held)

    async def delete(self, points: Sequence[Point]) -> None:
        """Have the store delete these points. One attempt: who asks for it can wait, and others must not wait for it.

        Raises:
            StoreUnavailableError: As the next two, see `ports.Store.delete`.
            StoreMisconfiguredError: See there.
            BucketError: See there.
        """
        await self._store.delete(points)

    async def write_within(self, points: Sequence[Point], secs: float, *, advice: str) -> Outcome:
        """The same for those who have no journal to wait in; `advice` says what to do when it was in vain.

        Raises:
            StoreUnavailableError: The store did not take all of it within so many seconds.
        """
        try:
            async with asyncio.timeout(secs) as deadline:
                return await self.write(points)
        except TimeoutError:
            if not deadline.expired():
                raise
            why = self.fault or "it does not answer"
            raise StoreUnavailableError(f"store {self.name} took nothing for {secs:g} s: {why}. {advice}") from None

    async def _hold(self, error: BucketError | StoreMisconfiguredError, batch: "_Batch", held: dict[int, str]) -> None:
        """Wait for what only a person can mend; for a bucket its points alone wait, where there is room for them."""
        if isinstance(error, StoreMisconfiguredError):
            await self._wait(str(error), SLOW_RETRY_SECS)
        elif not self._may_hold():
            await self._wait(f"bucket {error.bucket}: {error} (no room to hold more)", SLOW_RETRY_SECS)
        else:
            self.fault = None  # it answered
            for bucket, why in error.reasons.items():
                self._broken[bucket] = _Broken(why, self._clock.now() + SLOW_RETRY_SECS)
                _log.warning("bucket_held store=%s bucket=%r reason=%s", self.name, bucket, why)
            self._learner.doubt(error.reasons)
            self._park(batch, held)

    async def _attempt(self, points: Sequence[Point]) -> Sequence[Rejection]:
        if not points:
            return ()
        began = self._clock.now()
        try:
            return await self._store.write(points)
        finally:
            self.writes += 1
            self.write_secs += self._clock.now() - began

    async def _leave_out_refused(self, batch: "_Batch") -> Sequence[Rejection]:
        """Leave out the fields that the type registry refuses, and the points that have no other field."""
        series = dict.fromkeys(point.series for point in batch.points)
        await self._learner.learn(series)
        refusals = self.types.refusals
        if self.types.accepts(series) or not any(map(refusals, series)):  # in their order: the first settles a type
            return ()
        kept: list[tuple[int, Point]] = []
        rejections = []
        for at, point in zip(batch.indices, batch.points, strict=True):
            refused = {name: why for name, why in refusals(point.series).items() if name in point.fields}
            if refused:
                fields = {name: value for name, value in point.fields.items() if name not in refused}
                rejections.append(_rejection(at, refused, all_of_it=not fields))
                point = point._replace(fields=fields)  # noqa: PLW2901 - the rest of the point goes on as the point
            if point.fields:
                kept.append((at, point))
        batch.keep(kept)
        return rejections

    def _park(self, batch: "_Batch", held: dict[int, str]) -> None:
        """Move points of buckets that are broken, and not due for another try, from the batch to `held`."""
        closed = self.closed_buckets
        if not closed or not self._may_hold():
            return
        kept: list[tuple[int, Point]] = []
        for at, point in zip(batch.indices, batch.points, strict=True):
            if point.series.bucket in closed:
                held[at] = closed[point.series.bucket]
            else:
                kept.append((at, point))
        batch.keep(kept)

    async def _wait(self, fault: str, secs: float) -> None:
        if self.fault is None:
            _log.warning("store_held store=%s reason=%s", self.name, fault)
        self.fault = fault
        self._learner.doubt()
        await self._clock.sleep(secs)

    def _well(self, points: Sequence[Point], refused: Sequence[Rejection]) -> None:
        if refused:
            conflicts = (points[refusal.at] for refusal in refused if refusal.reason is Reason.TYPE_CONFLICT)
            self._learner.doubt({point.series.bucket for point in conflicts})
        if not points:
            return  # all of it was refused here: that says nothing of the store
        self._backoff.succeeded(self._clock.now())
        if self.fault is not None:
            _log.info("store_flows_again store=%s", self.name)
            self.fault = None
        if self._broken:
            for bucket in {point.series.bucket for point in points}:
                if self._broken.pop(bucket, None):
                    _log.info("bucket_flows_again store=%s bucket=%r", self.name, bucket)


def _rejection(at: int, refused: Mapping[str, Refusal], *, all_of_it: bool) -> Rejection:
    detail = "; ".join(why.detail for why in refused.values())
    reason = next(iter(refused.values())).reason
    return Rejection(at, reason, detail, () if all_of_it else tuple(refused))


class _Broken(NamedTuple):
    """A bucket that could not be written."""

    why: str
    retry_at: float


class _Batch:
    """Points still to be sent, and where each stood in the batch as it was given."""

    def __init__(self, points: Sequence[Point], indices: Sequence[int]) -> None:
        self.points = points
        self.indices = indices

    def keep(self, kept: Sequence[tuple[int, Point]]) -> None:
        """These are left."""
        self.points, self.indices = [point for _, point in kept], [at for at, _ in kept]
