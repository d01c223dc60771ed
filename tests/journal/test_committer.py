"""The task that writes."""

import asyncio
import errno
import threading
from pathlib import Path

import pytest

from ingestor.journal import Journal
from ingestor.journal.disk import Disk
from ingestor.journal.shelf import Shelf
from ingestor.ports import Chunk, LossReason, Lost
from tests.journal.support import (
    NEVER_MS,
    FailingDisk,
    SmallDisk,
    losses,
    messages,
    numbers,
    read_until,
    segment_files,
    write,
)
from tests.support import eventually_async, run


def test_the_next_group_forms_while_the_last_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are never two writes at once, and what comes meanwhile is written together."""
    groups: list[int] = []
    writing = False
    real = Shelf.append

    def append(self: Shelf, batch: list[object], *, first: int) -> None:
        nonlocal writing
        assert not writing
        writing = True
        groups.append(len(batch))
        real(self, batch, first=first)  # type: ignore[arg-type] # only handed on
        writing = False

    monkeypatch.setattr(Shelf, "append", append)

    async def main() -> None:
        async with Journal(tmp_path) as journal:
            first = journal.append(messages(16))
            await eventually_async(lambda: bool(groups))
            rest = [journal.append(messages(1, start=16 + at)) for at in range(40)]
            await asyncio.gather(first, *rest)

    run(main())

    assert groups == [16, 40]


class _Gate(Disk):
    """A disk whose syncs wait until they are let through."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def sync(self, file: int) -> None:
        self.waiting.set()
        self.open.wait(20)
        super().sync(file)


def test_nothing_is_acknowledged_or_read_before_it_is_durable(tmp_path: Path) -> None:
    """While the disk is still busy with the sync, the future waits, and so do cursors; the loop does not."""
    disk = _Gate()

    async def main() -> tuple[bool, bool, list[int]]:
        async with Journal(tmp_path, disk=disk) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            disk.open.clear()
            disk.waiting.clear()
            done = journal.append(messages(16))
            await eventually_async(disk.waiting.is_set)
            early = done.done(), not cursor.at_end
            disk.open.set()
            await done
            return *early, numbers(await read_until(cursor, 16))

    assert run(main()) == (False, False, list(range(16)))


def test_futures_are_done_in_order(tmp_path: Path) -> None:
    """An append is never on disk before those that came before it."""

    async def main() -> list[int]:
        order: list[int] = []
        async with Journal(tmp_path, segment_bytes=3000, group_ms=1) as journal:
            futures = [journal.append(messages(1 + at % 9, start=at * 10)) for at in range(60)]
            for at, future in enumerate(futures):
                future.add_done_callback(lambda _, at=at: order.append(at))  # type: ignore[misc] # the usual default
            await asyncio.gather(*futures)
        return order

    assert run(main()) == list(range(60))


def test_an_append_of_nothing_is_done(tmp_path: Path) -> None:
    """Nothing is on disk at once."""

    async def main() -> tuple[bool, int]:
        async with Journal(tmp_path, group_ms=NEVER_MS) as journal:
            return journal.append([]).done(), journal.end

    assert run(main()) == (True, 0)


def test_what_waits_is_counted_as_backlog(tmp_path: Path) -> None:
    """The backlog grows with what is appended, and is gone when that is on disk."""

    async def main() -> tuple[int, int, int]:
        async with Journal(tmp_path, group_ms=NEVER_MS) as journal:
            journal.append(messages(1, payload_bytes=1000))
            one = journal.backlog_bytes
            waiting = journal.append(messages(15, start=1, payload_bytes=1000))
            many = journal.backlog_bytes
            await waiting
            return one, many, journal.backlog_bytes

    one, many, none = run(main())

    assert one > 1000
    assert many > 16_000
    assert none == 0


def test_messages_are_kept_as_long_as_configured(tmp_path: Path) -> None:
    """Released files stay until their newest message is old enough."""
    now_ns = 10**9

    async def main() -> tuple[int, int]:
        nonlocal now_ns
        async with Journal(tmp_path, segment_bytes=5000, keep_secs=1, now_ns=lambda: now_ns) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(500, flags=0))
            cursor.release(400)
            await write(journal, messages(16, start=500, flags=0))
            before = journal.start
            now_ns += 10**6
            cursor.release(500)
            await eventually_async(lambda: journal.start > 400)
            return before, journal.start

    before, after = run(main())

    assert before == 0
    assert after <= 500


def test_memory_is_let_go_of_when_all_have_read(tmp_path: Path) -> None:
    """Messages that every cursor has read do not stay in memory until the bound is reached."""

    async def main() -> tuple[int, int]:
        async with Journal(tmp_path) as journal:
            one = journal.cursor("one", 0, when_full="pause")
            two = journal.cursor("two", 0, when_full="pause")
            await write(journal, messages(160))
            await read_until(one, 160)
            await read_until(two, 80, max_messages=16)
            await write(journal, messages(16, start=160))
            before = journal._tail.start
            await read_until(two, 160)
            await write(journal, messages(16, start=176))
            return before, journal._tail.start

    assert run(main()) == (80, 160)


def test_files_that_cannot_be_deleted_do_not_stop_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing deletion is tried again with the next release."""
    real, failures = Shelf.delete, [PermissionError(1, "not permitted")]

    def delete(self: Shelf, count: int) -> None:
        if failures:
            raise failures.pop()
        real(self, count)

    monkeypatch.setattr(Shelf, "delete", delete)

    async def main() -> None:
        async with Journal(tmp_path, segment_bytes=5000) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(500, flags=0))
            cursor.release(300)
            await eventually_async(lambda: not failures)
            await write(journal, messages(16, start=500, flags=0))
            await read_until(cursor, 516)
            cursor.release(516)
            await eventually_async(lambda: journal.segments == 1)

    run(main())

    assert len(segment_files(tmp_path)) == 1


def test_a_full_journal_tries_again_to_delete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When room fails to be made, appends wait for the next attempt, not for a release that need not come."""
    real, failures = Shelf.delete, [PermissionError(1, "not permitted")]

    def delete(self: Shelf, count: int) -> None:
        if failures:
            raise failures.pop()
        real(self, count)

    monkeypatch.setattr(Shelf, "delete", delete)

    async def main() -> int:
        async with Journal(tmp_path, max_bytes=40_000) as journal:
            journal.cursor("local", 0, when_full="drop_oldest")
            await write(journal, messages(1600))
            return journal.end

    assert run(main()) == 1600
    assert failures == []


def test_a_fault_of_the_code_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing ends by an error that is no disk's, those who wait get it, and so does who closes."""

    def append(self: Shelf, batch: object, *, first: int) -> None:
        del self, batch, first
        raise ZeroDivisionError

    monkeypatch.setattr(Shelf, "append", append)

    async def main() -> tuple[str | None, bool]:
        journal = Journal(tmp_path)
        await journal.__aenter__()
        with pytest.raises(ZeroDivisionError):
            await journal.append(messages(16))
        fault, later = journal.fault, journal.append(messages(1)).cancelled()
        with pytest.raises(ZeroDivisionError):
            await journal.__aexit__(None, None, None)
        return fault, later

    assert run(main()) == ("stopped: ZeroDivisionError()", True)


def test_a_message_larger_than_the_journal_gets_through(tmp_path: Path) -> None:
    """The bound never makes a message wait for ever: into an empty journal it goes in any case."""

    async def main() -> list[int]:
        async with Journal(tmp_path, max_bytes=20_000, group_ms=1) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(32))
            cursor.release(32)
            await journal.append(messages(1, start=32, payload_bytes=100_000))
            cursor.release(33)
            await journal.append(messages(1, start=33))
            return numbers(await read_until(cursor, 34))

    assert run(main())[-1] == 33


@pytest.mark.parametrize("part", [0, 1, 60, 500])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failing_write_acknowledges_nothing_and_loses_nothing(tmp_path: Path, part: int, code: int) -> None:
    """While the disk fails the future waits and the fault is told; then all is written, once."""
    disk = FailingDisk()

    async def main() -> tuple[bool, str | None, list[int]]:
        async with Journal(tmp_path, disk=disk) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(32))
            disk.written, disk.write_error = part, code
            waiting = journal.append(messages(16, start=32))
            await eventually_async(lambda: disk.failures > 1)
            pending, fault = not waiting.done(), journal.fault
            disk.write_error = None
            await waiting
            assert journal.fault is None
            return pending, fault, numbers(await read_until(cursor, 48))

    pending, fault, found = run(main())

    assert pending
    assert fault
    assert "cannot write" in fault
    assert found == list(range(48))


def test_a_file_whose_sync_failed_is_not_trusted_again(tmp_path: Path) -> None:
    """The group goes into a new file, and stands in the journal once, also after a restart."""
    disk = FailingDisk()

    async def main() -> tuple[int, list[int], list[int]]:
        async with Journal(tmp_path, disk=disk) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(32))
            disk.sync_error = disk.truncate_error = errno.EIO
            waiting = journal.append(messages(16, start=32))
            await eventually_async(lambda: disk.failures > 2)
            disk.sync_error = disk.truncate_error = None
            await waiting
            await write(journal, messages(16, start=48))
            live = numbers(await read_until(cursor, 64))
        async with Journal(tmp_path) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            return journal.segments, live, numbers(await read_until(cursor, 64))

    segments, live, again = run(main())

    assert segments == 2
    assert live == again == list(range(64))


def test_a_full_disk_takes_what_a_cursor_lets_go(tmp_path: Path) -> None:
    """When the disk is full before the journal is, drop_oldest makes room as well."""
    disk = SmallDisk(tmp_path, 30_000)

    async def main() -> list[Chunk | Lost]:
        async with Journal(tmp_path, segment_bytes=5000, disk=disk, tail_bytes=0) as journal:
            cursor = journal.cursor("local", 0, when_full="drop_oldest")
            await write(journal, messages(1600))
            return await read_until(cursor, 1600)

    found = run(main())
    lost = losses(found)

    assert [(loss.position, loss.why) for loss in lost] == [(0, LossReason.DROPPED)]
    assert numbers(found) == list(range(lost[0].missing, 1600))
