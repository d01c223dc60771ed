"""What small servers on loopback that tests write themselves have in common."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self


class LoopbackServer(ABC):
    """Serves each connection by `answer_client`, which may hang up or be hung up on. A context manager, in a loop.

    Args:
        port: Where it listens; 0 for a free one.
        tls: With what certificate, where it is to speak TLS.
    """

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._wanted_port = port
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Its host and port."""
        port: int = self._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._wanted_port, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):  # either end hung up
                await self.answer_client(client, back)
        finally:
            back.close()

    @abstractmethod
    async def answer_client(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Say what is to be said on one connection."""
