"""How points get into a store that does not always want them."""

from collections.abc import Sequence

import pytest

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import Point, Reason, Rejection
from ingestor.writer.engine import SLOW_RETRY_SECS, OnFault, Outcome
from tests.builders import point, series
from tests.support import run
from tests.writer.rig import Rig

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


def test_what_is_deleted_is_gone_and_a_fault_is_not_waited_for() -> None:
    """Whoever has points deleted can try again; writes must not wait for it."""
    rig = Rig()
    rig.write(point(time_ns=1), point(time_ns=2))
    run(rig.writer.delete([point(time_ns=1)]))

    assert rig.stored() == [("Farm", 2)]
    rig.store.delete_fault = BucketError("Farm", "no rights")
    with pytest.raises(BucketError, match="no rights"):
        run(rig.writer.delete([point(time_ns=2)]))
    assert rig.clock.waits == []


def test_misconfigured_store_is_tried_slowly() -> None:
    """What only a person can mend is tried again every half minute."""
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
    """However many of them one attempt meets, each for its own reason: the next attempt has none of them."""
    error = BucketError.together([BucketError("Lab", "no rights"), BucketError("Farm", "not there")])
    rig = Rig(error)
    outcome = rig.write(point(LAB), point(FARM), point(series("Home")))

    assert outcome.held == {0: "no rights", 1: "not there"}
    assert rig.writer.broken_buckets == {"Lab": "no rights", "Farm": "not there"}
    assert rig.stored() == [("Home", 1)]
    assert rig.writer.writes == 2


def test_broken_bucket_is_left_alone_for_a_while() -> None:
    """It is not tried with every batch, but again after half a minute; when it takes points, it is broken no more."""
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


@pytest.mark.parametrize("fault", [BucketError("Lab", "no rights"), StoreMisconfiguredError("token is wrong")])
def test_without_a_journal_faults_for_a_person_are_raised(fault: StoreError) -> None:
    """Nothing is held and nothing is waited for where somebody waits for the answer; what passes is still retried."""
    rig = Rig(StoreUnavailableError("busy"), fault, on_fault=OnFault.RAISE)

    with pytest.raises(type(fault), match=str(fault)):
        rig.write(point(LAB))
    assert rig.clock.waits == [0.5]
    assert rig.writer.broken_buckets == {}
