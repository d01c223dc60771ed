"""How the writer keeps the types of fields."""

from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Reason, Rejection, Series, Value
from ingestor.writer.engine import SLOW_RETRY_SECS
from tests.builders import point, series
from tests.writer.rig import Rig


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


def test_point_that_the_store_refuses_after_a_field_was_left_out_is_told_once() -> None:
    """With both details; nothing of it is stored."""
    rig = Rig()
    rig.write(point(typed(FieldType.FLOAT), level=1.5))
    rig.refused = [Rejection(0, Reason.TIME, "too old")]
    outcome = rig.write(point(typed(FieldType.TEXT, on=FieldType.BOOL), level="high", on=True))

    assert outcome.rejections == [
        Rejection(0, Reason.TYPE_CONFLICT, "level is text here, but stored as float; too old")
    ]


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


TEXT = typed(FieldType.TEXT)
HELD_AS_FLOAT = {("climate", "level"): {FieldType.FLOAT}}


def test_types_of_the_store_come_first() -> None:
    """What is stored already, by whomever, is asked for before the first points are sent."""
    rig = Rig()
    rig.store.told["Farm"] = HELD_AS_FLOAT
    outcome = rig.write(point(TEXT, level="high"), point(typed(FieldType.FLOAT), level=2.5))

    assert [(refusal.at, refusal.reason) for refusal in outcome.rejections] == [(0, Reason.TYPE_CONFLICT)]
    assert [len(batch) for batch in rig.batches] == [1]


def test_asking_is_retried_like_writing() -> None:
    """A store that is away is waited for before it is asked, too, and nothing is written before it has answered."""
    rig = Rig()
    rig.store.told["Farm"] = StoreUnavailableError("connection refused")
    sleep = rig.clock.sleep

    async def come_back(secs: float) -> None:
        if len(rig.clock.waits) == 2:
            rig.store.told["Farm"] = HELD_AS_FLOAT
        await sleep(secs)

    rig.clock.sleep = come_back  # type: ignore[method-assign]
    outcome = rig.write(point(TEXT, level="high"))

    assert rig.clock.waits == [0.5, 1, 2]
    assert (rig.writer.writes, len(outcome.rejections)) == (0, 1)


def test_a_misconfigured_store_is_asked_slowly() -> None:
    """It is held as for a write."""
    rig = Rig()
    rig.store.told["Farm"] = StoreMisconfiguredError("token is wrong")
    sleep = rig.clock.sleep

    async def mend(secs: float) -> None:
        rig.store.told.clear()
        await sleep(secs)

    rig.clock.sleep = mend  # type: ignore[method-assign]
    rig.write(point())

    assert rig.clock.waits == [SLOW_RETRY_SECS]
    assert rig.stored() == [("Farm", 1)]


def test_a_bucket_that_cannot_be_asked_is_left_to_the_write() -> None:
    """The write meets the same fault, and holds what is for that bucket alone."""
    rig = Rig()
    rig.store.told["Lab"] = BucketError("Lab", "no rights")
    rig.broken = {"Lab"}
    outcome = rig.write(point(series("Lab")), point())

    assert outcome.held == {0: "no rights"}
    assert rig.stored() == [("Farm", 1)]


def test_what_is_held_is_judged_when_it_is_tried_again() -> None:
    """A bucket that is left alone is not asked, and its points settle no type."""
    rig = Rig()
    rig.broken = {"Farm"}
    rig.write(point(TEXT, level="high"))
    rig.store.told["Farm"] = {("climate", "on"): {FieldType.FLOAT}}
    held = rig.write(point(typed(FieldType.BOOL, "on"), on=True))
    rig.clock.time += 60
    rig.broken = set()
    outcome = rig.write(point(typed(FieldType.BOOL, "on"), on=True))

    assert (held.held, held.rejections) == ({0: "no rights"}, [])
    assert [refusal.reason for refusal in outcome.rejections] == [Reason.TYPE_CONFLICT]


def test_after_an_outage_the_types_are_asked_for_again() -> None:
    """A store that was away may have come back as another; the batch that waited is judged by what it says then."""
    rig = Rig()
    rig.write(point(TEXT, level="high"))
    rig.clock.time += 60
    rig.failures = [StoreUnavailableError("connection refused")]
    rig.store.told["Farm"] = HELD_AS_FLOAT
    outcome = rig.write(point(TEXT, level="low"))

    assert rig.store.asked == ["Farm", "Farm"]
    assert [refusal.reason for refusal in outcome.rejections] == [Reason.TYPE_CONFLICT]
    assert rig.writer.writes == 2


def test_after_a_conflict_the_types_are_asked_for_again() -> None:
    """What the store refuses for its type tells that the registry is wrong; from then on it is not sent any more."""
    rig = Rig()
    rig.write(point(TEXT, level="high"))
    rig.clock.time += 60
    rig.refused = [Rejection(0, Reason.TYPE_CONFLICT, "already exists as type float")]
    rig.write(point(TEXT, level="low"))
    rig.refused = ()
    rig.store.told["Farm"] = HELD_AS_FLOAT
    outcome = rig.write(point(TEXT, level="low"))

    assert rig.writer.writes == 2
    assert [refusal.detail for refusal in outcome.rejections] == ["level is text here, but stored as float"]


def test_another_refusal_is_no_reason_to_ask() -> None:
    """What is too old, say, tells nothing of types."""
    rig = Rig()
    rig.write(point())
    rig.clock.time += 60
    rig.refused = [Rejection(0, Reason.REJECTED, "too old")]
    rig.write(point())
    rig.write(point())

    assert rig.store.asked == ["Farm"]
