"""Speaks TLS in front of a server on loopback that does not."""

import asyncio
import ssl

from tests.servers.loopback import LoopbackServer

_CHUNK_BYTES = 65_536


class TlsFront(LoopbackServer):
    """Use it as a context manager, in an event loop.

    Args:
        target: The server's port.
        context: With what certificate.
    """

    def __init__(self, target: int, context: ssl.SSLContext) -> None:
        super().__init__(tls=context)
        self._target = target

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://{self.address}"

    async def answer_client(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass on what comes, either way."""
        server, forth = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(_pump(client, forth), _pump(server, back))
        finally:
            forth.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
    sink.close()
