"""Delivery of what was set aside or held: tried again when that may help."""

import asyncio
from pathlib import Path

import pytest

from ingestor.deadletters import DeadLetter
from tests.delivery.rig import hurry
from tests.delivery.test_loop import letters, mark_all, messages, rig_with, times


def test_replay_after_a_fix_moves_the_counts(tmp_path: Path) -> None:
    """What was set aside is stored at its first time, its letters are gone, and it counts as stored."""
    rig = rig_with(tmp_path, *messages(3, b"bad"), *messages(2, b"half", begin=3))
    hurry(rig.run_for(0))
    before = rig.saved()
    rig.decoders.mended = True
    mark_all(rig)
    hurry(rig.run_for(10))

    assert (before["set_aside"], before["stored"], len(before)) == (3, 2, 4)
    assert rig.saved()["stored"] == 5
    assert "set_aside" not in rig.saved()
    assert letters(rig) == []
    assert {key[3]: fields for key, fields in rig.store.points.items()} == {
        time: {"temperature": float(time), "humidity": time / 2} for time in (0, 10, 20, 30, 40)
    }


def test_replay_without_a_fix_changes_no_count(tmp_path: Path) -> None:
    """What is still wrong stays a letter, no longer marked, and counts as before."""
    rig = rig_with(tmp_path, *messages(3, b"bad"), *messages(2, b"half", begin=3))
    hurry(rig.run_for(0))
    mark_all(rig)
    hurry(rig.run_for(10))

    assert {name: rig.saved()[name] for name in ("stored", "set_aside")} == {"stored": 2, "set_aside": 3}
    assert [(letter.position, letter.replay) for letter in letters(rig)] == [(at, False) for at in range(5)]


@pytest.mark.parametrize(("payload", "counted"), [(b"bad", "set_aside"), (b"half", "stored")])
def test_replay_of_what_no_route_takes_any_more(tmp_path: Path, payload: bytes, counted: str) -> None:
    """It stays a letter that says so, and counts as before: what is in the store already remains there."""
    rig = rig_with(tmp_path, *messages(1, payload))
    hurry(rig.run_for(0))
    del rig.decoders.by_topic["rack1/climate"]
    mark_all(rig)
    hurry(rig.run_for(10))

    assert [(letter.reason, letter.replay) for letter in letters(rig)] == [("unrouted", False)]
    assert rig.saved()[counted] == 1


def test_long_replay_goes_on_beside_live_traffic(tmp_path: Path) -> None:
    """More letters than fit into one round are all tried again, and what comes meanwhile is not kept waiting."""
    rig = rig_with(tmp_path, *messages(1300, b"bad"))
    hurry(rig.run_for(0))
    rig.decoders.mended = True
    mark_all(rig)
    rig.journal.append(*messages(10, begin=1300))
    hurry(rig.run_for(10))

    assert rig.saved()["stored"] == 1310
    assert len(rig.store.points) == 1310


def test_held_points_flow_when_their_bucket_is_mended(tmp_path: Path) -> None:
    """Nobody has to ask for it; until then they are pending, and the other bucket's are stored."""
    rig = rig_with(tmp_path, *messages(2, topic="lab/climate"), *messages(2, begin=2))

    async def main() -> None:
        rig.break_buckets("Lab")
        async with rig.running():
            await asyncio.sleep(300)
            during = rig.stats()
            rig.break_buckets()
            await asyncio.sleep(70)
            after = rig.stats()
        assert (during.stored, during.held, during.pending) == (2, 2, 2)
        assert during.fault == "bucket Lab: no rights"
        assert (after.stored, after.held, after.pending, after.fault) == (4, 0, 0, None)

    hurry(main())

    assert letters(rig) == []
    assert sorted(times(rig)) == [0, 10, 20, 30]


def test_a_bucket_that_stays_broken_keeps_back_no_other(tmp_path: Path) -> None:
    """Of two broken buckets the one that is mended gets its points, while live traffic meets the other."""
    rig = rig_with(tmp_path, *messages(600, topic="lab/climate"), *messages(2, begin=600))

    async def main() -> None:
        rig.break_buckets("Lab", "Farm")
        async with rig.running():
            await asyncio.sleep(30)
            rig.break_buckets("Lab")
            for at in range(100):
                rig.journal.append(*messages(1, topic="lab/climate", begin=700 + at))
                await asyncio.sleep(1)
            stats = rig.stats()
        assert (stats.stored, stats.pending) == (2, 700)

    hurry(main())


def test_waiting_for_a_bucket_writes_nothing(tmp_path: Path) -> None:
    """Trying a broken bucket again and again does not wear out the disk."""
    rig = rig_with(tmp_path, *messages(5, topic="lab/climate"))

    async def main() -> tuple[list[DeadLetter], list[DeadLetter]]:
        rig.break_buckets("Lab")
        async with rig.running():
            await asyncio.sleep(20)
            first, tried = letters(rig), rig.store.writes
            await asyncio.sleep(600)
            assert rig.store.writes >= tried + 9
            last = letters(rig)
        return first, last

    first, last = hurry(main())

    assert [letter.id for letter in first] == [letter.id for letter in last]


def test_without_room_to_hold_the_store_waits(tmp_path: Path) -> None:
    """When held letters reach the bound, the cursor stays; nothing is put out, and all flows in the end."""
    rig = rig_with(tmp_path, *messages(100, topic="lab/climate"), max_points=10)
    rig.letter_bytes = 2**13

    async def main() -> None:
        rig.break_buckets("Lab")
        async with rig.running():
            for _ in range(20):
                await asyncio.sleep(10)
                rig.journal.append(*messages(10, topic="lab/climate", begin=len(rig.journal.slots)))
            during = rig.stats()
            rig.break_buckets()
            await asyncio.sleep(200)
            after = rig.stats()
        assert 0 < during.held < 250
        assert during.pending == during.journaled == 300
        assert during.fault is not None
        assert "no room to hold more" in during.fault
        assert (after.stored, after.pending) == (300, 0)

    hurry(main())

    assert len(rig.store.points) == 300
