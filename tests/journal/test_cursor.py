"""Reading at one's own pace."""

import asyncio
from pathlib import Path

import pytest

from ingestor.journal import Cursor, Journal
from ingestor.journal.reader import FileReader
from ingestor.ports import Chunk
from tests.journal.support import messages, number, numbers, read_until, write
from tests.support import LOOPS, run


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("tail_bytes", [0, 2000, 10**6])
def test_bounds_are_kept_wherever_messages_come_from(tmp_path: Path, tail_bytes: int, loop: str) -> None:
    """From memory and from disk, no chunk is larger than asked for, none empty, and none missing."""

    async def main() -> list[int]:
        async with Journal(tmp_path, tail_bytes=tail_bytes) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(100))
            sizes = []
            expected = 0
            while not cursor.at_end:
                chunk = await cursor.read(max_messages=7, max_bytes=1200)
                assert isinstance(chunk, Chunk)
                assert chunk.position == expected
                expected = chunk.end
                sizes.append(len(chunk.messages))
            assert expected == 100
            return sizes

    sizes = run(main(), loop=loop)

    assert max(sizes) == 4
    assert min(sizes) >= 1


@pytest.mark.parametrize("loop", LOOPS)
def test_reading_waits_for_the_next_message(tmp_path: Path, loop: str) -> None:
    """At the end a read is pending until something is on disk."""

    async def main() -> tuple[bool, list[int]]:
        async with Journal(tmp_path, group_ms=1) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            waiting = asyncio.create_task(cursor.read(max_messages=9, max_bytes=2**20))
            await asyncio.sleep(0)
            pending = not waiting.done()
            await journal.append(messages(1))
            return pending, numbers([await waiting])

    assert run(main(), loop=loop) == (True, [0])


def test_a_cancelled_read_skips_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often reads are cancelled at whatever moment, every message comes once."""
    concurrent = 0
    real = FileReader.read

    def counting(self: FileReader, position: int) -> object:
        nonlocal concurrent
        concurrent += 1
        assert concurrent == 1
        try:
            return real(self, position)
        finally:
            concurrent -= 1

    monkeypatch.setattr(FileReader, "read", counting)

    async def main() -> list[int]:
        found: list[int] = []
        async with Journal(tmp_path, tail_bytes=3000, segment_bytes=9000) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(600))
            steps = 0
            while not cursor.at_end:
                steps = (steps + 1) % 5
                task = asyncio.create_task(cursor.read(max_messages=13, max_bytes=2**20))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    found += numbers([await task])
                except asyncio.CancelledError:
                    assert cursor.position == len(found)
        return found

    assert run(main()) == list(range(600))


def test_reading_without_waiting(tmp_path: Path) -> None:
    """`read_nowait` gives what is in memory, and None where `wait` has to come first."""

    async def main() -> list[object]:
        async with Journal(tmp_path, tail_bytes=0) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(32))
            before = (cursor.ready(), cursor.read_nowait(max_messages=5, max_bytes=2**20))
            await cursor.wait()
            ready = cursor.ready()
            chunk = cursor.read_nowait(max_messages=5, max_bytes=2**20)
            assert isinstance(chunk, Chunk)
            return [before, ready, [number(message) for message in chunk.messages]]

    assert run(main()) == [(False, None), True, [0, 1, 2, 3, 4]]


def test_the_end_is_where_everything_on_disk_was_read(tmp_path: Path) -> None:
    """A cursor is at the end when there is nothing, and again when it has read what came."""

    async def main() -> list[bool]:
        async with Journal(tmp_path) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            found = [cursor.at_end]
            await write(journal, messages(16))
            found.append(cursor.at_end)
            await read_until(cursor, 16)
            return [*found, cursor.at_end]

    assert run(main()) == [True, False, True]


def test_cursors_do_not_disturb_each_other(tmp_path: Path) -> None:
    """A slow one reads from files what a fast one got from memory, at the same time."""

    async def main() -> tuple[list[int], list[int]]:
        async with Journal(tmp_path, tail_bytes=5000, segment_bytes=9000) as journal:
            fast = journal.cursor("fast", 0, when_full="pause")
            slow = journal.cursor("slow", 0, when_full="pause")
            reading = asyncio.create_task(read_until(fast, 800))
            await write(journal, messages(800))
            return numbers(await reading), numbers(await read_until(slow, 800, max_messages=11))

    assert run(main()) == (list(range(800)), list(range(800)))


def test_what_is_released_never_goes_back(tmp_path: Path) -> None:
    """A release of an older position changes nothing."""

    async def main() -> tuple[int, bool]:
        async with Journal(tmp_path) as journal:
            cursor = journal.cursor("local", 10, when_full="drop_oldest")
            cursor.release(20)
            cursor.release(15)
            return cursor.need.position, cursor.need.yields

    assert run(main()) == (20, True)


def test_a_file_that_cannot_be_read_for_now_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system while reading delays the cursor and loses nothing."""
    real, failures = FileReader.read, [OSError(24, "Too many open files")]

    def failing(self: FileReader, position: int) -> object:
        if failures:
            raise failures.pop()
        return real(self, position)

    monkeypatch.setattr(FileReader, "read", failing)
    monkeypatch.setattr("ingestor.journal.cursor._RETRY_SECS", 0.001)

    async def main() -> list[int]:
        async with Journal(tmp_path, tail_bytes=0) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(16))
            return numbers(await read_until(cursor, 16))

    assert run(main()) == list(range(16))
    assert failures == []


def test_closing_while_a_file_is_read_lets_go_of_it(tmp_path: Path) -> None:
    """A read that was cancelled and is still going on in its thread is ended in good order."""

    async def main() -> Cursor:
        async with Journal(tmp_path, tail_bytes=0) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(160))
            reading = asyncio.create_task(cursor.wait())
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
        return cursor

    assert run(main()).position == 0
