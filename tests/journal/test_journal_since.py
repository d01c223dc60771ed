"""Since when the journal has messages."""

from pathlib import Path

from ingestor.journal import Journal
from tests.journal.support import messages, write
from tests.support import eventually_async, run


def test_it_tells_since_when_there_are_messages(tmp_path: Path) -> None:
    """No message that can still be read was received before; where there is none, none of those that were deleted."""

    async def main() -> tuple[int, int, int, int]:
        async with Journal(tmp_path, segment_bytes=5000) as journal:
            empty = journal.start_ns
            one = journal.cursor("one", 0, when_full="pause")
            await write(journal, messages(1000, flags=0))
            first = journal.start_ns
            one.release(500)
            await eventually_async(lambda: journal.start > 0)
            return empty, first, journal.start, journal.start_ns

    empty, first, start, start_ns = run(main())

    assert (empty, first) == (0, 1)
    assert start_ns == start + 1
