"""Whatever messages come, however the store and the disk behave, and wherever the process dies: the accounts hold."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestor import deadletters, state
from ingestor.config import Batch
from ingestor.deadletters import Filter
from ingestor.errors import BucketError, StateError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import RETAIN, LossReason, Message, Point, Reason, Rejection, Value
from tests.delivery.fakes import FakeJournal
from tests.delivery.rig import Rig, hurry

BUCKETS = {"rack1/climate": "Farm", "rack1/words": "Farm", "lab/climate": "Lab"}
FATES = ("stored", "set_aside", "unrouted", "ignored", "dropped", "damaged", "held")


class KilledError(Exception):
    """The process dies here."""


@dataclass
class World:
    """What happens around a delivery: how the store and the disk answer each time, and when the process dies.

    Attributes:
        slots: The journal.
        store_moods: What the store says to each attempt, until it is well for good.
        disk_moods: Whether `state.db` refuses, until it is well for good.
        lives: How many calls of store and disk each process lives to see; the last one lives for ever.
        mended: The schema and the store's rules were changed: nothing is wrong any more.
    """

    slots: list[Message | LossReason]
    store_moods: list[str]
    disk_moods: list[bool]
    lives: list[int]
    max_points: int
    mended: bool = False
    _left: int | None = field(default=None, init=False)

    def born(self) -> bool:
        """Begin another life; False where it is the last."""
        self._left = self.lives.pop() if self.lives else None
        return self._left is not None

    def age(self) -> None:
        """A call of store or disk."""
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise KilledError

    def words(self) -> dict[int, str]:
        """The word that each point was made of, by its time."""
        return {
            slot.received_ns + number: word
            for slot in self.slots
            if isinstance(slot, Message)
            for number, word in enumerate(slot.payload.decode().split())
        }

    def answer(self, points: Sequence[Point]) -> Sequence[Rejection]:
        """The store's answer to a batch."""
        self.age()
        mood = self.store_moods.pop() if self.store_moods else "well"
        faults: dict[str, StoreError] = {
            "away": StoreUnavailableError("away"),
            "misconfigured": StoreMisconfiguredError("no token"),
        }
        if mood in faults:
            raise faults[mood]
        if any(point.series.bucket == mood for point in points):
            raise BucketError(mood, "no rights")
        return [] if self.mended else list(self._rejections(points))

    def _rejections(self, points: Sequence[Point]) -> Iterator[Rejection]:
        words = self.words()
        for at, point in enumerate(points):
            word = words[point.time_ns]
            if word == "refused" or (word == "clipped" and point.fields.keys() == {"humidity"}):
                yield Rejection(at, Reason.REJECTED, "too old")
            elif word == "clipped":
                yield Rejection(at, Reason.REJECTED, "too wet", ("humidity",))

    def disk(self) -> None:
        """A transaction is about to begin."""
        self.age()
        if self.disk_moods and self.disk_moods.pop():
            raise StateError("disk is full")


@dataclass
class Expected:
    """What must become of a journal in the end."""

    points: dict[int, dict[str, Value]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    with_letter: set[int] = field(default_factory=set)


def expect(world: World) -> Expected:
    """Work out from the messages alone what is stored, how each counts, and which have letters."""
    expected = Expected()
    settled = _settled_types(world)
    for position, slot in enumerate(world.slots):
        if isinstance(slot, LossReason):
            expected.counts[slot] += 1
        elif slot.topic not in BUCKETS:
            expected.counts["unrouted"] += 1
        elif slot.retain:
            expected.counts["ignored"] += 1
        else:
            words = slot.payload.decode().split()
            conflict = settled.get(BUCKETS[slot.topic]) != slot.topic
            stored = [_stored(word, slot, number, world, conflict) for number, word in enumerate(words)]
            expected.points |= {slot.received_ns + number: fields for number, fields in enumerate(stored) if fields}
            expected.counts["stored" if any(stored) else "set_aside"] += 1
            if not words or any(len(fields) < 2 for fields in stored):
                expected.with_letter.add(position)
    return expected


def _routed_words(message: Message) -> list[str]:
    taken = message.topic in BUCKETS and not message.retain
    return message.payload.decode().split() if taken else []


def _settled_types(world: World) -> dict[str, str]:
    """The topic whose first point settled the type of a bucket's temperature; what was bad could do so only later."""
    settled: dict[str, str] = {}
    for bad in ({"bad"}, set[str]()):
        for slot in world.slots:
            if isinstance(slot, Message) and set(_routed_words(slot)) - bad:
                settled.setdefault(BUCKETS[slot.topic], slot.topic)
    return settled


def _stored(word: str, of: Message, number: int, world: World, conflict: bool) -> dict[str, Value]:  # noqa: FBT001
    time_ns = of.received_ns + number
    temperature = str(time_ns) if of.topic == "rack1/words" else float(time_ns)
    fields: dict[str, Value] = {"temperature": temperature, "humidity": time_ns / 2}
    if conflict:
        del fields["temperature"]
    if not world.mended and word in {"half", "clipped"}:
        del fields["humidity"]
    return {} if not world.mended and word in {"bad", "refused"} else fields


def audit(rig: Rig) -> None:
    """The equation, in memory and on disk."""
    stats = rig.stats()
    on_disk = rig.state.now(lambda connection: state.counters(connection, "local"))
    row = rig.state.now(state.cursors)["local"]

    assert stats.journaled == len(rig.journal.slots)
    assert stats.journaled == (
        stats.stored + stats.set_aside + stats.unrouted + stats.ignored + stats.dropped + stats.damaged + stats.pending
    )
    assert row.position - row.began == sum(on_disk.get(fate, 0) for fate in FATES)
    assert min(on_disk.get(fate, 0) for fate in FATES) >= 0


async def live(world: World, rig: Rig) -> None:
    """Run one process after the other until one has nothing more to do."""
    late = world.slots[len(rig.journal.slots) :]
    while world.born():
        try:
            async with rig.running():
                await asyncio.sleep(30)
                rig.journal.slots += late
                late = []
                rig.journal.grown.set()
                await asyncio.sleep(100)
        except* KilledError:
            audit(rig)
    rig.journal.slots += late
    await rig.run_for(600)  # what is still held flows within a minute or two after the last bad mood


def verify(world: World, rig: Rig) -> None:
    """Everything is where it should be, once."""
    expected = expect(world)
    counters = rig.saved()
    letters = rig.state.now(lambda connection: list(deadletters.find(connection, Filter())))

    assert {key[3]: fields for key, fields in rig.store.points.items()} == expected.points
    assert {fate: counters.get(fate, 0) for fate in FATES} == {fate: expected.counts[fate] for fate in FATES}
    assert {letter.position for letter in letters} == expected.with_letter
    assert all(
        (letter.topic, letter.payload, letter.received_ns) == world.slots[letter.position][:3] for letter in letters
    )


words = st.sampled_from(["good", "good", "half", "bad", "refused", "clipped"])
topics = st.sampled_from(["rack1/climate", "rack1/climate", "lab/climate", "rack1/words", "elsewhere"])
contents = st.tuples(topics, st.lists(words, max_size=3), st.sampled_from([0, 0, 0, RETAIN]))
journals = st.lists(contents | st.sampled_from(LossReason), max_size=40)


def slots_of(contents: Sequence[tuple[str, list[str], int] | LossReason]) -> list[Message | LossReason]:
    """A journal of those contents, received 10 ns apart."""
    return [
        content
        if isinstance(content, LossReason)
        else Message(content[0], " ".join(content[1]).encode(), 10 * at, content[2])
        for at, content in enumerate(contents)
    ]


worlds = st.builds(
    World,
    slots=journals.map(slots_of),
    store_moods=st.lists(st.sampled_from(["well", "away", "misconfigured", "Lab", "Farm"]), max_size=6),
    disk_moods=st.lists(st.booleans(), max_size=12),
    lives=st.lists(st.integers(0, 30), max_size=3),
    max_points=st.sampled_from([1, 3, 1000]),
)


@pytest.mark.long
@pytest.mark.timeout(240)
@settings(max_examples=100)
@given(worlds, st.integers(0, 40))
def test_accounts_hold_whatever_happens(world: World, at_first: int) -> None:
    """The equation holds at every call and after every death; what is good is stored, what is bad has its letter.

    After the schema and the store's rules are mended, a replay stores the rest at its first time and moves the counts.
    """
    with TemporaryDirectory() as folder:
        journal = FakeJournal(world.slots[:at_first])
        rig = Rig(Path(folder) / "state.db", journal, Batch.model_validate({"max_points": world.max_points}))
        rig.answer = world.answer

        def after() -> None:
            world.age()
            audit(rig)

        async def main() -> None:
            await live(world, rig)
            verify(world, rig)
            world.mended = rig.decoders.mended = True
            rig.state.now(lambda connection: deadletters.mark_for_replay(connection, Filter()))
            await rig.run_for(600)
            verify(world, rig)

        rig.state.before, rig.state.after = world.disk, after
        hurry(main())
