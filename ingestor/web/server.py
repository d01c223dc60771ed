"""The HTTP server: /livez, /readyz, /metrics and /api/status."""

import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from aiohttp import web

from ingestor import config
from ingestor.errors import ListenError
from ingestor.stats import Snapshot
from ingestor.web.metrics import CONTENT_TYPE, Metrics

_log = logging.getLogger(__name__)

_PATHS = ("/livez", "/readyz", "/metrics", "/api/status")
_OPEN_PATHS = frozenset({"/livez", "/readyz"})
_IDLE_SECS = 15.0  # longer than any scrape takes, and short for who opens connections and says nothing
_BODY_BYTES = 1024  # no request of ours has a body
_HEADERS = {
    "Server": "ingestor",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """Answers over HTTP how the service is, from its entering to its leaving.

    Args:
        config: Where to listen, and the token to ask for.
        snapshot: Called once a request, in the event loop; must be quick.

    Raises:
        ListenError: On entering, where the address cannot be listened on.
    """

    def __init__(self, config: config.Web, snapshot: Callable[[], Snapshot]) -> None:
        self._config = config
        self._snapshot = snapshot
        self._metrics = Metrics(snapshot)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port that is listened on; what the system chose where the configuration says 0."""
        return self._port

    async def __aenter__(self) -> Self:
        if self._config.token is None and not _is_loopback(self._config.host):
            _log.warning("web_open_to_network host=%s set=web.token", self._config.host)
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handle_signals=False,
            keepalive_timeout=_IDLE_SECS,
            lingering_time=1.0,
            shutdown_timeout=1.0,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._config.host, self._config.port).start()
        except OSError as error:
            await runner.cleanup()
            where = f"{self._config.host}:{self._config.port}"
            raise ListenError(f"web: cannot listen on {where}: {_reason(error)}; set web.host or web.port") from None
        self._runner = runner
        self._port = runner.addresses[0][1]
        _log.info("web_listens host=%s port=%d", self._config.host, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._guard], client_max_size=_BODY_BYTES)
        application.on_response_prepare.append(_harden)
        handlers = (self._livez, self._readyz, self._show_metrics, self._status)
        for path, handler in zip(_PATHS, handlers, strict=True):
            application.router.add_get(path, handler, allow_head=False)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Lets only those in who know the token, except to what an orchestrator asks for."""
        if request.path in _OPEN_PATHS or self._may_see(request):
            return await _found(handler, request)
        answer = web.json_response({"error": "Authorization: Bearer TOKEN is missing or wrong"}, status=401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def _may_see(self, request: web.Request) -> bool:
        if self._config.token is None:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        expected = self._config.token.get_secret_value().encode()
        # In constant time, or the token could be guessed byte by byte.
        right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected)
        return scheme.lower() == "bearer" and right

    async def _livez(self, _: web.Request) -> web.Response:
        """That this is answered at all is the answer: the event loop turns."""
        return web.json_response({"live": True})

    async def _readyz(self, request: web.Request) -> web.Response:
        snapshot = self._snapshot()
        told: dict[str, object] = {"ready": snapshot.ready}
        if self._may_see(request):
            told["reasons"] = snapshot.reasons
        return web.json_response(told, status=200 if snapshot.ready else 503)

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(self._snapshot().to_json())


async def _found(handler: _Handler, request: web.Request) -> web.StreamResponse:
    """The handler's answer; where there is none for that path, which paths there are."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return web.json_response({"error": f"no such path; there are {', '.join(_PATHS)}"}, status=404)


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: OSError) -> str:
    """The system's words alone; asyncio adds to them, and a failed look-up has none."""
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error.strerror)
