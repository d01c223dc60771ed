"""Time and waiting of the writer."""

from ingestor.writer.clock import LoopClock
from tests.support import run


def test_by_default_it_is_the_loops_clock() -> None:
    """Without a clock of the test's own, time passes by waiting."""

    async def main() -> float:
        clock = LoopClock()
        began = clock.now()
        await clock.sleep(0.001)
        return clock.now() - began

    assert run(main()) >= 0.0005
