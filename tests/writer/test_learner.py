"""When a store is asked for the types of its fields."""

import logging

import pytest

from ingestor.encode.types import Registered, TypeRegistry
from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Series
from ingestor.writer.learner import TypeLearner
from tests.builders import series
from tests.support import run
from tests.writer.rig import AskedStore, FakeClock

FARM, LAB = series("Farm"), series("Lab")


class Lesson:
    """A learner, whom it asks, what it teaches, and its clock."""

    def __init__(self) -> None:
        self.store = AskedStore()
        self.clock = FakeClock()
        self.types = TypeRegistry({("Farm", "climate", "level"): Registered(FieldType.FLOAT)})
        self.learner = TypeLearner("local", self.store, types=self.types, clock=self.clock)

    def learn(self, *wanted: Series, after_secs: float = 0.0) -> list[str]:
        """Let time pass, and say which buckets were asked about before these series are written."""
        self.clock.time += after_secs
        self.store.asked.clear()
        run(self.learner.learn(wanted))
        for one in wanted:
            self.types.refusals(one)
        return list(self.store.asked)


def test_a_bucket_is_asked_about_once_for_a_while() -> None:
    """Before its first points, and then every 10 minutes while points flow: other programs write too."""
    lesson = Lesson()

    assert lesson.learn(FARM) == ["Farm"]
    assert lesson.learn(FARM, LAB, after_secs=1) == ["Lab"]
    assert lesson.learn(FARM, LAB, after_secs=598) == []
    assert lesson.learn(FARM, LAB, after_secs=1) == ["Farm"]
    assert lesson.learn(LAB, after_secs=1) == ["Lab"]


def test_a_field_that_nobody_registered_is_asked_about() -> None:
    """The store may hold it with another type, and what it said of it before was not remembered."""
    lesson = Lesson()
    lesson.learn(FARM)
    lesson.store.told["Farm"] = {("soil", "moisture"): {FieldType.INT}}
    soil = series("Farm", "soil", types={"moisture": FieldType.FLOAT})

    assert lesson.learn(FARM, soil) == ["Farm"]
    assert list(lesson.types.refusals(soil)) == ["moisture"]
    assert lesson.learn(FARM, soil) == []


def test_doubt_is_cleared_soon_but_not_at_once() -> None:
    """After a fault a bucket is asked about again, at most every 10 seconds however many faults there are."""
    lesson = Lesson()
    lesson.learn(FARM, LAB)
    lesson.learner.doubt()

    assert lesson.learn(FARM, LAB, after_secs=9) == []
    assert lesson.learn(FARM, after_secs=1) == ["Farm"]
    assert lesson.learn(FARM, after_secs=10) == []
    assert lesson.learn(FARM, LAB) == ["Lab"]


def test_only_the_doubtful_bucket_is_asked_about() -> None:
    """A conflict in one bucket says nothing of the others; one that was never asked about is asked anyway."""
    lesson = Lesson()
    lesson.learn(FARM, LAB)
    lesson.learner.doubt(["Lab", "Home"])

    assert lesson.learn(FARM, LAB, after_secs=10) == ["Lab"]


def test_a_store_that_does_not_tell_is_not_pressed(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is known then and the log says so once; new fields are registered as they come."""
    lesson = Lesson()
    lesson.store.told["Farm"] = None
    soil = series("Farm", "soil", types={"moisture": FieldType.FLOAT})

    with caplog.at_level(logging.WARNING):
        assert lesson.learn(FARM) == ["Farm"]
        assert lesson.learn(FARM, soil) == []
        assert lesson.learn(FARM, after_secs=600) == ["Farm"]
    assert lesson.types.refusals(soil) == {}
    assert [record.getMessage().split()[0] for record in caplog.records] == ["field_types_unknown"]


def test_a_bucket_that_cannot_be_asked_about_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is known then; the write will tell what is wrong."""
    lesson = Lesson()
    lesson.store.told["Farm"] = BucketError("Farm", "no rights")

    with caplog.at_level(logging.WARNING):
        assert lesson.learn(FARM) == ["Farm"]
    assert "reason=no rights" in caplog.text


@pytest.mark.parametrize("error", [StoreUnavailableError("503"), StoreMisconfiguredError("404")])
def test_asking_again_may_fail(error: StoreError, caplog: pytest.LogCaptureFixture) -> None:
    """Where the types are known it stops no write, and is tried a minute later; where they are not, it does."""
    lesson = Lesson()
    climate = series("Farm", types={"level": FieldType.FLOAT})
    soil = series("Farm", "soil", types={"moisture": FieldType.FLOAT})
    lesson.learn(climate)
    lesson.store.told["Farm"] = error

    with caplog.at_level(logging.WARNING):
        assert lesson.learn(climate, after_secs=600) == ["Farm"]
    assert f"field_types_late store=local bucket='Farm' reason={error}" in caplog.text
    assert lesson.learn(climate, after_secs=59) == []
    assert lesson.learn(climate, after_secs=1) == ["Farm"]
    with pytest.raises(type(error)):
        lesson.learn(soil)
    del lesson.store.told["Farm"]
    assert lesson.learn(climate, soil) == ["Farm"]


def test_what_gives_way_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody may look for why readings are set aside now."""
    lesson = Lesson()
    lesson.store.told["Farm"] = {("climate", "level"): {FieldType.TEXT}}

    with caplog.at_level(logging.WARNING):
        lesson.learn(FARM)
    assert [record.getMessage() for record in caplog.records] == [
        "field_type_learned store=local bucket='Farm' measurement='climate' field='level' type=text was=float"
    ]
