"""Looking into a journal from outside."""

from pathlib import Path

import pytest

from ingestor.journal import Journal, JournalFiles
from ingestor.ports import LossReason, Lost
from tests.journal.support import frame_offsets, losses, messages, number, overwrite, segment_files, write
from tests.support import run


async def _fill(folder: Path, count: int) -> None:
    async with Journal(folder, segment_bytes=5000) as journal:
        await write(journal, messages(count))


def test_facts_of_all_files(tmp_path: Path) -> None:
    """Positions, sizes and times of each file and of all together."""
    run(_fill(tmp_path, 800))
    info = JournalFiles(tmp_path).info()

    assert (info.start, info.end, info.oldest_ns, info.newest_ns) == (0, 800, 1, 800)
    assert [segment.file for segment in info.segments] == [path.name for path in segment_files(tmp_path)]
    assert info.bytes == sum(path.stat().st_size for path in segment_files(tmp_path))
    assert sum(segment.qos1 for segment in info.segments) == 800
    assert [segment.sealed for segment in info.segments] == [True] * (len(info.segments) - 1) + [False]
    assert not any(segment.damaged or segment.torn_bytes for segment in info.segments)
    assert info.set_aside == ()


def test_looking_while_the_journal_is_written(tmp_path: Path) -> None:
    """No lock is needed, and what is on disk by then is read."""

    async def main() -> tuple[list[int], int]:
        async with Journal(tmp_path) as journal:
            await write(journal, messages(160))
            files = JournalFiles(tmp_path)
            found = [position for position, _ in files.messages()]
            await write(journal, messages(16, start=160))
            return found, journal.end

    assert run(main()) == (list(range(160)), 176)


def test_messages_from_a_position(tmp_path: Path) -> None:
    """Each message comes with its position."""
    run(_fill(tmp_path, 320))
    found = list(JournalFiles(tmp_path).messages(75))

    assert [position for position, _ in found] == [number(message) for _, message in found] == list(range(75, 320))


def test_damage_is_told_and_passed_over(tmp_path: Path) -> None:
    """Chunks say what is lost between them; messages alone leave it out."""
    run(_fill(tmp_path, 320))
    path = segment_files(tmp_path)[0]
    overwrite(path, frame_offsets(path)[1] + 5, b"\xff" * 3)
    files = JournalFiles(tmp_path)

    assert losses(list(files.chunks())) == [Lost(16, 16, LossReason.DAMAGED)]
    assert [position for position, _ in files.messages()] == [*range(16), *range(32, 320)]


def test_a_torn_tail_is_shown(tmp_path: Path) -> None:
    """What a crash left behind the last whole frame is neither damage nor a message."""
    run(_fill(tmp_path, 32))
    (path,) = segment_files(tmp_path)
    torn = path.stat().st_size - frame_offsets(path)[-1] - 7
    path.write_bytes(path.read_bytes()[:-7])
    (segment,) = JournalFiles(tmp_path).info().segments

    assert (segment.end, segment.torn_bytes, segment.damaged) == (16, torn, False)
    assert path.stat().st_size == segment.bytes


def test_an_empty_journal(tmp_path: Path) -> None:
    """There is nothing to see, and that is no error."""
    info = JournalFiles(tmp_path).info()

    assert (info.segments, info.end, info.oldest_ns) == ((), 0, 0)
    assert list(JournalFiles(tmp_path).chunks()) == []


def test_a_journal_that_does_not_exist(tmp_path: Path) -> None:
    """A wrong folder is an error, and is not made."""
    with pytest.raises(FileNotFoundError):
        JournalFiles(tmp_path / "journal")
    assert list(tmp_path.iterdir()) == []


def test_the_position_of_a_moment(tmp_path: Path) -> None:
    """That of the first message that was received then or later; the end where there is none."""
    run(_fill(tmp_path, 320))
    files = JournalFiles(tmp_path)

    assert [files.position_at(moment) for moment in (0, 1, 2, 200, 320, 321)] == [0, 0, 1, 199, 319, 320]
