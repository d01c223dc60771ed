"""The loop that takes the journal to a store: order, batches, accounts, replays, stopping."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingestor import deadletters
from ingestor.config import Batch
from ingestor.deadletters import DeadLetter, Filter
from ingestor.errors import StateError, StoreUnavailableError
from ingestor.ports import Decoder, Flaw, LossReason, Message, Point, Rejection
from tests.builders import message
from tests.delivery.fakes import FakeJournal
from tests.delivery.rig import HurriedLoop, Rig, hurry


def messages(number: int, payload: bytes = b"good", *, topic: str = "rack1/climate", begin: int = 0) -> list[Message]:
    """So many messages, 10 ns apart."""
    return [message(payload, topic=topic, received_ns=10 * at) for at in range(begin, begin + number)]


def rig_with(path: Path, *slots: Message | LossReason, **batch: object) -> Rig:
    """A rig with a journal that has those; `batch` as in the configuration."""
    return Rig(path / "state.db", FakeJournal(slots), Batch.model_validate(batch))


def letters(rig: Rig) -> list[DeadLetter]:
    """All dead letters."""
    return rig.state.now(lambda connection: list(deadletters.find(connection, Filter())))


def mark_all(rig: Rig) -> None:
    """Ask for everything to be tried again."""
    rig.state.now(lambda connection: deadletters.mark_for_replay(connection, Filter()))


def times(rig: Rig) -> list[int]:
    """Of the points in the store, in the order in which they came."""
    return [key[3] for key in rig.store.points]


def away(_: Sequence[Point]) -> Sequence[Rejection]:
    """The answer of a store that is not there."""
    raise StoreUnavailableError("connection refused")


def refuse() -> None:
    """What a full disk says to a transaction."""
    raise StateError("disk is full")


def test_journal_reaches_the_store_in_order(tmp_path: Path) -> None:
    """Everything that is there is stored, accounted for, and released, also with `stop` coming first."""
    rig = rig_with(tmp_path, *messages(1200))
    hurry(rig.run_for(0))

    assert times(rig) == list(range(0, 12000, 10))
    assert rig.saved() == {"stored": 1200, "points": 1200}
    assert rig.released == 1200


def test_others_have_their_turn(tmp_path: Path) -> None:
    """A backlog in memory is not decoded in one go: the event loop goes on between runs of messages."""
    rig = rig_with(tmp_path, *messages(5000))

    async def main() -> int:
        turns = 0
        async with rig.running():
            while not rig.store.writes:
                turns += 1
                await asyncio.sleep(0)
        return turns

    assert hurry(main()) >= 10


def test_a_slow_model_stops_others_for_one_message_at_a_time(tmp_path: Path) -> None:
    """The first few are decoded in one go; then the loop goes on after each, and after quick ones as before."""
    rig = rig_with(tmp_path, *messages(200), *messages(200, begin=200, topic="slow"), *messages(200, begin=400))
    slow = SlowDecoder(rig.decoders.by_topic["rack1/climate"])
    rig.decoders.by_topic["slow"] = slow

    async def main() -> list[float]:
        clock, pauses = asyncio.get_running_loop().time, []
        async with rig.running():
            while slow.decoded < 200:
                began = clock()
                await asyncio.sleep(0)
                pauses.append(clock() - began)
        return pauses

    pauses = [pause for pause in hurry(main()) if pause >= 1]

    assert sum(pauses) >= 200
    assert pauses[0] <= 50
    assert set(pauses[1:]) == {1.0}
    assert rig.saved() == {"stored": 600, "points": 600}


class SlowDecoder:
    """A decoder whose model takes a second."""

    skips_retained = True

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.decoded = 0

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """Let the time pass, and decode."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HurriedLoop)
        loop.pass_time(1.0)
        self.decoded += 1
        return self._decoder.decode(message, into)


def test_full_batches_do_not_wait(tmp_path: Path) -> None:
    """A batch goes out as soon as it is full; the last one when it is due."""
    rig = rig_with(tmp_path, *messages(25), max_points=10, max_delay="50s")
    sizes: list[tuple[float, int]] = []

    def answer(points: Sequence[Point]) -> Sequence[Rejection]:
        sizes.append((asyncio.get_running_loop().time() - 1000, len(points)))
        return ()

    rig.answer = answer
    hurry(rig.run_for(100))

    assert [size for _, size in sizes] == [10, 10, 5]
    assert [round(secs) for secs, _ in sizes] == [0, 0, 50]


@pytest.mark.parametrize(
    ("topic", "payload", "batch"),
    [("elsewhere", b"good", {"max_points": 10}), ("rack1/climate", b"bad " * 250, {"max_bytes": "2000B"})],
    ids=["without points", "large"],
)
def test_what_makes_few_points_does_not_gather_without_end(
    tmp_path: Path, topic: str, payload: bytes, batch: dict[str, object]
) -> None:
    """A batch is also full with many messages that give no point, or with many bytes."""
    rig = rig_with(tmp_path, *messages(80, payload, topic=topic), max_delay="1000s", **batch)

    async def main() -> int:
        async with rig.running():
            await asyncio.sleep(10)
            return rig.ledger.position

    assert hurry(main()) == 80


def test_live_messages_follow(tmp_path: Path) -> None:
    """What comes while it runs is stored within the delay, accounted for a little later, and then released."""
    rig = rig_with(tmp_path)

    async def main() -> tuple[list[int], dict[str, int], int]:
        async with rig.running():
            await asyncio.sleep(100)
            rig.journal.append(*messages(3))
            await asyncio.sleep(1.1)
            stored = times(rig)
            await asyncio.sleep(5.1)
            return stored, rig.saved(), rig.released

    assert hurry(main()) == ([0, 10, 20], {"stored": 3, "points": 3}, 3)


def test_everything_counts_once(tmp_path: Path) -> None:
    """Stored, set aside, unrouted, ignored, dropped and damaged add up to what was journaled."""
    slots: list[Message | LossReason] = [
        *messages(2),
        *messages(3, b"bad half bad", begin=2),
        LossReason.DAMAGED,
        LossReason.DAMAGED,
        LossReason.DROPPED,
        *messages(4, b"bad", begin=8),
        *messages(1, topic="elsewhere", begin=12),
        message(b"good", received_ns=130, flags=1),
    ]
    rig = rig_with(tmp_path, *slots)
    hurry(rig.run_for(0))
    stats = rig.stats()

    assert (stats.stored, stats.set_aside, stats.unrouted, stats.ignored) == (5, 4, 1, 1)
    assert (stats.dropped, stats.damaged, stats.pending) == (1, 2, 0)
    assert (stats.journaled, stats.points, stats.fields_set_aside) == (14, 5, 3)


def test_store_that_is_away_is_a_fault_and_no_loss(tmp_path: Path) -> None:
    """While the store is away all is pending, with its words and an age; afterwards all is stored."""
    rig = rig_with(tmp_path, *messages(3, begin=1))

    async def main() -> None:
        rig.answer = away
        async with rig.running():
            await asyncio.sleep(500)
            during = rig.stats(now_ns=10 + 2 * 10**9)
            rig.answer = lambda _: ()
            await asyncio.sleep(100)
            after = rig.stats()
        assert (during.pending, during.stored, during.fault, during.lag_secs) == (3, 0, "connection refused", 2.0)
        assert (after.pending, after.stored, after.fault, after.lag_secs) == (0, 3, None, 0.0)

    hurry(main())


def test_state_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """While `state.db` refuses, readings are stored all the same; the fault is told, and ends by itself."""
    rig = rig_with(tmp_path, *messages(5), *messages(5, b"bad", begin=5))

    async def main() -> None:
        rig.state.before = refuse
        async with rig.running():
            await asyncio.sleep(60)
            during, released, on_disk = rig.stats(), rig.released, rig.saved()
            rig.state.before = lambda: None
            await asyncio.sleep(10)
            after = rig.stats()
        assert (during.stored, during.set_aside, during.fault) == (5, 5, "disk is full")
        assert (released, on_disk) == (0, {})
        assert (after.stored, after.set_aside, after.fault) == (5, 5, None)

    hurry(main())

    assert rig.saved() == {"stored": 5, "points": 5, "set_aside": 5}
    assert [letter.position for letter in letters(rig)] == [5, 6, 7, 8, 9]


def test_unsaved_letters_are_bounded(tmp_path: Path) -> None:
    """While `state.db` refuses, reading goes on only as long as what must be remembered stays small."""
    payload = b"bad " + b"bad" * 50_000
    rig = rig_with(tmp_path, *messages(100, payload))

    async def main() -> None:
        rig.state.before = refuse
        async with rig.running():
            await asyncio.sleep(600)
            during = rig.ledger.unsaved_bytes
            rig.state.before = lambda: None
            await asyncio.sleep(10)
        assert during < 10 * 2**20

    hurry(main())

    assert rig.stats().journaled == 100
    assert sum(rig.saved().get(name, 0) for name in ("stored", "set_aside")) == 100


def test_fault_of_an_idle_state_ends_by_itself(tmp_path: Path) -> None:
    """A state that once could not be asked is no fault for ever where nothing new comes."""
    rig = rig_with(tmp_path)

    async def main() -> tuple[str | None, str | None]:
        rig.state.before = refuse
        async with rig.running():
            await asyncio.sleep(1)
            at_first = rig.stats().fault
            rig.state.before = lambda: None
            await asyncio.sleep(10)
            later = rig.stats().fault
        return at_first, later

    assert hurry(main()) == ("disk is full", None)


@pytest.mark.parametrize("secs", [0, 0.5, 1.0, 2.0, 3.0, 5.0])
def test_stop_may_come_at_any_time(tmp_path: Path, secs: float) -> None:
    """Also at the moment at which a batch is due."""
    rig = rig_with(tmp_path, *messages(3))
    hurry(rig.run_for(secs))

    assert rig.saved() == {"stored": 3, "points": 3}


def test_cancelled_while_the_store_is_away(tmp_path: Path) -> None:
    """A stop that takes too long is cut short; the next start writes what is left, once."""
    rig = rig_with(tmp_path, *messages(10))

    async def main() -> None:
        rig.answer = away
        delivery = rig.start()
        run = asyncio.create_task(delivery.run())
        await asyncio.sleep(3)
        delivery.stop()
        await asyncio.wait([run], timeout=8)
        assert not run.done()
        run.cancel()
        await asyncio.wait([run])
        rig.answer = lambda _: ()

    hurry(main())
    hurry(rig.run_for(0))

    assert rig.saved() == {"stored": 10, "points": 10}
