"""A full journal: who is waited for, and what is dropped."""

import asyncio
from pathlib import Path

import pytest

from ingestor.journal import Journal, committer
from ingestor.journal.committer import Committer
from ingestor.ports import Chunk, LossReason, Lost
from tests.journal.support import (
    losses,
    messages,
    numbers,
    read_until,
    write,
)
from tests.support import eventually_async, run


def test_a_full_journal_waits_for_a_cursor_that_pauses(tmp_path: Path) -> None:
    """Appends stay pending while the journal is full, and go on as soon as a release makes room."""

    async def main() -> tuple[int, bool, list[int]]:
        async with Journal(tmp_path, max_bytes=40_000) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            appends = [journal.append(messages(16, start=start)) for start in range(0, 1600, 16)]
            await eventually_async(lambda: journal.full)
            at_bound, waiting = journal.bytes, journal.backlog_bytes > 0 and not appends[-1].done()
            found: list[Chunk | Lost] = []
            while cursor.position < 1600:
                found.append(await cursor.read(max_messages=50, max_bytes=2**20))
                cursor.release(cursor.position)
            await asyncio.gather(*appends)
            assert not journal.full
            return at_bound, waiting, numbers(found)

    at_bound, waiting, found = run(main())

    assert 30_000 < at_bound <= 40_000
    assert waiting
    assert found == list(range(1600))


def test_a_full_journal_drops_what_a_cursor_lets_go(tmp_path: Path) -> None:
    """With drop_oldest nothing waits, and the cursor is told exactly what is gone."""

    async def main() -> tuple[list[Chunk | Lost], int]:
        async with Journal(tmp_path, max_bytes=40_000, tail_bytes=0) as journal:
            cursor = journal.cursor("local", 0, when_full="drop_oldest")
            await write(journal, messages(1600))
            return await read_until(cursor, 1600), journal.bytes

    found, size = run(main())
    lost = losses(found)

    assert size <= 40_000
    assert [(loss.position, loss.why) for loss in lost] == [(0, LossReason.DROPPED)]
    assert numbers(found) == list(range(lost[0].missing, 1600))


def test_a_store_that_is_away_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has read and does not release is dropped after one wait in vain, not after one for each file."""
    waits = []
    real = Committer._released_soon

    async def released_soon(self: Committer) -> bool:
        waits.append(self.end)
        return await real(self)

    monkeypatch.setattr(Committer, "_released_soon", released_soon)
    monkeypatch.setattr(committer, "_UNSAVED_SECS", 0.05)

    async def main() -> int:
        async with Journal(tmp_path, max_bytes=40_000) as journal:
            cursor = journal.cursor("away", 0, when_full="drop_oldest")
            for start in range(0, 3200, 16):
                await write(journal, messages(16, start=start))
                while not cursor.at_end:
                    await cursor.read(max_messages=50, max_bytes=2**20)
            return journal.start

    assert run(main()) > 1600
    assert len(waits) == 1


def test_one_cursor_that_pauses_protects_what_it_needs(tmp_path: Path) -> None:
    """A segment is dropped only when every cursor that still needs it lets it go."""

    async def main() -> tuple[bool, int]:
        async with Journal(tmp_path, max_bytes=40_000) as journal:
            journal.cursor("fast", 0, when_full="drop_oldest")
            slow = journal.cursor("slow", 0, when_full="pause")
            appends = [journal.append(messages(16, start=start)) for start in range(0, 1600, 16)]
            await eventually_async(lambda: journal.full)
            kept = journal.start == 0
            slow.release(1600)
            await asyncio.gather(*appends)
            return kept, journal.start

    kept, start = run(main())

    assert kept
    assert start > 0
