"""How points get into a store that does not always want them."""

from collections.abc import Callable, Sequence

import pytest

from ingestor.encode.types import TypeRegistry
from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Point, Reason, Rejection, Series, Value
from ingestor.retry import Backoff
from ingestor.stores.memory import MemoryStore
from ingestor.writer import SLOW_RETRY_SECS, LoopClock, Outcome, Writer
from tests.builders import point, series
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


class Rig:
    """A writer with a store in memory, a clock of its own, and waits without chance: 0.5, 1, 2 s and so on."""

    def __init__(self, *failures: StoreError, may_hold: Callable[[], bool] = lambda: True) -> None:
        self.failures = list(failures)
        self.broken: set[str] = set()
        self.batches: list[list[Point]] = []
        self.refused: Sequence[Rejection] = ()
        self.clock = FakeClock()
        self.store = MemoryStore(self._answer)
        self.writer = Writer(
            "local",
            self.store,
            types=TypeRegistry({}),
            may_hold=may_hold,
            clock=self.clock,
            backoff=Backoff(0.5, 30, lambda: 1.0),
        )

    def _answer(self, points: Sequence[Point]) -> Sequence[Rejection]:
        self.batches.append(list(points))
        if self.failures:
            raise self.failures.pop(0)
        for bucket in sorted(self.broken):
            if any(point.series.bucket == bucket for point in points):
                raise BucketError(bucket, "no rights")
        return self.refused

    def write(self, *points: Point) -> Outcome:
        """Write a batch, however long that takes by the clock."""
        return run(self.writer.write(points))

    def stored(self) -> list[tuple[str, int]]:
        """Bucket and time of what is in the store."""
        return sorted((bucket, time_ns) for bucket, _, _, time_ns in self.store.points)


FARM = series("Farm")
LAB = series("Lab")


def test_everything_is_stored() -> None:
    """A store that takes it all leaves nothing to tell."""
    rig = Rig()
    outcome = rig.write(point(time_ns=1), point(time_ns=2))

    assert (outcome.rejections, outcome.held) == ([], {})
    assert rig.stored() == [("Farm", 1), ("Farm", 2)]
    assert rig.writer.writes == 1


def test_no_points_need_no_write() -> None:
    """An empty batch does not reach the store."""
    rig = Rig()
    rig.write()

    assert rig.writer.writes == 0


def test_same_batch_is_sent_until_it_is_taken() -> None:
    """While the store is away, the waits grow, the fault says why, and the batch stays the same."""
    rig = Rig(*[StoreUnavailableError("connection refused")] * 4)
    rig.write(point())

    assert rig.clock.waits == [0.5, 1, 2, 4]
    assert rig.batches == [rig.batches[0]] * 5
    assert rig.writer.writes == 5
    assert rig.stored() == [("Farm", 1)]


@pytest.mark.parametrize(("asked_secs", "waited_secs"), [(7.0, 7.0), (0.1, 0.5)])
def test_store_may_ask_for_a_longer_wait(asked_secs: float, waited_secs: float) -> None:
    """`retry_after` lengthens a wait and never shortens it."""
    rig = Rig(StoreUnavailableError("busy", retry_after=asked_secs))
    rig.write(point())

    assert rig.clock.waits == [waited_secs]


def test_misconfigured_store_is_tried_slowly() -> None:
    """What only a person can mend is tried again once a minute."""
    rig = Rig(*[StoreMisconfiguredError("token is wrong")] * 2)
    rig.write(point())

    assert rig.clock.waits == [SLOW_RETRY_SECS] * 2


def test_fault_is_shown_while_it_lasts() -> None:
    """Somebody who asks during the wait is told the store's words; afterwards there is no fault."""
    rig = Rig(StoreUnavailableError("connection refused"))
    seen: list[str | None] = []
    sleep = rig.clock.sleep

    async def look_and_sleep(secs: float) -> None:
        seen.append(rig.writer.fault)
        await sleep(secs)

    rig.clock.sleep = look_and_sleep  # type: ignore[method-assign]
    rig.write(point())

    assert seen == ["connection refused"]
    assert rig.writer.fault is None


def test_rejections_name_points_by_index() -> None:
    """The store's rejections come back by their index in the batch, the rest is stored."""
    rig = Rig()
    rig.refused = [Rejection(1, Reason.REJECTED, "too old")]
    outcome = rig.write(point(time_ns=1), point(time_ns=2), point(time_ns=3))

    assert outcome.rejections == [Rejection(1, Reason.REJECTED, "too old")]
    assert rig.stored() == [("Farm", 1), ("Farm", 3)]


def test_indices_survive_what_was_left_out() -> None:
    """An index means the batch as it was given, also when points before it were not sent."""
    rig = Rig()
    rig.broken = {"Lab"}
    rig.write(point(LAB))
    rig.refused = [Rejection(0, Reason.REJECTED, "too old")]
    outcome = rig.write(point(LAB), point(FARM, time_ns=2), point(FARM, time_ns=3))

    assert outcome.rejections == [Rejection(1, Reason.REJECTED, "too old")]
    assert outcome.held == {0: "no rights"}
    assert rig.stored() == [("Farm", 3)]


def test_broken_bucket_harms_no_other() -> None:
    """Points of a broken bucket are held, those of the others are stored at once."""
    rig = Rig()
    rig.broken = {"Lab"}
    outcome = rig.write(point(LAB, time_ns=1), point(FARM, time_ns=2), point(LAB, time_ns=3))

    assert outcome == Outcome([], {0: "no rights", 2: "no rights"})
    assert rig.stored() == [("Farm", 2)]
    assert rig.clock.waits == []
    assert rig.writer.broken_buckets == {"Lab": "no rights"}


def test_several_broken_buckets_are_held_together() -> None:
    """One batch may meet more than one of them."""
    rig = Rig()
    rig.broken = {"Lab", "Farm"}
    outcome = rig.write(point(LAB), point(FARM), point(series("Home")))

    assert outcome.held == {0: "no rights", 1: "no rights"}
    assert rig.stored() == [("Home", 1)]


def test_broken_bucket_is_left_alone_for_a_while() -> None:
    """It is not tried with every batch, but again after a minute; when it takes points, it is broken no more."""
    rig = Rig()
    rig.broken = {"Lab"}
    rig.write(point(LAB))
    rig.write(point(LAB))
    tried_at_once = rig.writer.writes
    closed_at_once = dict(rig.writer.closed_buckets)
    rig.broken = set()
    rig.clock.time += SLOW_RETRY_SECS
    closed_later = dict(rig.writer.closed_buckets)
    outcome = rig.write(point(LAB))

    assert tried_at_once == 1
    assert (closed_at_once, closed_later) == ({"Lab": "no rights"}, {})
    assert outcome.held == {}
    assert rig.writer.broken_buckets == {}


def test_without_room_the_store_waits_for_the_bucket() -> None:
    """When nothing more may be held, nothing is: the batch is tried slowly until the bucket is mended."""
    rig = Rig(*[BucketError("Lab", "no rights")] * 2, may_hold=lambda: False)
    outcome = rig.write(point(LAB), point(FARM))

    assert outcome.held == {}
    assert rig.clock.waits == [SLOW_RETRY_SECS] * 2
    assert rig.stored() == [("Farm", 1), ("Lab", 1)]


def test_nothing_more_is_held_once_the_room_is_used_up() -> None:
    """The bound holds also while the bucket is known to be broken."""
    room = [True]
    rig = Rig(may_hold=lambda: room[0])
    rig.broken = {"Lab"}
    rig.write(point(LAB))
    room[0] = False
    rig.broken = set()
    outcome = rig.write(point(LAB, time_ns=2))

    assert outcome.held == {}
    assert rig.stored() == [("Lab", 2)]


def test_holding_ends_the_fault_of_the_whole_store() -> None:
    """A store that answers for one bucket is not away any more."""
    rig = Rig(StoreUnavailableError("connection refused"), BucketError("Lab", "no rights"))
    rig.write(point(LAB))

    assert rig.writer.fault is None


def typed(kind: FieldType, name: str = "level", **others: FieldType) -> Series:
    """A series with a field of that type."""
    return series(tags={"kind": kind}, types={name: kind, **others})


def test_conflicting_field_is_set_aside_alone() -> None:
    """Of a field that is stored with another type only the field is left out, whatever the store would say."""
    rig = Rig()
    rig.write(point(typed(FieldType.FLOAT), level=1.5))
    both = typed(FieldType.TEXT, on=FieldType.BOOL)
    outcome = rig.write(point(both, level="high", on=True), point(both, time_ns=2, on=False))

    assert outcome.rejections == [
        Rejection(0, Reason.TYPE_CONFLICT, "level is text here, but stored as float", ("level",))
    ]
    assert [fields for *_, fields in (batch for batch in rig.batches[-1])] == [{"on": True}, {"on": False}]


def test_point_without_another_field_is_set_aside() -> None:
    """A point that would be left without a field is rejected as a whole, and never sent."""
    rig = Rig()
    rig.write(point(typed(FieldType.FLOAT), level=1.5))
    outcome = rig.write(point(typed(FieldType.TEXT), level="high"))

    assert [(refusal.reason, refusal.fields) for refusal in outcome.rejections] == [(Reason.TYPE_CONFLICT, ())]
    assert rig.writer.writes == 1


def test_first_point_of_a_batch_settles_the_type() -> None:
    """It is the order of the points that decides, so that the same journal gives the same again."""
    kinds = [FieldType.TEXT, FieldType.FLOAT, FieldType.INT, FieldType.BOOL]
    values: dict[FieldType, Value] = {
        FieldType.TEXT: "high",
        FieldType.FLOAT: 1.5,
        FieldType.INT: 2,
        FieldType.BOOL: True,
    }
    for first in kinds:
        rig = Rig()
        order = [first, *(kind for kind in kinds if kind is not first)]
        outcome = rig.write(*(point(typed(kind), level=values[kind]) for kind in order))

        assert [refusal.at for refusal in outcome.rejections] == [1, 2, 3]


def test_conflict_and_rejection_keep_their_indices() -> None:
    """Points left out for their type do not shift the indices that the store names."""
    rig = Rig()
    rig.write(point(typed(FieldType.FLOAT), level=1.5))
    rig.refused = [Rejection(0, Reason.REJECTED, "too old")]
    outcome = rig.write(point(typed(FieldType.TEXT), level="high"), point(typed(FieldType.FLOAT), level=2.5))

    assert [(refusal.at, refusal.reason) for refusal in outcome.rejections] == [
        (0, Reason.TYPE_CONFLICT),
        (1, Reason.REJECTED),
    ]


def test_time_of_writing_is_counted() -> None:
    """Seconds spent in the store add up, waits between attempts do not."""
    rig = Rig(StoreUnavailableError("away"))
    answer = rig.store.answer
    assert answer is not None

    def slow(points: Sequence[Point]) -> Sequence[Rejection]:
        rig.clock.time += 0.25
        return answer(points)

    rig.store.answer = slow
    rig.write(point())

    assert rig.writer.write_secs == 0.5


def test_by_default_it_is_the_loops_clock() -> None:
    """Without a clock of the test's own, time passes by waiting."""

    async def main() -> float:
        clock = LoopClock()
        began = clock.now()
        await clock.sleep(0.001)
        return clock.now() - began

    assert run(main()) >= 0.0005


def test_a_bucket_for_which_nothing_waits_is_given_another_chance() -> None:
    """When what it held was purged, it counts as mended once it is due; before that it stays closed."""
    rig = Rig()
    rig.broken.add("Farm")
    rig.write(point(FARM))
    rig.writer.reopen()
    early = dict(rig.writer.broken_buckets)
    rig.clock.time += SLOW_RETRY_SECS
    rig.writer.reopen()

    assert list(early) == ["Farm"]
    assert rig.writer.broken_buckets == {}
