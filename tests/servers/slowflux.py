"""A server that answers queries in Flux as no real InfluxDB does on demand: slowly, cut short, compressed, refusing."""

import asyncio
import zlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import web


class Reply(NamedTuple):
    """What it answers: these pieces, one after the other.

    With `garbled` it says that they are compressed, which they are not. With `hangs` no more comes after them, and the
    connection stays open; with `cut` it ends there.
    """

    pieces: Sequence[bytes] = ()
    status: int = 200
    gzip: bool = False
    garbled: bool = False
    hangs: bool = False
    cut: bool = False


class SlowFlux:
    """Use it as a context manager, in an event loop.

    Args:
        reply: What it answers to each query.

    Attributes:
        queries: The bodies of the requests so far, with their headers under `headers`.
        ended: Set as soon as a client has hung up on an answer that hangs.
    """

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.queries: list[dict[str, Any]] = []
        self.ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/v2/query", self._query)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _query(self, request: web.Request) -> web.StreamResponse:
        self.queries.append({**await request.json(), "headers": dict(request.headers), "org": request.query.get("org")})
        reply = self._reply
        response = web.StreamResponse(status=reply.status, headers={"Content-Type": "text/csv; charset=utf-8"})
        packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS) if reply.gzip else None
        if reply.gzip or reply.garbled:
            response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        for piece in reply.pieces:
            await response.write(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) if packer else piece)
        if reply.cut:
            assert request.transport is not None
            request.transport.close()
            return response
        if reply.hangs:
            try:
                await asyncio.Event().wait()
            finally:
                self.ended.set()
        if packer:
            await response.write(packer.flush())
        return response
