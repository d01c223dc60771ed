"""The door for code that is not async: the writer in a thread with an event loop of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sensors import Measurement

if TYPE_CHECKING:
    from ingestor.writer.door import Report, Writer

Result = TypeVar("Result")


class SyncWriter:
    """Writes from code that is not async, also where a loop runs already, as in notebooks. Use it with `with`.

    Several threads may share it.

    Args:
        writer: What does the work, in a thread that lives as long as the `with`.
    """

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event
        self._thread = threading.Thread(target=self._live, name="ingestor-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        try:
            self._call(self._writer.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._call(self._writer.__aexit__(kind, error, trace))
        finally:
            self._stop()

    def write(
        self,
        readings: Measurement | Iterable[Measurement],
        *,
        bucket: str,
        measurement: str | None = None,
        time: datetime | int | None = None,
    ) -> "Report":
        """Return when the readings are stored; everything is as for `Writer.write`."""
        return self._call(self._writer.write(readings, bucket=bucket, measurement=measurement, time=time))

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._end.wait()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # after Ctrl-C; one that is done stays as it is
