"""A thread with an event loop of its own: how code that is not async calls what is, also where a loop runs already."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Keeps something open in such a thread, which lives as long as the `with`. Several threads may share it.

    Args:
        resource: What is entered and left in the thread.
        name: What the thread is called.
    """

    def __init__(self, resource: AbstractAsyncContextManager[object], *, name: str) -> None:
        self._resource = resource
        self._name = name
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError(f"{self._name} is open already: make another one")
        self._thread = threading.Thread(target=self._live, name=self._name, daemon=True)
        self._thread.start()
        self._ready.wait()
        try:
            self.call(self._resource.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.call(self._resource.__aexit__(kind, error, trace))
        finally:
            self._stop()

    @property
    def is_open(self) -> bool:
        """Whether calls are taken."""
        return self._thread is not None

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the coroutine returns or raises, run in the thread; blocks until then.

        Raises:
            RuntimeError: It is not open.
        """
        if self._thread is None:
            work.close()
            raise RuntimeError(f"{self._name} is not open: use it inside of `with ... as ...:`")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # after Ctrl-C; one that is done stays as it is

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._end.wait()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        self._ready.clear()
