"""A journal under random use, crashes and damage, held against a model that is a dictionary."""

import asyncio
import errno
import shutil
import struct
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ingestor.journal import Cursor, Journal
from ingestor.journal.cursor import WhenFull
from ingestor.journal.floor import read_floor
from ingestor.journal.frame import HEADER_BYTES, MAGIC, SEAL
from ingestor.ports import Chunk, LossReason, Lost
from tests.journal.support import FailingDisk, messages, number, overwrite, segment_files
from tests.support import eventually_async

MAX_BYTES: Final = 30_000
WHO: Final[st.SearchStrategy[WhenFull]] = st.sampled_from(["pause", "drop_oldest"])
_POSITIONS = struct.Struct("<QI")


class Frame(NamedTuple):
    """Where a frame or a seal is in an undamaged file, and what positions it holds."""

    at: int
    size: int
    first: int
    end: int
    sealing: bool


def frames(path: Path) -> list[Frame]:
    """All whole frames of an undamaged file, found without the product's code."""
    data, found, at = path.read_bytes(), [], 0
    salt = int(path.stem[-8:], 16)
    while len(data) >= at + HEADER_BYTES and (magic := data[at : at + 4]) in {MAGIC, SEAL}:
        size = HEADER_BYTES + int.from_bytes(data[at + 12 : at + 16], "little")
        checksum = int.from_bytes(data[at + 8 : at + 12], "little")
        if len(data) < at + size or (
            magic == MAGIC and zlib.crc32(data[at + HEADER_BYTES : at + size], salt) != checksum
        ):
            break  # its writing was interrupted, perhaps inside the runway
        first, count = _POSITIONS.unpack_from(data, at + 16)
        found.append(Frame(at, size, first, first + count, magic == SEAL))
        at += size
    return found


class QuickDisk(FailingDisk):
    """A disk that loses nothing without being told to, and therefore need not be synced."""

    def sync(self, file: int) -> None:
        """Fail, or do nothing."""
        del file
        self._fail(self.sync_error)

    def settle(self, path: Path) -> None:
        """Do nothing."""

    def sync_folder(self, folder: Path) -> None:
        """Do nothing."""


class JournalMachine(RuleBasedStateMachine):
    """Appends, reads, releases, restarts and harms a small journal with two cursors of different policy.

    The model: which number stands at which position, and which positions were harmed since. Cursors begin again
    from what they released, as stores do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self.runner = asyncio.Runner()
        self.cursors: dict[WhenFull, Cursor] = {}
        self.placed: dict[int, int] = {}
        self.harmed: set[int] = set()
        self.harmed_files: set[str] = set()
        self.ends: dict[str, int] = {}
        self.released: dict[WhenFull, int] = {"pause": 0, "drop_oldest": 0}
        self.next_number = 0
        self._open()

    def teardown(self) -> None:
        """Read everything to the end, then close."""
        with ExitStack() as opened:
            opened.callback(shutil.rmtree, self.folder)
            opened.callback(self.runner.close)
            if not self.is_open:
                return
            opened.callback(self._close)
            for cursor in self.cursors.values():
                self.runner.run(self._read(cursor, 10_000))

    def _open(self) -> None:
        self.disk = QuickDisk()
        self.journal = Journal(
            self.folder, max_bytes=MAX_BYTES, tail_bytes=8000, group_ms=0, close_secs=0.05, disk=self.disk
        )
        self.runner.run(self.journal.__aenter__())
        self.is_open = True
        known_end = max([read_floor(self.folder).position, *self.ends.values()])
        assert self.journal.end == known_end
        self.cursors = {name: self.journal.cursor(name, at, when_full=name) for name, at in self.released.items()}
        end = self.journal.end
        assert end == max(known_end, *self.released.values())
        self.harmed = {position for position in self.harmed if position < end} | set(range(known_end, end))

    def _close(self) -> None:
        self.is_open = False
        self.runner.run(self.journal.__aexit__(None, None, None))

    def _place(self, start: int, count: int) -> None:
        for position in range(start, start + count):
            self.placed[position] = self.next_number
            self.harmed.discard(position)
            self.next_number += 1

    async def _read(self, cursor: Cursor, count: int) -> None:
        end = min(cursor.position + count, self.journal.end)
        while cursor.position < end and not cursor.at_end:
            position = cursor.position
            found = await cursor.read(max_messages=max(1, end - position), max_bytes=4000)
            assert found.position == position
            if isinstance(found, Chunk):
                expected = [self.placed[at] for at in range(position, found.end)]
                assert [number(message) for message in found.messages] == expected
                assert self.harmed.isdisjoint(range(position, found.end))
            else:
                self._check_lost(cursor, found)

    def _check_lost(self, cursor: Cursor, lost: Lost) -> None:
        assert lost.missing > 0
        gone = range(lost.position, lost.position + lost.missing)
        if lost.why is LossReason.DROPPED:
            assert cursor.name == "drop_oldest"
            assert gone.stop <= self.journal.start
        else:
            assert self.harmed.issuperset(gone)

    @rule(count=st.integers(1, 60), payload_bytes=st.integers(5, 300))
    def append(self, count: int, payload_bytes: int) -> None:
        """Append, and make room by reading where the journal is full."""
        batch = messages(count, start=self.next_number, payload_bytes=payload_bytes)

        async def main() -> None:
            done = self.journal.append(batch)
            slow = self.cursors["pause"]
            while not done.done():
                if self.journal.full:
                    await self._read(slow, 20)
                    slow.release(slow.position)
                await asyncio.sleep(0)

        self._place(self.journal.end, count)
        self.runner.run(main())

    @rule(who=WHO, count=st.integers(1, 80))
    def read(self, who: WhenFull, count: int) -> None:
        """Read on and compare with the model."""
        self.runner.run(self._read(self.cursors[who], count))

    @rule(who=WHO)
    def release(self, who: WhenFull) -> None:
        """Let go of all that was read."""
        self.cursors[who].release(self.cursors[who].position)

    @rule()
    def restart(self) -> None:
        """Close and open again."""
        self._stop()
        self._open()

    def _stop(self) -> None:
        self.released = {name: cursor.released for name, cursor in self.cursors.items()}
        self._close()
        # Where a file ends is taken from its own frames; of one that was harmed it is known from then.
        for path in segment_files(self.folder):
            if path.name not in self.harmed_files:
                self.ends[path.name] = max([int(path.name[:20]), *(frame.end for frame in frames(path))])
        present = {path.name for path in segment_files(self.folder)}
        self.ends = {name: end for name, end in self.ends.items() if name in present}

    @rule(count=st.integers(1, 40), written=st.integers(0, 4000))
    def crash_while_writing(self, count: int, written: int) -> None:
        """Die in the middle of a write: what was acknowledged is there, the rest is there whole or not at all."""
        self.disk.written = written
        self.disk.write_error = self.disk.truncate_error = self.disk.sync_error = errno.EIO
        batch = messages(count, start=self.next_number)

        async def main() -> asyncio.Future[None]:
            done = self.journal.append(batch)
            await eventually_async(lambda: self.disk.failures or self.journal.full)
            return done

        done = self.runner.run(main())
        end = self.journal.end
        self._stop()
        assert done.cancelled()
        self._open()
        self._place(end, self.journal.end - end)

    @rule(which=st.integers(0, 20), at=st.floats(0, 1, exclude_max=True), size=st.integers(1, 600))
    def overwrite_a_page(self, which: int, at: float, size: int) -> None:
        """Overwrite bytes of a closed journal's file: exactly the frames that they belong to are lost."""
        self._stop()
        files = [path for path in segment_files(self.folder) if path.stat().st_size]
        if files and files[which % len(files)].name not in self.harmed_files:
            target = files[which % len(files)]
            self._harm(target, int(at * target.stat().st_size), size)
        self._open()

    def _harm(self, target: Path, at: int, size: int) -> None:
        inside = frames(target)
        old = target.read_bytes()[at : at + size]
        overwrite(target, at, bytes(byte ^ 0xFF for byte in old))
        for frame in inside:
            if frame.at < at + len(old) and at < frame.at + frame.size:
                self.harmed |= set(range(frame.first, frame.end)) if not frame.sealing else set()
        readable = [frame.end for frame in inside if frame.at + HEADER_BYTES <= at or at + len(old) <= frame.at]
        self.harmed_files.add(target.name)
        self.ends[target.name] = max([int(target.name[:20]), *readable])

    @rule(which=st.integers(0, 20))
    def delete_a_file(self, which: int) -> None:
        """Delete a file of a closed journal: exactly its messages are lost."""
        self._stop()
        if files := segment_files(self.folder):
            target = files[which % len(files)]
            self.harmed |= set(range(int(target.name[:20]), self.ends.pop(target.name)))
            target.unlink()
        self._open()
