"""The journal as a whole: durable, in order, bounded, and open about what it lost."""

import asyncio
import errno
import subprocess
import sys
from pathlib import Path

import pytest

from ingestor.errors import DataDirError
from ingestor.journal import Journal
from ingestor.ports import Chunk, Log, LossReason, Lost
from tests.journal.machine import JournalMachine
from tests.journal.support import (
    NEVER_MS,
    FailingDisk,
    frame_offsets,
    losses,
    messages,
    numbers,
    overwrite,
    read_until,
    segment_files,
    write,
)
from tests.support import LOOPS, eventually_async, run


@pytest.mark.parametrize("loop", LOOPS)
def test_what_was_appended_is_read_in_order(tmp_path: Path, loop: str) -> None:
    """A cursor gives every message once, in order, the very objects while it keeps up."""
    batch = messages(1000)

    async def main() -> list[Chunk | Lost]:
        async with Journal(tmp_path) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            log: Log = journal
            await log.append(batch)
            return await read_until(cursor, 1000)

    found = run(main(), loop=loop)

    assert numbers(found) == list(range(1000))
    assert all(
        message is batch[position]
        for chunk in found
        if isinstance(chunk, Chunk)
        for position, message in enumerate(chunk.messages, chunk.position)
    )


@pytest.mark.parametrize("loop", LOOPS)
def test_messages_survive_a_restart(tmp_path: Path, loop: str) -> None:
    """After closing and opening again everything is read from the files, and positions go on."""

    async def main() -> tuple[list[int], int, int]:
        async with Journal(tmp_path, segment_bytes=20_000) as journal:
            await write(journal, messages(500))
        async with Journal(tmp_path, segment_bytes=20_000) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(500, start=500))
            return numbers(await read_until(cursor, 1000)), journal.end, journal.segments

    found, end, segments = run(main(), loop=loop)

    assert found == list(range(1000))
    assert end == 1000
    assert segments > 2


def test_a_cursor_begins_anywhere(tmp_path: Path) -> None:
    """A position in the middle of a frame, of a file, or at the end is where reading begins."""

    async def main() -> list[list[int]]:
        async with Journal(tmp_path, segment_bytes=5000, tail_bytes=0) as journal:
            await write(journal, messages(500))
            starts = (0, 7, 16, 250, 499)
            cursors = [journal.cursor(str(start), start, when_full="pause") for start in starts]
            return [numbers(await read_until(cursor, 500, max_messages=30)) for cursor in cursors]

    found = run(main())

    assert found == [list(range(start, 500)) for start in (0, 7, 16, 250, 499)]


def test_sixteen_waiting_messages_are_a_group(tmp_path: Path) -> None:
    """A broker that hands out 20 messages and waits for acknowledgement is not kept waiting for group_ms."""

    async def main() -> tuple[bool, int]:
        async with Journal(tmp_path, group_ms=NEVER_MS) as journal:
            first = journal.append(messages(15))
            await asyncio.sleep(0)
            waited = not first.done()
            await journal.append(messages(1, start=15))
            return waited, journal.end

    assert run(main()) == (True, 16)


def test_a_single_message_waits_for_group_ms(tmp_path: Path) -> None:
    """A message that comes alone is written when its time is up."""

    async def main() -> int:
        async with Journal(tmp_path, group_ms=5) as journal:
            await journal.append(messages(1))
            return journal.end

    assert run(main()) == 1


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    """Leaving the journal makes a group of whatever waits for one."""

    async def main() -> bool:
        async with Journal(tmp_path, group_ms=NEVER_MS) as journal:
            waiting = journal.append(messages(3))
        return waiting.done() and not waiting.cancelled()

    assert run(main())


def test_closing_cancels_what_cannot_be_written(tmp_path: Path) -> None:
    """A disk that fails at the end leaves no future pending, and none done."""
    disk = FailingDisk()

    async def main() -> tuple[bool, bool]:
        async with Journal(tmp_path, disk=disk, close_secs=0.05) as journal:
            disk.write_error = errno.EIO
            waiting = journal.append(messages(3))
        return waiting.cancelled(), journal.append(messages(1)).cancelled()

    assert run(main()) == (True, True)


def test_only_one_process_writes(tmp_path: Path) -> None:
    """A second journal on the same folder is refused in words, and the first goes on."""

    async def main() -> None:
        async with Journal(tmp_path) as journal:
            with pytest.raises(DataDirError, match=r"in use by another ingestor \(process \d+\)"):
                await Journal(tmp_path).__aenter__()
            await journal.append(messages(1))

    run(main())


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in the folder's place gives one clear line."""
    (tmp_path / "journal").write_text("")

    async def main() -> None:
        with pytest.raises(DataDirError, match="journal cannot be used"):
            await Journal(tmp_path / "journal").__aenter__()

    run(main())


def test_released_files_are_deleted(tmp_path: Path) -> None:
    """What every cursor has released, and the broker cannot send again, goes; positions go on."""

    async def main() -> tuple[int, int, int]:
        async with Journal(tmp_path, segment_bytes=5000) as journal:
            one = journal.cursor("one", 0, when_full="pause")
            two = journal.cursor("two", 0, when_full="pause")
            await write(journal, messages(1000, flags=0))
            before = journal.segments
            one.release(1000)
            two.release(500)
            await eventually_async(lambda: journal.start > 0)
            start = journal.start
            two.release(1000)
            await eventually_async(lambda: journal.segments == 1)
            return before, start, journal.end

    before, start, end = run(main())

    assert before > 5
    assert 0 < start <= 500
    assert end == 1000


def test_what_the_broker_may_send_again_stays(tmp_path: Path) -> None:
    """Released QoS 1 messages stay while they are among the newest 65,535."""

    async def main() -> tuple[int, list[int]]:
        async with Journal(tmp_path, segment_bytes=5000) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(500))
            cursor.release(500)
            await write(journal, messages(16, start=500))
            return journal.start, [packet_id for packet_id, _, _ in journal.unacknowledged()]

    start, packet_ids = run(main())

    assert start == 0
    assert packet_ids == list(range(1, 517))


def test_times_of_receipt_go_on_after_a_restart(tmp_path: Path) -> None:
    """The clock of a journal never gives out a time that is not later than all in it."""

    async def main() -> int:
        async with Journal(tmp_path) as journal:
            await journal.append([messages(1)[0]._replace(received_ns=10**18)])
        async with Journal(tmp_path) as journal:
            return journal.clock.take(1, now_ns=5)

    assert run(main()) == 10**18 + 1


async def _reopen(folder: Path, *, end: int) -> list[Chunk | Lost]:
    async with Journal(folder, segment_bytes=5000) as journal:
        cursor = journal.cursor("local", 0, when_full="pause")
        await write(journal, messages(16, start=end))
        return await read_until(cursor, journal.end)


async def _fill(folder: Path, count: int) -> None:
    async with Journal(folder, segment_bytes=5000) as journal:
        await write(journal, messages(count))


def test_a_torn_tail_is_cut(tmp_path: Path) -> None:
    """A frame that a crash left half written was never acknowledged: it goes without a trace."""
    run(_fill(tmp_path, 80))
    last = segment_files(tmp_path)[-1]
    last.write_bytes(last.read_bytes()[:-10])
    found = run(_reopen(tmp_path, end=64))

    assert losses(found) == []
    assert numbers(found) == list(range(80))


@pytest.mark.parametrize("inside", [0, 100], ids=["header", "body"])
def test_an_overwritten_page_costs_its_frames_alone(tmp_path: Path, inside: int) -> None:
    """Exactly the messages of the damaged frame are reported lost; the file is set aside in the end."""
    run(_fill(tmp_path, 800))
    target = segment_files(tmp_path)[1]
    first = int(target.name[:20])
    overwrite(target, frame_offsets(target)[1] + inside, b"\x00" * 60)
    found = run(_reopen(tmp_path, end=800))

    assert losses(found) == [Lost(first + 16, 16, LossReason.DAMAGED)]
    assert numbers(found) == [at for at in range(816) if not first + 16 <= at < first + 32]


def test_a_missing_segment_is_reported(tmp_path: Path) -> None:
    """A file that somebody deleted is a loss of exactly its messages."""
    run(_fill(tmp_path, 800))
    files = segment_files(tmp_path)
    first, after = int(files[2].name[:20]), int(files[3].name[:20])
    files[2].unlink()
    found = run(_reopen(tmp_path, end=800))

    assert losses(found) == [Lost(first, after - first, LossReason.DAMAGED)]
    assert numbers(found) == [at for at in range(816) if not first <= at < after]


def test_damage_at_the_end_uses_no_position_twice(tmp_path: Path) -> None:
    """When the newest frame is damaged, its positions are lost, not given to new messages."""
    run(_fill(tmp_path, 80))
    last = segment_files(tmp_path)[-1]
    overwrite(last, frame_offsets(last)[-1] + 60, b"\x00" * 20)
    found = run(_reopen(tmp_path, end=80))

    assert losses(found) == [Lost(64, 16, LossReason.DAMAGED)]
    assert numbers(found)[-16:] == list(range(80, 96))


def test_a_cursor_beyond_the_end_moves_the_end(tmp_path: Path) -> None:
    """Files that vanished altogether do not let new messages take positions that a store has behind it."""

    async def main() -> tuple[list[Chunk | Lost], list[Chunk | Lost]]:
        async with Journal(tmp_path) as journal:
            ahead = journal.cursor("ahead", 100, when_full="pause")
            behind = journal.cursor("behind", 40, when_full="pause")
            await write(journal, messages(16, start=100))
            return await read_until(ahead, 116), await read_until(behind, 116)

    ahead, behind = run(main())

    assert numbers(ahead) == numbers(behind) == list(range(100, 116))
    assert losses(behind) == [Lost(40, 60, LossReason.DAMAGED)]


def test_nothing_is_kept_for_a_reader_that_retired(tmp_path: Path) -> None:
    """What it alone had kept goes, and its name is free."""

    async def main() -> tuple[int, int]:
        async with Journal(tmp_path, segment_bytes=5000) as journal:
            replay = journal.cursor("replay", 0, when_full="pause")
            local = journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(1000, flags=0))
            before = journal.segments
            local.release(1000)
            journal.retire(replay)
            await eventually_async(lambda: journal.segments == 1)
            return before, journal.cursor("replay", 1000, when_full="pause").position

    before, position = run(main())

    assert before > 5
    assert position == 1000


def test_a_share_of_the_journal_begins_later(tmp_path: Path) -> None:
    """The less of it, the later; all of it where it takes less."""

    async def main() -> list[int]:
        async with Journal(tmp_path, segment_bytes=5000, max_bytes=2**20) as journal:
            journal.cursor("local", 0, when_full="pause")
            await write(journal, messages(1000, flags=0))
            size = journal.bytes / 2**20
            return [journal.start_within(size * part) for part in (1.1, 0.5, 0.25, 0.0)]

    everything, half, quarter, nothing = run(main())

    assert everything == 0
    assert 400 < half < 600
    assert half < quarter < nothing == 1000


def test_two_cursors_of_one_name_are_refused(tmp_path: Path) -> None:
    """A name is a store's; two readers of it would be a mistake of the caller."""

    async def main() -> None:
        async with Journal(tmp_path) as journal:
            journal.cursor("local", 0, when_full="pause")
            with pytest.raises(ValueError, match="local"):
                journal.cursor("local", 0, when_full="pause")

    run(main())


WRITE_FOR_EVER = """
import asyncio, os, sys
from pathlib import Path
from ingestor.journal import Journal
from tests.journal.support import messages

async def main():
    async with Journal(Path(sys.argv[1]), segment_bytes=50_000, group_ms=1) as journal:
        while True:
            start = journal.end
            sizes = [1, 3, 40, 200, 7]
            waiting = [journal.append(messages(size, start=start + sum(sizes[:at]))) for at, size in enumerate(sizes)]
            for at, done in enumerate(waiting):
                await done
                os.write(1, b"%d\\n" % (start + sum(sizes[: at + 1])))

asyncio.run(main())
"""


def _write_until_killed(folder: Path, *, acknowledgements: int) -> int:
    """Run a process that appends, kill it without warning, and return how many messages it had been promised."""
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledgements)]
        process.kill()
        lines += process.stdout.readlines()
    return int([line for line in lines if line.endswith(b"\n")][-1])


def test_a_killed_process_loses_nothing_it_was_promised(tmp_path: Path) -> None:
    """After kill -9, again and again, every message whose future was done is there, once and in order."""

    async def read_all() -> list[int]:
        async with Journal(tmp_path, segment_bytes=50_000) as journal:
            cursor = journal.cursor("local", 0, when_full="pause")
            return numbers(await read_until(cursor, journal.end))

    for acknowledgements in (1, 2, 9, 30, 77):
        promised = _write_until_killed(tmp_path, acknowledgements=acknowledgements)
        found = run(read_all())

        assert len(found) >= promised
        assert found == list(range(len(found)))


TestAnyHistory = pytest.mark.timeout(300)(JournalMachine.TestCase)
"""A cursor reads what was appended, or is told what is lost, after any history of use, crashes and damage."""
