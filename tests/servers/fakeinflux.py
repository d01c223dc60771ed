"""A server that answers writes as no real InfluxDB does on demand; also stands in for 3 and Cloud.

It is faithful to what is documented and measured of the real ones, no more: what it shows is that we act rightly
on such answers, not that a server gives them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import web


class Request(NamedTuple):
    """A write as the server understood it."""

    bucket: str
    org: str | None
    precision: str
    lines: Sequence[str]


class Reply(NamedTuple):
    """What it answers, and which of the lines it stores nevertheless; with status 0 it hangs up instead."""

    status: int = 204
    body: str = ""
    headers: Mapping[str, str] = {}
    keeps: Sequence[str] = ()


Judge = Callable[[Request], Reply]


class FakeInflux:
    """Stores lines where its judge says 204. Use it as a context manager, in an event loop.

    Args:
        judge: What to answer to a write.
        version: What it says it is.

    Attributes:
        judge: May be changed at any time.
        stored: The lines of each bucket, each line once, in the order they came.
        requests: All writes so far.
        busiest: How many writes were under way at the same time, at most.
    """

    def __init__(self, judge: Judge = lambda _: Reply(), *, version: str = "v2.8.0") -> None:
        self.judge = judge
        self.stored: dict[str, dict[str, None]] = {}
        self.requests: list[Request] = []
        self.busiest = 0
        self._busy = 0
        self._version = version

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**30)
        app.router.add_post("/api/v2/write", self._write)
        app.router.add_route("*", "/query", self._query)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Its address as `stores.*.url` takes it."""
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    async def _query(self, _: web.Request) -> web.Response:
        """It holds no types of fields."""
        return web.json_response({"results": [{"statement_id": 0}]}, headers={"X-Influxdb-Version": self._version})

    async def _write(self, came: web.Request) -> web.Response:
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        body = (await came.read()).decode()
        await asyncio.sleep(0.005)  # a server takes a while; what comes at once meets here
        self._busy -= 1
        query = came.query
        request = Request(query.get("bucket", ""), query.get("org"), query.get("precision", ""), body.split("\n"))
        self.requests.append(request)
        reply = self.judge(request)
        kept = request.lines if reply.status == 204 else reply.keeps
        self.stored.setdefault(request.bucket, {}).update(dict.fromkeys(kept))
        if reply.status == 0 and came.transport is not None:
            came.transport.abort()
        headers = {"X-Influxdb-Version": self._version, **reply.headers}
        return web.Response(status=reply.status or 204, text=reply.body or None, headers=headers)
