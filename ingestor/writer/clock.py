"""Time and waiting as the writer needs them."""

import asyncio
from typing import Protocol


class Clock(Protocol):
    """Time and waiting, so that tests need not wait. The running loop has the first, asyncio the second."""

    def now(self) -> float:
        """Monotonic seconds."""

    async def sleep(self, secs: float) -> None:
        """Wait; cancelled when the writer is to stop."""


class LoopClock:
    """The clock of the running loop."""

    def now(self) -> float:
        """Monotonic seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, secs: float) -> None:
        """Wait."""
        await asyncio.sleep(secs)
