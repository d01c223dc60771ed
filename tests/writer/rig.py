"""A writer under the test's control: a store in memory, a clock of its own, and waits without chance."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from ingestor.encode.types import FieldKey, Registered, TypeRegistry
from ingestor.errors import BucketError, StoreError
from ingestor.ports import FieldType, Point, Rejection
from ingestor.retry import Backoff
from ingestor.stores.memory import MemoryStore
from ingestor.writer.engine import BatchWriter, OnFault, Outcome
from tests.support import run


class FakeClock:
    """Time that passes only by waiting, and at once."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        """Seconds."""
        return self.time

    async def sleep(self, secs: float) -> None:
        """Let time pass."""
        self.waits.append(secs)
        self.time += secs


class AskedStore(MemoryStore):
    """A store in memory that counts how often it was asked for its types.

    Attributes:
        asked: The buckets, in order.
        told: What it answers for a bucket in place of the truth; None where it does not tell; may be an error.
        delete_fault: Why it deletes nothing, if it does not.
    """

    def __init__(self, answer: Callable[[Sequence[Point]], Sequence[Rejection]] | None = None) -> None:
        super().__init__(answer)
        self.asked: list[str] = []
        self.told: dict[str, Mapping[tuple[str, str], AbstractSet[FieldType]] | StoreError | None] = {}
        self.delete_fault: StoreError | None = None

    async def delete(self, points: Sequence[Point]) -> None:
        """Delete, or fail."""
        if self.delete_fault is not None:
            raise self.delete_fault
        await super().delete(points)

    async def field_types(self, bucket: str) -> Mapping[tuple[str, str], AbstractSet[FieldType]] | None:  # type: ignore[override]
        """What a test wants, or else the truth."""
        self.asked.append(bucket)
        told = self.told.get(bucket, {})
        if isinstance(told, StoreError):
            raise told
        return told if bucket in self.told else await super().field_types(bucket)


class Rig:
    """A writer with a store in memory, a clock of its own, and waits without chance: 0.5, 1, 2 s and so on."""

    def __init__(
        self,
        *failures: StoreError,
        may_hold: Callable[[], bool] = lambda: True,
        on_fault: OnFault = OnFault.HOLD,
        known: Mapping[FieldKey, Registered] | None = None,
    ) -> None:
        self.failures = list(failures)
        self.broken: set[str] = set()
        self.batches: list[list[Point]] = []
        self.refused: Sequence[Rejection] = ()
        self.clock = FakeClock()
        self.store = AskedStore(self._answer)
        self.writer = BatchWriter(
            "local",
            self.store,
            types=TypeRegistry(known or {}),
            may_hold=may_hold,
            on_fault=on_fault,
            clock=self.clock,
            backoff=Backoff(0.5, 30, lambda: 1.0),
        )

    def _answer(self, points: Sequence[Point]) -> Sequence[Rejection]:
        self.batches.append(list(points))
        if self.failures:
            raise self.failures.pop(0)
        if broken := sorted(self.broken & {point.series.bucket for point in points}):
            raise BucketError.together([BucketError(bucket, "no rights") for bucket in broken])
        return self.refused

    def write(self, *points: Point) -> Outcome:
        """Write a batch, however long that takes by the clock."""
        return run(self.writer.write(points))

    def stored(self) -> list[tuple[str, int]]:
        """Bucket and time of what is in the store."""
        return sorted((bucket, time_ns) for bucket, _, _, time_ns in self.store.points)
