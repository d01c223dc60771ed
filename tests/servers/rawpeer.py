"""An HTTP server on loopback that says exactly the bytes it is told to, also such as no real server would."""

import asyncio
import re
import ssl
import struct
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET

from tests.servers.loopback import LoopbackServer
from tests.support import free_port

RESET = b"<reset>"
"""In place of an answer: the connection is reset after the request was read."""
SILENCE = b"<silence>"
"""In place of an answer: nothing, and the connection stays open."""


class RawPeer(LoopbackServer):
    """Answers every request with the same bytes, and hangs up where they do not say how long they are.

    Use it as a context manager, in an event loop.

    Args:
        answer: Those bytes, or RESET or SILENCE; or a function from the request to them.
        tls: With what certificate, where it is to speak TLS.

    Attributes:
        requests: All requests so far, head and body.
    """

    def __init__(self, answer: bytes | Callable[[bytes], bytes], *, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer if callable(answer) else lambda _: answer
        self._port = free_port()
        super().__init__(port=self._port, tls=tls)
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def answer_client(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Answer each request of a connection."""
        while True:
            head = await client.readuntil(b"\r\n\r\n")
            size = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
            self.requests.append(head + await client.readexactly(int(size[1]) if size else 0))
            said = self._answer(self.requests[-1])
            if said == RESET:
                socket = back.get_extra_info("socket")
                socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))  # what is not sent is given up
                back.transport.abort()
                return
            if said == SILENCE:
                await asyncio.Event().wait()
            back.write(said)
            await back.drain()
            if b"\r\nContent-Length:" not in said and not said.startswith(b"HTTP/1.1 204"):
                return


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
