"""An HTTP proxy on loopback: passes requests on, tunnels TLS, and may want credentials."""

import asyncio
import base64
from urllib.parse import urlsplit

from tests.servers.loopback import LoopbackServer

_CHUNK_BYTES = 65_536


class HttpProxy(LoopbackServer):
    """Use it as a context manager, in an event loop.

    Args:
        user: `name:password` that it wants; None where it lets everybody through.
        refuses: A status that it answers everything with instead.

    Attributes:
        heads: The head of each request, as it came.
    """

    def __init__(self, *, user: str | None = None, refuses: int | None = None) -> None:
        super().__init__()
        self._wanted = base64.b64encode(user.encode()) if user else b""
        self._refuses = refuses
        self.heads: list[bytes] = []

    async def answer_client(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass a request on, or refuse it."""
        head = await client.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        known = f"Proxy-Authorization: Basic {self._wanted.decode()}".encode() in head
        if status := self._refuses or (407 if self._wanted and not known else None):
            back.write(f"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n".encode())
            await back.drain()
            return
        method, target, _ = head.split(b" ", 2)
        place = urlsplit(f"//{target.decode()}" if method == b"CONNECT" else target.decode())
        server, forth = await asyncio.open_connection(place.hostname, place.port)
        try:
            if method == b"CONNECT":
                back.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                forth.write(head)
            await asyncio.gather(_pump(client, forth), _pump(server, back))
        finally:
            forth.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
    sink.write_eof() if sink.can_write_eof() else sink.close()
